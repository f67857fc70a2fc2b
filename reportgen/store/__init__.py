"""Finished cells, written by the laboratory and read by the press. No torch, no pickle."""

from __future__ import annotations

from reportgen.store.encoding import Record
from reportgen.store.records import (
    ArmRecord,
    BrokenRecord,
    JudgementRecord,
    MeasurementRecord,
    TrainingRecord,
)
from reportgen.store.store import FORMAT, Store

__all__ = [
    "FORMAT",
    "ArmRecord",
    "BrokenRecord",
    "JudgementRecord",
    "MeasurementRecord",
    "Record",
    "Store",
    "TrainingRecord",
]
