"""The table of judged models: every model declared, with its published number if there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportgen.declaration import Experiment
from reportgen.declaration.published import PublishedValue
from reportgen.findings.models import activity
from reportgen.findings.models.budget import Budget, budget
from reportgen.findings.models.statistics import TO_PUBLISHED, active_of, deviation_of, likelihood_of
from reportgen.findings.models.trainings import Trainings, judged_together
from reportgen.findings.models.verdict import NOT_JUDGED, NOT_RUN, Orderings, orderings, verdict
from reportgen.findings.statistics.estimate import NAN, Estimate, unavailable
from reportgen.findings.statistics.source import OfModels
from reportgen.plan import JudgementCell, Plan, TrainingCell, model_of
from reportgen.store.records import BrokenRecord, JudgementRecord


@dataclass(frozen=True)
class JudgedModel:
    """One model, judged where its training ends."""

    setting: Mapping[str, Any]
    """Swept settings as in the plan, except the training's seed; for a published number without a model, as
    declared."""
    cells: tuple[JudgementCell, ...]
    """One per training; empty if the declaration trains no such model."""
    training: TrainingCell | None
    """The first training."""
    records: tuple[JudgementRecord, ...]
    """Records of the trainings that were judged."""
    published: PublishedValue | None
    likelihood: Estimate
    """Negative log-likelihood, nats per image."""
    spread: Estimate
    """Its standard deviation between trainings; not available for a single one."""
    active: tuple[Estimate, ...]
    """Active units of each stochastic layer, beginning next to the data."""
    difference: Estimate
    """Ours minus the published one, with our interval: the published number is taken as it stands."""
    verdict: str
    """A word of `VERDICTS`; empty if nothing is published."""
    orderings: Orderings
    budget: Budget | None
    cause: str
    """Why a training has no record; empty if all have one."""
    waiting: bool
    """Whether missing records lack only time, so that the next run continues."""
    broken: bool
    """Whether a training or its judgement broke."""

    @property
    def cell(self) -> JudgementCell | None:
        """The cell of the first training."""
        return self.cells[0] if self.cells else None

    @property
    def record(self) -> JudgementRecord | None:
        """The record of the first training judged, which is the one shown where only one can be."""
        return self.records[0] if self.records else None

    @property
    def objective(self) -> str:
        """The objective as declared, also for an IWAE of one sample, which is trained as a VAE."""
        own = "" if self.training is None else str(self.training.train["objective"])
        return str(self.setting.get("train.objective", own))

    @property
    def num_samples(self) -> int:
        """k of its training."""
        return 0 if self.training is None else int(self.training.train["num_samples"])


def judged_models(
    experiment: Experiment,
    plan: Plan,
    records: Mapping[str, JudgementRecord],
    broken: Mapping[str, BrokenRecord],
) -> tuple[JudgedModel, ...]:
    """Every model at its last judged checkpoint, in the plan's order, then published ones not in the plan.

    `records` and `broken` are by the key of their cell.
    """
    trainings = {cell.key: cell for cell in plan.trainings}
    values = experiment.published.values if experiment.published else ()
    found: list[JudgedModel] = []
    for cells in judged_together(last_judged(plan)):
        value = published_of(experiment, cells[0].setting)
        found.append(_model(experiment, cells, trainings, records, broken, value))
    placed = [id(model.published) for model in found]
    found += [_absent(value) for value in values if id(value) not in placed]
    return _with_verdicts(experiment, found)


def last_judged(plan: Plan) -> tuple[JudgementCell, ...]:
    """For every setting, the cell at its last judged checkpoint."""
    last: dict[str, JudgementCell] = {}
    for cell in plan.judgements:
        place = repr(sorted(cell.setting.items()))
        known = last.get(place)
        if known is None or cell.checkpoint > known.checkpoint:
            last[place] = cell
    return tuple(last.values())


def published_of(experiment: Experiment, setting: Mapping[str, Any]) -> PublishedValue | None:
    """The published number of a setting, if there is one."""
    values = experiment.published.values if experiment.published else ()
    return next((value for value in values if value.belongs(setting)), None)


def _model(
    experiment: Experiment,
    cells: tuple[JudgementCell, ...],
    trainings: Mapping[str, TrainingCell],
    records: Mapping[str, JudgementRecord],
    broken: Mapping[str, BrokenRecord],
    value: PublishedValue | None,
) -> JudgedModel:
    made = tuple(records[cell.key] for cell in cells if cell.key in records)
    missing = [cell for cell in cells if cell.key not in records]
    lost = [broken.get(cell.training_key) or broken.get(cell.key) for cell in missing]
    cause = next((one.cause for one in lost if one), "it was not judged") if missing else ""
    nll = likelihood_of(made) if made else unavailable(cause)
    groups = activity.groups(made[0])[:-1] if made else ()
    published, training = experiment.published, trainings[cells[0].training_key]
    return JudgedModel(
        setting=model_of(cells[0].setting),
        cells=cells,
        training=training,
        records=made,
        published=value,
        likelihood=nll,
        spread=deviation_of(made) if made else unavailable(cause),
        active=tuple(active_of(made, group) for group in groups),
        difference=unavailable(cause) if value is None else difference_to(value, made, cause),
        verdict="",
        orderings=Orderings(),
        budget=budget(training, cells[0].checkpoint, published.epochs if published else None),
        cause=cause,
        waiting=bool(missing) and all(one is not None and one.paused for one in lost),
        broken=any(one is not None and not one.paused for one in lost),
    )


def _absent(value: PublishedValue) -> JudgedModel:
    cause = "the declaration trains no such model"
    return JudgedModel(
        setting=value.at,
        cells=(),
        training=None,
        records=(),
        published=value,
        likelihood=unavailable(cause),
        spread=unavailable(cause),
        active=(),
        difference=unavailable(cause),
        verdict="",
        orderings=Orderings(),
        budget=None,
        cause=cause,
        waiting=False,
        broken=False,
    )


def difference_to(value: PublishedValue, model: Trainings, cause: str = "") -> Estimate:
    """The negative log-likelihood of a model minus the published one, which is taken as it stands."""
    if not model:
        return unavailable(cause)
    source = OfModels(TO_PUBLISHED, activity.EVERYTHING, tuple(model))
    return replace(_minus(likelihood_of(model), value.nll), source=source)


def _minus(estimate: Estimate, number: float) -> Estimate:
    if not estimate.available:
        return estimate
    low, high = (estimate.low - number, estimate.high - number) if estimate.has_interval else (NAN, NAN)
    return replace(estimate, value=estimate.value - number, low=low, high=high)


def _with_verdicts(experiment: Experiment, models: Sequence[JudgedModel]) -> tuple[JudgedModel, ...]:
    if experiment.published is None:
        return tuple(models)
    told = orderings(
        [model.records for model in models],
        [None if model.published is None else model.published.nll for model in models],
    )
    return tuple(
        replace(model, verdict=_word(experiment, model, of), orderings=of)
        for model, of in zip(models, told, strict=True)
    )


def _word(experiment: Experiment, model: JudgedModel, of: Orderings) -> str:
    assert experiment.published is not None
    if model.published is None:
        return ""
    if not model.records:
        return NOT_RUN
    if experiment.published.comparable is not None:
        return NOT_JUDGED
    return verdict(model.difference, experiment.published.within, of)
