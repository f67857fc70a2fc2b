"""The part of a record that one route of the engine fills, and how parts are joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.engine.arrays import Array
from reportgen.engine.replicates import Replicates
from reportgen.plan import Arm
from reportgen.store.records import ArmRecord
from reportgen.store.shapes import COUNTED, OF_FIRST_LAYER


@dataclass(frozen=True)
class Part:
    """The arms of one route in their order, and their rows of the record's arrays."""

    arms: tuple[ArmRecord, ...]
    arrays: dict[str, Array]
    drawn: int
    """Draws per data point."""
    latent: int
    eta: int
    """m, the length of η; 0 if gradients are measured layer by layer."""
    parameters: int
    """Number of coordinates of φ."""
    first_layer: str = ""
    """The group of φ whose inputs are the images themselves; empty if there is none."""
    units: int = 0
    """Number of outputs of that layer."""


def arm_record(
    arm: Arm, found: Replicates[Any], *, latent: int, precision: float, reference: bool, seconds: float
) -> ArmRecord:
    """What a record says about one arm besides its rows; `seconds` per replicate of one data point."""
    estimator = found.estimator
    status = "met" if found.half_width <= precision else "budget"
    if found.cause:
        status = "broken"
    elif status == "budget" and estimator.control:
        status = "control"
    return ArmRecord(
        objective=arm.objective,
        estimator=arm.estimator,
        label=arm.label,
        num_samples=arm.num_samples,
        constant=arm.constant,
        antithetic=arm.antithetic,
        temperature=found.temperature,
        parameters=found.space,
        status=status,
        cause=found.cause,
        replicates=found.replicates,
        relative_half_width=found.half_width,
        forward=float(estimator.forward_passes(arm.num_samples, latent)),
        backward=float(estimator.backward_passes(arm.num_samples)),
        seconds_per_replicate=seconds,
        reference=reference,
        differences=0 if arm.constant else found.differences,
    )


def joined(arms: tuple[Arm, ...], parts: list[tuple[tuple[Arm, ...], Part]]) -> Part:
    """Join the parts of several routes, with `arms` in the order of the cell."""
    if len(parts) == 1:
        return parts[0][1]
    places = {arm: (part, i) for own, part in parts for i, arm in enumerate(own)}
    rows = [places[arm] for arm in arms]
    arrays: dict[str, Array] = {}
    for name in dict.fromkeys(name for _, part in parts for name in part.arrays):
        having = [part.arrays[name] for _, part in parts if name in part.arrays]
        if name in OF_FIRST_LAYER and not OF_FIRST_LAYER[name].startswith("A"):
            arrays[name] = having[0]
            continue
        if name in COUNTED:
            arrays[name] = np.sum(having, 0)
            arrays[name][0] = having[0][0]  # ``all`` counts φ if it is measured
            continue
        missing = np.full(having[0].shape[1:], np.nan)
        arrays[name] = np.stack(
            [part.arrays[name][i] if name in part.arrays else missing for part, i in rows]
        )
    first = parts[0][1]
    drawn = max(part.drawn for _, part in parts)
    records = tuple(part.arms[i] for part, i in rows)
    seen = next((part for _, part in parts if part.first_layer), first)
    sizes = (first.latent, first.eta, first.parameters)
    return Part(records, arrays, drawn, *sizes, seen.first_layer, seen.units)
