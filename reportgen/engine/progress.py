"""How far a measurement is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureProgress:
    """How far a measurement is."""

    done: float
    """Estimated fraction of the work, 0 … 1."""
    precision: float
    """Largest relative half-width among the arms' total variances."""
    replicates: int
    """Draws a data point so far."""
