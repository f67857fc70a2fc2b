"""Models that can be restricted to one of their data points."""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable


@runtime_checkable
class Pointwise(Protocol):
    """A problem or a layered model whose data points are independent of one another."""

    def at_point(self, point: int) -> Self:
        """The same model at the data point of this index only, so that I = 1."""
