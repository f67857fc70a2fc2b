"""Findings of toys with prescribed variances, exact answers and gradients in θ, to test the press."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.declaration import load_text
from reportgen.estimators import ESTIMATORS
from reportgen.findings import Findings, collect
from reportgen.plan import Arm, MeasurementCell, make_plan
from reportgen.store.records import MeasurementRecord
from tests.crafted import IMAGES, crafted_record
from tests.synthetic import training

Array = NDArray[np.float64]
OneNumber = Callable[[MeasurementCell, Arm], float]

FUNCTION = """
experiment: toy
title: A function of one variable
problem: {model: function}
estimators: [score_function, pathwise]
sweep:
  - {problem.function: [quadratic], problem.k: [-1, 0, 1]}
  - {problem.function: [cosine], problem.k: [0.5, 1, 2, 4]}
"""
CONJUGATE = """
experiment: toy
title: Two objectives
problem: {model: conjugate}
objective: [elbo, elbo_analytic_kl]
estimators: [pathwise]
sweep: {problem.scale_factor: [0.25, 0.5, 1, 2, 4]}
"""
RAINFORTH = """
experiment: toy
title: Gradients in both
problem: {model: rainforth, points: 3}
estimators: [pathwise, generative]
measure: {num_samples: [1, 4, 16, 64]}
"""


def rising(cell: MeasurementCell, arm: Arm) -> float:
    """Of pathwise as k², of the score function 1: they cross at k = 1."""
    k = float(cell.setting.get("problem.k", 1.0))
    return max(k * k, 0.01) if arm.label == "pathwise" else 1.0


def toy(
    text: str,
    variances: OneNumber = rising,
    *,
    points: int = 1,
    eta: int = 2,
    exact: Mapping[str, OneNumber] | None = None,
    norms: OneNumber = lambda cell, arm: 1.0,
    p_values: OneNumber = lambda cell, arm: 1.0,
    spread: float = 0.01,
    blocks: tuple[str, ...] = ("mean", "log_scale"),
) -> Findings:
    """Findings of an experiment in which every block of parameters has the same numbers."""
    experiment = load_text(text, "toy.yaml")
    plan = make_plan(experiment, "0" * 64)

    def more(cell: MeasurementCell) -> dict[str, Array]:
        shape = (len(cell.arms), IMAGES, 1 + len(blocks))
        return {
            name: np.array([of(cell, arm) for arm in cell.arms])[:, None, None] * np.ones(shape)
            for name, of in (exact or {}).items()
        }

    records: dict[str, Any] = {cell.key: training(cell) for cell in plan.trainings}
    for cell in plan.measurements:
        made = crafted_record(
            cell,
            variances,
            spread=spread,
            norms=norms,
            p_values=p_values,
            groups=dict.fromkeys(blocks, variances),
            more=more,
        )
        records[cell.key] = slim(made, points, eta)
    return collect(experiment, plan, records)


def slim(record: MeasurementRecord, points: int, eta: int) -> MeasurementRecord:
    """The same for so many data points, of no data set; parameters are those of each estimator."""
    arrays = {
        name: value if name.startswith(("coordinate", "batch")) else value[:, :points]
        for name, value in record.arrays.items()
    }
    arms = tuple(
        replace(arm, parameters=ESTIMATORS[arm.estimator].parameters) if arm.estimator in ESTIMATORS else arm
        for arm in record.arms
    )
    changes: dict[str, Any] = {"images": tuple(range(points)), "dataset": "", "eta": eta, "parameters": eta}
    return replace(record, arrays=arrays, arms=arms, **changes)
