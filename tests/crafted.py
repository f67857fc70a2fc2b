"""A small declared experiment whose records are written by hand, so that verdicts can be dictated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from reportgen.declaration import Experiment, load_text
from reportgen.findings import Findings, collect
from reportgen.plan import Arm, MeasurementCell, make_plan
from reportgen.store.records import T_STEPS, BrokenRecord, MeasurementRecord, TrainingRecord
from tests.toy_records import arm_record, record

IMAGES, BUCKETS = 3, 4
DECLARATION = """
experiment: crafted
title: Written by hand
problem: {data: digits, hidden: [4], latent: 2}
objective: [reconstruction, elbo]
estimators:
  - score_function
  - {name: score_function, baseline: optimal_constant, label: with baseline}
  - pathwise
train: {epochs: 5, checkpoints: [0, 1, 5]}
measure: {images: 3, min_replicates: 100, num_samples: [1, 2, 4], constants: [-50, 0, 50]}
sweep: {problem.latent: [2, 3]}
claims:
"""

Number = Callable[[MeasurementCell, Arm], float]
Arrays = dict[str, np.ndarray[Any, np.dtype[np.float64]]]


def experiment(*tests: str | tuple[str, str], sweep: str = "{problem.latent: [2, 3]}") -> Experiment:
    """The declaration with these claims: a test, or a test and the verdict expected."""
    lines = []
    for i, test in enumerate(tests):
        text, expect = (test, "confirmed") if isinstance(test, str) else test
        lines.append(f"  - {{id: c{i}, statement: number {i}, test: '{text}', expect: {expect}}}\n")
    declared = DECLARATION.replace("{problem.latent: [2, 3]}", sweep)
    body = declared + "".join(lines) if lines else declared.replace("claims:\n", "")
    return load_text(body, "crafted.yaml")


def variance(cell: MeasurementCell, arm: Arm) -> float:
    """Total variances 100, 4 and 1, divided by K; a constant changes that of the score function."""
    base = {"score_function": 100.0, "with baseline": 4.0, "pathwise": 1.0}[arm.label]
    moved = 1.0 + abs(arm.constant) / 100.0 if arm.label == "score_function" else 1.0
    return base * moved / arm.num_samples


def one(cell: MeasurementCell, arm: Arm) -> float:
    """A variance of 1 everywhere."""
    return 1.0


def crafted_record(
    cell: MeasurementCell,
    variances: Number = variance,
    projections: Number = one,
    p_values: Number = one,
    spread: float = 0.01,
    changes: Mapping[str, Any] | None = None,
    spoilt: Callable[[Arm], bool] = lambda arm: False,
    norms: Number = one,
    groups: Mapping[str, Number] | None = None,
    more: Callable[[MeasurementCell], Arrays] = lambda cell: {},
) -> MeasurementRecord:
    """A record with these numbers, the same in every image; leave-outs scatter by `spread`, relative.

    Arms that `spoilt` picks are broken. `groups` are parameter groups and
    their variances, `norms` squared norms of all of them, `more` further arrays.
    """
    by_group = {"all": variances, **(groups or {})}
    shape = (len(cell.arms), IMAGES)
    pattern = np.random.default_rng(5).normal(size=(*shape, BUCKETS))
    pattern -= pattern.mean(-1, keepdims=True)
    arrays: Arrays = {}

    def put(name: str, of: Number) -> None:
        value = np.array([of(cell, arm) for arm in cell.arms])[:, None] * np.ones(shape)
        arrays[name] = value
        arrays[f"{name}_without"] = value[..., None] * (1.0 + spread * pattern)

    def put_groups(name: str, numbers: Iterable[Number]) -> None:
        columns = []
        for of in numbers:
            put(name, of)
            columns.append((arrays[name], arrays[f"{name}_without"]))
        arrays[name], arrays[f"{name}_without"] = (np.stack(c, -1) for c in zip(*columns, strict=True))

    put_groups("variance", by_group.values())
    put_groups("squared_norm", [norms] * len(by_group))
    put("projection", projections)
    put("directional_ratio", one)
    arrays["bias_statistic"] = np.full(shape, 3.0)
    arrays["bias_p_value"] = np.array([p_values(cell, arm) for arm in cell.arms])[:, None] * np.ones(shape)
    arrays["detectable_bias"] = np.full(shape, 0.05)
    arrays["image_squared_norm_raw"] = np.ones(shape) * [1.0, 2.0, 3.0]
    arrays["image_dot"] = np.ones(shape)
    arrays["batch_squared_norm"] = arrays["batch_squared_norm_raw"] = np.ones(shape[0])
    arrays["batch_squared_norm_without"] = 1.0 + spread * pattern[:, 0]
    arrays["coordinate_lower"] = np.tile([[70.0], [20.0]], (shape[0], 1, len(T_STEPS)))
    arrays["coordinate_lower"][:, :, 0] = [75.0, 25.0]  # ten that are not certain
    arrays["coordinate_quantiles"] = np.ones((shape[0], len(by_group), 7))
    arrays["coordinate_quantiles_without"] = np.ones((shape[0], BUCKETS, len(by_group), 7))
    arrays["coordinate_histogram"] = np.zeros((shape[0], 320))
    arrays["coordinate_count"] = np.full(len(by_group), 7.0)
    arrays["coordinate_dead"] = np.full(len(by_group), 2.0)
    arrays |= more(cell)
    arms = []
    for arm in cell.arms:
        fields: dict[str, Any] = {"label": "label of another experiment"}
        fields |= {"estimator": arm.estimator, "objective": arm.objective}
        fields |= {"num_samples": arm.num_samples, "constant": arm.constant, **(changes or {})}
        fields |= {"status": "broken", "cause": "too large"} if spoilt(arm) else {}
        fields["backward"] = float(arm.num_samples) if arm.estimator == "pathwise" else 0.0
        arms.append(arm_record(**fields, forward=float(arm.num_samples), reference=_is_reference(cell, arm)))
    return record(
        arms, arrays, key=cell.key, training_key=cell.training_key, setting=cell.setting, base=cell.base,
        checkpoint=cell.checkpoint, dataset="digits", groups=tuple(by_group),
    )  # fmt: skip


def _is_reference(cell: MeasurementCell, arm: Arm) -> bool:
    own = [a for a in cell.arms if a.objective == arm.objective]
    return arm == next((a for a in own if a.label == "pathwise"), own[0])


def crafted(
    declared: Experiment, *, broken: Callable[[MeasurementCell], bool] | None = None, **numbers: Any
) -> Findings:
    """Findings of the experiment on such records; cells that `broken` picks have none."""
    plan = make_plan(declared, "0" * 64)
    records: dict[str, Any] = {}
    for cell in plan.trainings:
        records[cell.key] = TrainingRecord(
            cell.key, cell.setting, "digits", (0, 1, 5), (-30.0,) * 5, {"0": -40.0}, {"encoder": 7}, 1.0, {}
        )
    for target in plan.measurements:
        if broken is not None and broken(target):
            records[target.key] = BrokenRecord(
                target.key, "measurement", target.setting, target.checkpoint, "the loss became inf"
            )
        else:
            records[target.key] = crafted_record(target, **numbers)
    return collect(declared, plan, records)
