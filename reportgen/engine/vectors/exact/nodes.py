"""The weighted nodes over which an exact expectation is summed, with one estimate for each."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from reportgen.engine.vectors.points import PointsAt

MOST_NODES = 250_000


@dataclass(frozen=True)
class Nodes:
    """R nodes; each is one estimate from K samples, so there are [I R·K …] points."""

    points: PointsAt
    weight: Tensor
    """[I R], each row summing to one; float64."""
