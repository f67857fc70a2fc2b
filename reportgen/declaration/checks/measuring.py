"""Whether measurements are possible: the budget pays for them, and swept settings have the checkpoints."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen.declaration.complaints import Complaint, Path
from reportgen.declaration.experiment import Experiment

MOST_BUCKETS = 32
"""Most buckets per image in which replicates are kept; each holds at least one."""


def least_budget(experiment: Experiment) -> int:
    """The fewest draws for each image that the checks below let pass."""
    measure, own = experiment.measure, [spec.num_samples for spec in experiment.estimators]
    most = max([*own, *measure.num_samples, 1])
    return max(measure.min_replicates * max([*own, 1]), MOST_BUCKETS * most)


def check_budget(experiment: Experiment) -> Iterator[Complaint]:
    """The budget pays for the fewest replicates."""
    measure = experiment.measure
    if measure.budget < measure.min_replicates:
        text = (
            f"must be at least min_replicates = {measure.min_replicates}, got {measure.budget}. "
            "Raise it, or lower min_replicates."
        )
        yield Complaint(("measure", "budget"), text)


def check_samples(experiment: Experiment) -> Iterator[Complaint]:
    """The budget pays for estimates of several samples too: the fewest declared, and one in each bucket."""
    measure = experiment.measure
    place: Path = ("measure", "budget")
    if measure.budget < measure.min_replicates:
        return
    for spec in experiment.estimators:
        needed = measure.min_replicates * spec.num_samples
        if measure.budget < needed:
            text = (
                f"must be at least min_replicates × num_samples = {needed} for {spec.label}, "
                f"got {measure.budget}. Raise it, or lower min_replicates."
            )
            yield Complaint(place, text)
    most = max([*(spec.num_samples for spec in experiment.estimators), *measure.num_samples, 1])
    if measure.budget < MOST_BUCKETS * most:
        text = (
            f"must be at least {MOST_BUCKETS} × num_samples = {MOST_BUCKETS * most}, got {measure.budget}. "
            "Raise it, or lower num_samples."
        )
        yield Complaint(place, text)


def check_sweep_checkpoints(experiment: Experiment) -> Iterator[Complaint]:
    """Swept settings are measured at checkpoints at which the base setting is."""
    chosen = experiment.measure.sweep_checkpoints
    if isinstance(chosen, str):
        return
    for i, epoch in enumerate(chosen):
        if epoch not in experiment.checkpoints:
            text = (
                f"must be one of train.checkpoints {list(experiment.checkpoints)}, got {epoch}. Choose one."
            )
            yield Complaint(("measure", "sweep_checkpoints", i), text)
