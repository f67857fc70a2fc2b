"""The table of judged models: every one that is declared, with its published number where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reportgen.declaration import Experiment
from reportgen.declaration.dotted import same_value
from reportgen.declaration.published import PublishedValue
from reportgen.findings.estimate import NAN, Estimate, unavailable
from reportgen.findings.models import activity
from reportgen.findings.models.budget import Budget, budget
from reportgen.findings.models.statistics import active_of, likelihood_of
from reportgen.findings.models.verdict import NOT_JUDGED, NOT_RUN, Orderings, orderings, verdict
from reportgen.plan import JudgementCell, Plan, TrainingCell
from reportgen.store.records import BrokenRecord, JudgementRecord


@dataclass(frozen=True)
class JudgedModel:
    """One model, judged where its training ends."""

    setting: Mapping[str, Any]
    """Swept settings, as the plan has them; of a published number without a model, as it is declared."""
    cell: JudgementCell | None
    """None where the declaration trains no such model."""
    training: TrainingCell | None
    record: JudgementRecord | None
    published: PublishedValue | None
    likelihood: Estimate
    """Negative log-likelihood, nats an image."""
    active: tuple[Estimate, ...]
    """Active units of each stochastic layer, the one next to the data first."""
    difference: Estimate
    """Ours minus the published one. The interval is ours: the published number is taken as it stands."""
    verdict: str
    """Empty where nothing is published."""
    orderings: Orderings
    budget: Budget | None
    cause: str
    """Why there is no record; empty where there is one."""
    waiting: bool
    """Whether only time was lacking: the next run goes on."""

    @property
    def objective(self) -> str:
        """What it was trained on, as the declaration says it: an IWAE of one sample is trained as a VAE."""
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
    """Every model at the last checkpoint judged, in the plan's order, then published ones that are not in it.

    `records` and `broken` by the key of their cell.
    """
    trainings = {cell.key: cell for cell in plan.trainings}
    values = experiment.published.values if experiment.published else ()
    found: list[JudgedModel] = []
    for cell in last_judged(plan):
        value = next((value for value in values if _belongs(value, cell.setting)), None)
        found.append(_model(experiment, cell, trainings[cell.training_key], records, broken, value))
    placed = [id(model.published) for model in found]
    found += [_absent(value) for value in values if id(value) not in placed]
    return _with_verdicts(experiment, found)


def last_judged(plan: Plan) -> tuple[JudgementCell, ...]:
    """Of every setting, the cell at the last checkpoint that is judged there."""
    last: dict[str, JudgementCell] = {}
    for cell in plan.judgements:
        place = repr(sorted(cell.setting.items()))
        known = last.get(place)
        if known is None or cell.checkpoint > known.checkpoint:
            last[place] = cell
    return tuple(last.values())


def _belongs(value: PublishedValue, setting: Mapping[str, Any]) -> bool:
    """Whether it is the published one of a setting; one number may stand for a list of one."""
    return all(
        path in setting and (same_value(setting[path], of) or same_value(setting[path], [of]))
        for path, of in value.at.items()
    )


def _model(
    experiment: Experiment,
    cell: JudgementCell,
    training: TrainingCell,
    records: Mapping[str, JudgementRecord],
    broken: Mapping[str, BrokenRecord],
    value: PublishedValue | None,
) -> JudgedModel:
    record = records.get(cell.key)
    lost = broken.get(training.key) or broken.get(cell.key)
    cause = "" if record is not None else (lost.cause if lost else "it was not judged")
    nll = likelihood_of(record) if record is not None else unavailable(cause)
    active = (
        tuple(active_of(record, group) for group in activity.groups(record)[:-1])
        if record is not None
        else ()
    )
    published = experiment.published
    return JudgedModel(
        setting=cell.setting,
        cell=cell,
        training=training,
        record=record,
        published=value,
        likelihood=nll,
        active=active,
        difference=unavailable(cause) if value is None else _minus(nll, value.nll),
        verdict="",
        orderings=Orderings(),
        budget=budget(training, cell.checkpoint, published.epochs if published else None),
        cause=cause,
        waiting=record is None and lost is not None and lost.paused,
    )


def _absent(value: PublishedValue) -> JudgedModel:
    cause = "the declaration trains no such model"
    return JudgedModel(
        setting=value.at,
        cell=None,
        training=None,
        record=None,
        published=value,
        likelihood=unavailable(cause),
        active=(),
        difference=unavailable(cause),
        verdict="",
        orderings=Orderings(),
        budget=None,
        cause=cause,
        waiting=False,
    )


def _minus(estimate: Estimate, number: float) -> Estimate:
    if not estimate.available:
        return estimate
    low, high = (estimate.low - number, estimate.high - number) if estimate.has_interval else (NAN, NAN)
    return replace(estimate, value=estimate.value - number, low=low, high=high)


def _with_verdicts(experiment: Experiment, models: Sequence[JudgedModel]) -> tuple[JudgedModel, ...]:
    if experiment.published is None:
        return tuple(models)
    told = orderings(
        [model.record for model in models],
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
    if model.record is None:
        return NOT_RUN
    if experiment.published.comparable is not None:
        return NOT_JUDGED
    return verdict(model.difference, experiment.published.within, of)
