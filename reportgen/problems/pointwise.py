"""Models that can be had at one of their data points alone."""

from __future__ import annotations

from typing import Protocol, Self, runtime_checkable


@runtime_checkable
class Pointwise(Protocol):
    """A problem or a layered model whose data points have nothing to do with one another."""

    def at_point(self, point: int) -> Self:
        """The same model at the data point with this number, I = 1."""
