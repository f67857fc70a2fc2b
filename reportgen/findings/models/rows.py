"""Rows of results.csv about judged models.

`estimator` is the word ``model``, `objective` what the model was trained on,
`num_samples` the samples of the bound, `replicates` the images, `group` a
stochastic layer or ``all``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reportgen.findings.estimate import Estimate, unavailable
from reportgen.findings.models import activity
from reportgen.findings.models.statistics import (
    ACTIVITY,
    LIKELIHOOD,
    active_of,
    bound_of,
    likelihood_of,
)
from reportgen.findings.rows import Row, declared_constant
from reportgen.plan import JudgementCell, Plan
from reportgen.store.records import JudgementRecord

MODEL = "model"
BOUND = "bound_k"
"""The k-sample bound, k being `num_samples`."""


def model_rows(
    experiment: Any,
    plan: Plan,
    records: Mapping[str, JudgementRecord],
    causes: Mapping[str, str],
    columns: tuple[str, ...],
) -> Iterator[Row]:
    """Rows in the order of the plan's judgements; of one without a record a single row says why."""
    objectives = {cell.key: str(cell.train["objective"]) for cell in plan.trainings}
    for cell in plan.judgements:
        setting = {name: declared_constant(name, cell.setting) for name in columns}
        objective = str(cell.setting.get("train.objective", objectives[cell.training_key]))
        record = records.get(cell.key)
        if record is None:
            missing = unavailable(causes.get(cell.key, "broken: it was not judged"))
            k = int(cell.judge["num_samples"])
            yield _row(experiment, cell, objective, k, activity.EVERYTHING, LIKELIHOOD, missing, setting)
            continue
        for k, group, name, found in _numbers(record):
            yield _row(experiment, cell, objective, k, group, name, found, setting, record.dataset)


def _numbers(record: JudgementRecord) -> Iterator[tuple[int, str, str, Estimate]]:
    """(K, group, statistic, estimate) of everything told of a model."""
    most = record.num_samples
    yield most, activity.EVERYTHING, LIKELIHOOD, likelihood_of(record)
    for group in activity.groups(record):
        yield most, group, ACTIVITY, active_of(record, group)
    for k in record.curve:
        yield k, activity.EVERYTHING, BOUND, bound_of(record, k)


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
