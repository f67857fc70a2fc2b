"""Cells for tests: measure arms of a toy in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from reportgen.engine import measure
from reportgen.engine.vectors import record, summary
from reportgen.engine.vectors.cost import Cost
from reportgen.engine.vectors.meter import Measured
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.problem import Problem
from reportgen.store.records import MeasurementRecord


def cell(
    arms: list[Arm],
    *,
    precision: float = 0.02,
    budget: float = 2e6,
    min_replicates: int = 2000,
    seed: int = 0,
    reference: str = "pathwise",
) -> MeasurementCell:
    """A measurement cell with these arms; the reference of every objective is `reference`."""
    torch.set_num_threads(1)
    settings = {"precision": precision, "budget": budget, "min_replicates": min_replicates}
    return MeasurementCell(
        key="0" * 32,
        training_key="0" * 32,
        setting={},
        base=True,
        checkpoint=0,
        problem={},
        measure=settings,
        arms=tuple(arms),
        references={arm.objective: reference for arm in arms},
        seed=seed,
    )


def measured(problem: Problem, arms: list[Arm], **settings: Any) -> MeasurementRecord:
    """The record of these arms at the problem's images."""
    images = tuple(range(problem.x.shape[0]))
    return measure(problem, cell(arms, **settings), dataset="toy", images=images)


def moments_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure without the slowest parts, on which no variance, norm or projection depends.

    For a test of many small measurements: no clock, no quantiles over coordinates, no fresh draws
    for the directional ratio (their streams are their own). Those arrays are then NaN.
    """
    monkeypatch.setattr(record, "timed", lambda *_: Cost(0.0, 0.0, 0.0))
    monkeypatch.setattr(summary, "own_arms", lambda _: [])
    monkeypatch.setattr(summary, "directional_ratios", _no_ratios)


def no_quadrature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure without exact values, which for several units take longer than draws; they are then NaN."""
    monkeypatch.setattr(summary, "_exact", lambda *_: {})


def _no_ratios(found: Measured) -> torch.Tensor:
    """NaN for every arm in every bucket of every image, [A I S]."""
    return torch.full((len(found.arms), found.images, found.buckets), torch.nan, dtype=torch.float64)


def arm(objective: str, estimator: str, num_samples: int = 1, constant: float = 0.0) -> Arm:
    """An arm labelled by its estimator."""
    return Arm(objective, estimator, estimator, num_samples, constant)


def position(
    record: MeasurementRecord, objective: str, estimator: str, num_samples: int | None = None
) -> int:
    """Row of an arm in the record's arrays."""
    for i, found in enumerate(record.arms):
        if (found.objective, found.estimator) == (objective, estimator) and num_samples in (
            None,
            found.num_samples,
        ):
            return i
    raise LookupError((objective, estimator, num_samples))


def standard_error(record: MeasurementRecord, name: str, row: int, group: int = 0) -> float:
    """Jackknife standard error of the mean over images of `name` (delete one bucket of one image)."""
    without = record.arrays[f"{name}_without"][row]
    if without.ndim == 3:
        without = without[..., group]
    images, buckets = without.shape
    deviation = without - without.mean(1, keepdims=True)
    return float(np.sqrt((buckets - 1) / buckets * (deviation**2).sum()) / images)
