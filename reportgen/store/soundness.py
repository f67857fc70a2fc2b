"""Whether a record is one that a run can have left: its types, its shapes, and counts that agree.

A checksum says that bytes are as they were written, not who wrote them. After
these checks the press can rely on everything that it looks up being there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np

from reportgen.store.encoding import Record
from reportgen.store.records import (
    ArmRecord,
    Array,
    BrokenRecord,
    JudgementRecord,
    MeasurementRecord,
    TrainingRecord,
)
from reportgen.store.shapes import COUNTED, EXACT, FIXED, JUDGED, MEASURED, OF_FIRST_LAYER, SELDOM

KNOWN = ("variance", "variance_without", "squared_norm", "squared_norm_without")
"""Arrays that are not NaN in the group ``all`` for arms that did not break."""
STATUSES = ("met", "budget", "control", "broken")

KINDS: dict[type, dict[str, Any]] = {
    cls: {field.name: get_type_hints(cls)[field.name] for field in fields(cls)}
    for cls in (ArmRecord, BrokenRecord, JudgementRecord, MeasurementRecord, TrainingRecord)
}
"""The types of every record's fields."""


def require_sound(record: Record) -> None:
    """Raises ValueError, which says what is wrong, if no run can have left this record."""
    _require_types(record)
    if isinstance(record, MeasurementRecord):
        _require_measurement(record)
    elif isinstance(record, JudgementRecord):
        _require_judgement(record)
    elif isinstance(record, TrainingRecord):
        _require_training(record)


def _require_measurement(record: MeasurementRecord) -> None:
    _require(record.groups[:1] == ("all",), "groups do not begin with all")
    _require(len(set(record.groups)) == len(record.groups), "groups name one twice")
    _require(record.first_layer in ("", *record.groups[1:]), "first_layer is none of its groups")
    for arm in record.arms:
        _require_types(arm)
        _require(arm.status in STATUSES, f"{arm.label} has the status {arm.status!r}")
        _require(arm.num_samples >= 1, f"{arm.label} has no samples")
        _require(arm.parameters in ("phi", "theta"), f"{arm.label} is of the parameters {arm.parameters!r}")
    arrays = record.arrays
    wanted = MEASURED | COUNTED | {name: axes for name, axes in SELDOM.items() if name in arrays}
    wanted |= EXACT if EXACT.keys() & arrays.keys() else {}
    wanted |= OF_FIRST_LAYER if record.first_layer else {}
    sizes = {
        "A": len(record.arms),
        "I": len(record.images),
        "G": len(record.groups),
        **FIXED,
    }
    found = _require_shapes(arrays, wanted, sizes)
    sound = [arm.status != "broken" for arm in record.arms]
    for name in KNOWN:
        _require(not np.isnan(arrays[name][sound][..., 0]).any(), f"{name} of all groups is no number")
    _require(_whole(arrays["coordinate_count"]), "coordinate_count has what is no count")
    _require(_whole(arrays["coordinate_dead"], arrays["coordinate_count"] + 1), "coordinate_dead is no part")
    if record.first_layer:
        height, width, units = found["H"], found["W"], record.units
        _require(_whole(arrays["units"], units), "units are none of the layer's")
        within = np.array([len(record.images), units, height, width])
        _require(_whole(arrays["weight"], within), "weight is none of the layer's")
        drawn = ~np.isnan(arrays["weight_counts"]).any(1)
        _require(_whole(arrays["weight_counts"][drawn]), "weight_counts has what is no count")
        for name in ("weight_mean", "weight_variance", "weight_drawn", "unit_pixels"):
            _require(bool(np.isfinite(arrays[name][drawn]).all()), f"{name} is no number where counts are")
        _require(
            bool((arrays["weight_variance"][drawn] > 0.0).all()), "weight_variance is 0 where counts are"
        )


def _require_judgement(record: JudgementRecord) -> None:
    height, width = record.shape
    _require(_ascending(record.curve) and record.curve[0] >= 1, "curve does not rise from 1 or more")
    _require(record.curve[-1] == record.num_samples, "curve does not end with num_samples")
    sizes = {
        "I": len(record.images),
        "C": len(record.curve),
        "U": sum(record.layers),
        "p": height * width,
    }
    _require_shapes(record.arrays, JUDGED, sizes)
    _require(not np.isnan(record.arrays["bounds"]).any(), "bounds are no numbers")
    _require(bool(np.isfinite(record.arrays["unit_variance"]).all()), "unit_variance is no number")


def _require_training(record: TrainingRecord) -> None:
    _require(_ascending(record.checkpoints), "checkpoints do not rise")
    _require(len(record.train_bound) >= record.checkpoints[-1], "train_bound ends before the checkpoints")
    reached = {str(epoch) for epoch in record.checkpoints}
    _require(set(record.test_bound) == reached, "test_bound is of other epochs")


def _require_shapes(
    arrays: Mapping[str, Array], wanted: Mapping[str, str], sizes: Mapping[str, int]
) -> dict[str, int]:
    """Checks shapes; returns the size of every axis: that in `sizes`, else that in the first array."""
    known = dict(sizes)
    for name, axes in wanted.items():
        _require(name in arrays, f"{name} is missing")
        names, shape = axes.split(), arrays[name].shape
        fits = len(names) == len(shape) and all(
            size == (int(axis) if axis.isdigit() else known.setdefault(axis, size))
            for axis, size in zip(names, shape, strict=True)
        )
        _require(fits, f"{name} has the shape {shape}, which is not [{axes}] of the rest")
    return known


def _require_types(record: Record | ArmRecord) -> None:
    for name, kind in KINDS[type(record)].items():
        _require(_is(getattr(record, name), kind), f"{name} is of another kind")


def _is(value: Any, kind: Any) -> bool:
    """Whether a value is of an annotated type; whole numbers are counts, so not negative."""
    origin, inside = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin is UnionType:
        return any(_is(value, one) for one in inside)
    if origin is dict:
        return isinstance(value, dict) and all(_is(one, inside[1]) for one in value.values())
    if origin is tuple:
        kinds = inside[:1] * len(value) if inside[-1] is Ellipsis else inside
        return len(value) == len(kinds) and all(map(_is, value, kinds))
    if origin is np.ndarray:
        return isinstance(value, np.ndarray) and value.dtype == np.float64
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, NoneType if kind is None else kind)


def _whole(values: Array, below: Array | int | None = None) -> bool:
    """Whether all are whole numbers from 0, less than `below`."""
    sound = np.isfinite(values) & (values >= 0.0) & (values == np.floor(values))
    return bool(sound.all()) and (below is None or bool((values < below).all()))


def _ascending(values: tuple[int, ...]) -> bool:
    return len(values) > 0 and all(low < high for low, high in pairwise(values))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
