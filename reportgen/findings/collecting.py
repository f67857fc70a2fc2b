"""Records → findings: each cell's record under the names of this plan, or why it is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reportgen.errors import StoreError
from reportgen.findings.claims.judged import judge_claims
from reportgen.findings.findings import Findings
from reportgen.plan import Cell, JudgementCell, MeasurementCell, Plan, TrainingCell
from reportgen.store.records import BrokenRecord, JudgementRecord, MeasurementRecord, TrainingRecord

UNMADE: dict[type, tuple[str, str]] = {
    TrainingCell: ("training", "it was not trained"),
    JudgementCell: ("judgement", "it was not judged"),
    MeasurementCell: ("measurement", "it was not measured"),
}
"""Type of a cell → what kind it is called, and the cause stated if it has no record at all."""
MADE: dict[type, type] = {
    TrainingCell: TrainingRecord,
    JudgementCell: JudgementRecord,
    MeasurementCell: MeasurementRecord,
}
"""Type of a cell → type of the record it leaves when finished."""


def collect(experiment: Any, plan: Plan, records: Mapping[str, Any]) -> Findings:
    """Findings of an experiment from the records of its plan's cells, by key.

    A cell whose record is missing or a `BrokenRecord` is broken, or not finished
    if that is paused; the claims that need it say so. Raises StoreError for a
    record of another kind, or of other arms.
    """
    broken = tuple(_lost(plan, records))
    measured = {
        cell.key: adopt(found, cell)
        for cell in plan.measurements
        if isinstance(found := records.get(cell.key), MeasurementRecord)
    }
    judged = {
        cell.key: replace(found, setting=dict(cell.setting), base=cell.base, checkpoint=cell.checkpoint)
        for cell in plan.judgements
        if isinstance(found := records.get(cell.key), JudgementRecord)
    }
    causes = {
        record.key: f"{'not finished' if record.paused else 'broken'}: {record.cause}" for record in broken
    }
    trained = [records[c.key] for c in plan.trainings if isinstance(records.get(c.key), TrainingRecord)]
    return Findings(
        experiment=experiment,
        plan=plan,
        trainings=tuple(trained),
        measurements=tuple(measured.values()),
        judgements=tuple(judged.values()),
        broken=broken,
        claims=judge_claims(experiment, plan, {**measured, **judged}, causes),
        _causes=causes,
    )


def _lost(plan: Plan, records: Mapping[str, Any]) -> Iterator[BrokenRecord]:
    """The broken records, including ones made for cells without any record; trainings first."""
    cells: tuple[Cell, ...] = (*plan.trainings, *plan.judgements, *plan.measurements)
    for cell in cells:
        found = records.get(cell.key)
        kind, cause = UNMADE[type(cell)]
        if isinstance(found, BrokenRecord):
            yield found
        elif found is not None and not isinstance(found, MADE[type(cell)]):
            raise StoreError(
                f"cell {cell.key}: needs the record of a {kind}, found a {type(found).__name__}. "
                "Run again with --fresh."
            )
        elif found is None:
            checkpoint = None if isinstance(cell, TrainingCell) else cell.checkpoint
            yield BrokenRecord(cell.key, kind, cell.setting, checkpoint, cause)


def adopt(record: MeasurementRecord, cell: MeasurementCell) -> MeasurementRecord:
    """The record under the names of this plan: experiments share cells, but not labels.

    Raises StoreError if its arms are not those of the cell.
    """
    made = [(arm.objective, arm.estimator, arm.num_samples, arm.constant) for arm in record.arms]
    wanted = [(arm.objective, arm.estimator, arm.num_samples, arm.constant) for arm in cell.arms]
    if made != wanted:
        raise StoreError(
            f"cell {cell.key}: needs the record of its {len(wanted)} arms, "
            f"found one of {len(made)} other arms. Run again with --fresh."
        )
    named = tuple(replace(arm, label=own.label) for arm, own in zip(record.arms, cell.arms, strict=True))
    return replace(record, arms=named, setting=dict(cell.setting), base=cell.base, checkpoint=cell.checkpoint)
