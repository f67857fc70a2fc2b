"""Records as JSON and arrays: no pickle, nothing that a text editor cannot show."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any, get_type_hints

from reportgen.store.records import (
    ArmRecord,
    Array,
    BrokenRecord,
    JudgementRecord,
    MeasurementRecord,
    TrainingRecord,
)

Record = MeasurementRecord | TrainingRecord | JudgementRecord | BrokenRecord

KINDS: dict[str, type[Record]] = {
    "measurement": MeasurementRecord,
    "training": TrainingRecord,
    "judgement": JudgementRecord,
    "broken": BrokenRecord,
}

NUMBERS = {name for name, kind in get_type_hints(ArmRecord).items() if kind in (float, float | None)}
"""Fields of an arm that JSON may have as whole numbers, or as text if they are not finite."""


def encode(record: Record) -> tuple[str, dict[str, Any], dict[str, Array]]:
    """Kind, JSON-ready fields, arrays."""
    kind = next(name for name, cls in KINDS.items() if type(record) is cls)
    arrays: dict[str, Array] = {}
    plain: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name == "arrays":
            arrays = value
        elif field.name == "arms":
            plain["arms"] = [{f.name: _plain(getattr(arm, f.name)) for f in fields(arm)} for arm in value]
        else:
            plain[field.name] = _plain(value)
    return kind, plain, arrays


def decode(kind: str, plain: dict[str, Any], arrays: dict[str, Array]) -> Record:
    """The inverse of `encode`; raises KeyError, TypeError or ValueError if the fields do not fit."""
    values = dict(plain)
    if kind == "measurement":
        values["arms"] = tuple(_arm(arm) for arm in values["arms"])
        values["groups"] = tuple(values["groups"])
        values["images"] = tuple(int(i) for i in values["images"])
        values["seconds"] = float(values["seconds"])
        return MeasurementRecord(**values, arrays=arrays)
    if kind == "training":
        values["checkpoints"] = tuple(int(epoch) for epoch in values["checkpoints"])
        values["train_bound"] = tuple(float(bound) for bound in values["train_bound"])
        values["test_bound"] = {epoch: float(bound) for epoch, bound in values["test_bound"].items()}
        values["seconds"] = float(values["seconds"])
        return TrainingRecord(**values)
    if kind == "judgement":
        for name in ("shape", "layers", "curve", "images"):
            values[name] = tuple(int(number) for number in values[name])
        values["seconds"] = float(values["seconds"])
        return JudgementRecord(**values, arrays=arrays)
    if kind == "broken":
        return BrokenRecord(**values)
    raise ValueError(f"unknown kind of record {kind!r}")


def to_json(value: object) -> bytes:
    """Canonical JSON: keys sorted, one line."""
    return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False).encode()


def _arm(values: dict[str, Any]) -> ArmRecord:
    numbers = {name: float(values[name]) for name in NUMBERS & values.keys() if values[name] is not None}
    return ArmRecord(**(values | numbers))


def _plain(value: Any) -> Any:
    """A value for JSON, which has no NaN or infinity: they are written as text and read by float()."""
    if isinstance(value, float) and not math.isfinite(value):
        return repr(float(value))
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
