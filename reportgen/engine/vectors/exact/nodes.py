"""Points of evaluation with weights, one estimate a node: what an exact expectation is a sum over."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from reportgen.engine.vectors.points import PointsAt

MOST_NODES = 250_000


@dataclass(frozen=True)
class Nodes:
    """R estimates of K samples each, [I R·K …] points in all."""

    points: PointsAt
    weight: Tensor
    """[I R], each row with sum one; float64."""
