"""What one route of the engine found for its arms."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.engine.arrays import Array
from reportgen.store.records import ArmRecord


@dataclass(frozen=True)
class Part:
    """Arms in their order, and their rows of the record's arrays."""

    arms: tuple[ArmRecord, ...]
    arrays: dict[str, Array]
    drawn: int
    """Draws a data point."""
    latent: int
    eta: int
    """m, the length of η; 0 where there is no such vector."""
    parameters: int
    """Coordinates of φ."""
    first_layer: str = ""
    """The group of φ that sees the images themselves; empty where none does."""
    units: int = 0
    """Its outputs."""
