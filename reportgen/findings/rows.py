"""Rows of results.csv, one statistic each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import Estimate, unavailable
from reportgen.findings.statistics.named import STATISTICS, of_arm
from reportgen.plan import MeasurementCell, Plan
from reportgen.store.records import MeasurementRecord

COLUMNS = (
    "experiment", "cell", "dataset", "objective", "estimator", "num_samples", "checkpoint", "group",
    "statistic", "value", "ci_low", "ci_high", "replicates", "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One statistic of one arm in one cell, `estimator` being its label; or of a model (`models.rows`)."""

    experiment: str
    cell: str
    dataset: str
    objective: str
    estimator: str
    num_samples: int
    checkpoint: int
    group: str
    statistic: str
    value: float
    ci_low: float
    ci_high: float
    replicates: int
    status: str
    setting: Mapping[str, Any] = field(compare=False)
    """Swept settings, and ``constant`` where the declaration has constants."""


def swept_columns(experiment: Any) -> tuple[str, ...]:
    """Columns after the fixed ones: the swept settings as declared, then `constant`."""
    constants = ("constant",) if tuple(getattr(experiment.measure, "constants", None) or ()) else ()
    return (*experiment.swept, *constants)


def declared_constant(name: str, setting: Mapping[str, Any]) -> Any:
    """The entry in a swept column, for a row without a constant added to log p."""
    return 0.0 if name == "constant" else setting.get(name, "")


def make_rows(
    experiment: Any, plan: Plan, measured: Mapping[str, MeasurementRecord], causes: Mapping[str, str]
) -> tuple[Row, ...]:
    """Rows in the order of the plan's cells, their arms, the table of statistics, and the groups.

    An arm of a cell without a record has one row, its total variance without a
    value, so that nothing declared is silently missing; `causes` says why,
    “broken: …” for a cell that broke.
    """
    columns = swept_columns(experiment)
    rows: list[Row] = []
    for cell in plan.measurements:
        record = measured.get(cell.key)
        if record is None:
            rows.extend(_broken(experiment, cell, causes.get(cell.key, "broken: not measured"), columns))
            continue
        for index in range(len(record.arms)):
            rows.extend(arm_rows(experiment.experiment, MeasuredArm(record, index), columns))
    return tuple(rows)


def arm_rows(experiment: str, arm: MeasuredArm, columns: tuple[str, ...]) -> Iterator[Row]:
    record, about = arm.record, arm.about
    setting = {name: record.setting.get(name, "") for name in columns if name != "constant"}
    if "constant" in columns:
        setting["constant"] = about.constant
    for statistic, group in _told(arm):
        found = of_arm(statistic, arm, group)
        yield Row(
            experiment, record.key, record.dataset, about.objective, about.label, about.num_samples,
            record.checkpoint, group, statistic, found.value, found.low, found.high,
            found.replicates, found.status, setting,
        )  # fmt: skip


def _told(arm: MeasuredArm) -> Iterator[tuple[str, str]]:
    """(statistic, group) of every row of an arm."""
    default = arm.default
    for name, statistic in STATISTICS.items():
        if default or not statistic.default_only:
            for group in statistic.groups(arm):
                if statistic.present(arm, group):
                    yield name, group


def count_rows(plan: Plan, measured: Mapping[str, MeasurementRecord]) -> int:
    """Number of rows that `make_rows` makes, without making them."""
    records = [(cell, measured.get(cell.key)) for cell in plan.measurements]
    return sum(
        len(cell.arms)
        if record is None
        else sum(sum(1 for _ in _told(MeasuredArm(record, index))) for index in range(len(record.arms)))
        for cell, record in records
    )


def _broken(experiment: Any, cell: MeasurementCell, cause: str, columns: tuple[str, ...]) -> Iterator[Row]:
    missing: Estimate = unavailable(cause)
    for arm in cell.arms:
        setting = {name: cell.setting.get(name, "") for name in columns if name != "constant"}
        if "constant" in columns:
            setting["constant"] = arm.constant
        yield Row(
            experiment.experiment, cell.key, str(cell.problem.get("data", "")), arm.objective, arm.label,
            arm.num_samples, cell.checkpoint, "all", "total_variance", missing.value, missing.low,
            missing.high, 0, missing.status, setting,
        )  # fmt: skip
