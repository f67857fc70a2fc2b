"""Whether models can be trained as declared, and judged and compared afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen.declaration.complaints import Complaint, Path, suggestion
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.problems import Problem
from reportgen.declaration.train import TRAINING_SEED, Train
from reportgen.distributions import DISTRIBUTIONS


def check_checkpoints(experiment: Experiment) -> Iterator[Complaint]:
    """Checkpoints lie within the training."""
    yield from beyond(experiment.train)


def beyond(train: Train) -> Iterator[Complaint]:
    """Checkpoints that the training does not reach."""
    for i, epoch in enumerate(train.checkpoints):
        if epoch > train.epochs:
            text = f"must be at most train.epochs = {train.epochs}, got {epoch}. Train longer, or remove it."
            yield Complaint(("train", "checkpoints", i), text)


def check_training(experiment: Experiment) -> Iterator[Complaint]:
    """The model can be trained as `train` and every section `after` in it say."""
    if not experiment.problem.trained:
        return
    place: Path = ("train",)
    section: Train | None = experiment.train
    while section is not None:
        yield from untrainable(experiment.problem, section, place)
        place = (*place, "after")
        if section.after is not None:
            yield from (
                Complaint((*place, *c.path[1:]), c.text.replace("train.", "train.after."))
                for c in beyond(section.after)
            )
        section = section.after


def untrainable(problem: Problem, train: Train, place: Path) -> Iterator[Complaint]:
    """Settings with which this model cannot be trained."""
    if train.objective not in problem.objectives:
        known = suggestion(train.objective, problem.objectives)
        yield Complaint((*place, "objective"), f"{problem.model} has no {train.objective}. {known}")
    elif not DISTRIBUTIONS[problem.distribution].reparameterizable:
        if train.objective == "iwae":
            text = f"{problem.model} has samples that cannot be differentiated, so not iwae."
            yield Complaint((*place, "objective"), f"{text} Use elbo.")
        if train.num_samples > 1:
            text = f"{problem.model} is trained with samples of its own number, got {train.num_samples}."
            yield Complaint((*place, "num_samples"), f"{text} Remove it.")


def check_judge(experiment: Experiment) -> Iterator[Complaint]:
    """Only trained models of images are judged, and at checkpoints, where their parameters are kept."""
    judge = experiment.judge
    if judge is None:
        if experiment.published is not None:
            text = "holds judged models against published ones, and there is no judge. Add `judge: {}`."
            yield Complaint(("published",), text)
        return
    problem = experiment.problem
    if not problem.judged:
        yield Complaint(("judge",), f"{problem.model} is not judged: it gives no images. Remove the section.")
        return
    for i, k in enumerate(judge.curve):
        if k >= judge.num_samples:
            text = f"must be fewer than judge.num_samples = {judge.num_samples}, got {k}. Remove it."
            yield Complaint(("judge", "curve", i), text)
    if not isinstance(judge.checkpoints, str):
        for i, epoch in enumerate(judge.checkpoints):
            if epoch not in experiment.checkpoints:
                known = list(experiment.checkpoints)
                text = f"must be one of train.checkpoints {known}, got {epoch}. Choose one."
                yield Complaint(("judge", "checkpoints", i), text)


def check_comparable(experiment: Experiment) -> Iterator[Complaint]:
    """With a data set that must not be compared with published numbers, `published` says why not."""
    from reportgen.datasets import DATASETS

    source = DATASETS.get(experiment.problem.dataset or "")
    published = experiment.published
    if published is None or published.comparable is not None or source is None or not source.caution:
        return
    text = (
        f"needs comparable, the reason why numbers on {source.name} must not be held against published ones. "
        "Add it, or use another data set."
    )
    yield Complaint(("published",), text)


def check_published(experiment: Experiment) -> Iterator[Complaint]:
    """Published values belong to settings that are swept, one to each."""
    if experiment.published is None:
        return
    values = experiment.published.values
    for i, value in enumerate(values):
        place: Path = ("published", "values", i)
        for path in value.at:
            if path == TRAINING_SEED:
                text = "tells trainings apart, not models, and the mean over them is compared. Remove it."
                yield Complaint((*place, "at", path), text)
            elif path not in experiment.swept:
                known = suggestion(path, list(experiment.swept))
                yield Complaint((*place, "at", path), f"is not swept, so it tells no model apart. {known}")
        twin = next((j for j in range(i) if values[j].at == value.at), None)
        wider = next((j for j, other in enumerate(values) if j != i and other.belongs(value.at)), None)
        if twin is not None:
            yield Complaint((*place, "at"), f"are the settings of published.values[{twin}] too. Remove one.")
        elif wider is not None and values[wider].at != value.at:
            text = f"are of a model that published.values[{wider}] is of too. Name more settings there."
            yield Complaint((*place, "at"), text)
