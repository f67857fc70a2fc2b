"""Rows of results.csv about judged models.

`estimator` is the word ``model``, `objective` what the model was trained on,
`num_samples` the samples of the bound, `replicates` the images, `group` a
stochastic layer or ``all``. A model with several trainings has rows for each
and for the mean over them; in the latter ``train.seed`` is the word ``every``
and `replicates` are the trainings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reportgen.declaration.published import PublishedValue
from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings.models import activity
from reportgen.findings.models.statistics import (
    ACTIVITY,
    BOUND,
    DEVIATION,
    LIKELIHOOD,
    TO_PUBLISHED,
    active_of,
    bound_of,
    deviation_of,
    likelihood_of,
)
from reportgen.findings.models.table import difference_to, last_judged, published_of
from reportgen.findings.models.trainings import Trainings, judged_together
from reportgen.findings.rows import Row, declared_constant
from reportgen.findings.statistics.estimate import Estimate, unavailable
from reportgen.plan import JudgementCell, Plan
from reportgen.store.records import JudgementRecord

MODEL = "model"
EVERY = "every"
"""Takes the place of the seed in rows of means over trainings."""


def model_rows(
    experiment: Any,
    plan: Plan,
    records: Mapping[str, JudgementRecord],
    causes: Mapping[str, str],
    columns: tuple[str, ...],
) -> Iterator[Row]:
    """Rows in the order of the plan's judgements; for one without a record, a single row says why.

    Rows of means over trainings come last. Their cell is that of the first training judged.
    """
    objectives = {cell.key: str(cell.train["objective"]) for cell in plan.trainings}
    last = {cell.key for cell in last_judged(plan)}
    comparable = experiment.published is not None and experiment.published.comparable is None

    def told(cell: JudgementCell, model: Trainings, setting: Mapping[str, Any]) -> Iterator[Row]:
        """All rows of a model, or of one training."""
        objective = str(cell.setting.get("train.objective", objectives[cell.training_key]))
        if not model:
            missing = unavailable(causes.get(cell.key, "broken: it was not judged"))
            k = int(cell.judge["num_samples"])
            yield _row(experiment, cell, objective, k, activity.EVERYTHING, LIKELIHOOD, missing, setting)
            return
        value = published_of(experiment, cell.setting) if comparable and cell.key in last else None
        for k, group, name, found in _numbers(model, value):
            yield _row(experiment, cell, objective, k, group, name, found, setting, model[0].dataset)

    for cell in plan.judgements:
        setting = {name: declared_constant(name, cell.setting) for name in columns}
        yield from told(cell, [records[cell.key]] if cell.key in records else [], setting)
    for cells in judged_together(plan.judgements):
        judged = [cell for cell in cells if cell.key in records]
        if len(judged) > 1:
            setting = {name: declared_constant(name, judged[0].setting) for name in columns}
            model = [records[cell.key] for cell in judged]
            yield from told(judged[0], model, {**setting, TRAINING_SEED: EVERY})


def _numbers(model: Trainings, published: PublishedValue | None) -> Iterator[tuple[int, str, str, Estimate]]:
    """(K, group, statistic, estimate) of every row of a model."""
    first, most = model[0], model[0].num_samples
    yield most, activity.EVERYTHING, LIKELIHOOD, likelihood_of(model)
    if published is not None:
        yield most, activity.EVERYTHING, TO_PUBLISHED, difference_to(published, model)
    if len(model) > 1:
        yield most, activity.EVERYTHING, DEVIATION, deviation_of(model)
    for group in activity.groups(first):
        yield most, group, ACTIVITY, active_of(model, group)
    for k in first.curve:
        yield k, activity.EVERYTHING, BOUND, bound_of(model, k)


def _row(
    experiment: Any,
    cell: JudgementCell,
    objective: str,
    k: int,
    group: str,
    statistic: str,
    found: Estimate,
    setting: Mapping[str, Any],
    dataset: str = "",
) -> Row:
    return Row(
        experiment.experiment, cell.key, dataset or str(cell.problem.get("data", "")), objective, MODEL, k,
        cell.checkpoint, group, statistic, found.value, found.low, found.high, found.replicates,
        found.status, setting,
    )  # fmt: skip
