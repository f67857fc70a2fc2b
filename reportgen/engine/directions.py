"""When a mean gradient is known well enough to give a direction."""

from __future__ import annotations

from torch import Tensor

KNOWN = 0.5
"""Least share of the signal in the squared norm of the mean that gives a direction: cos² to the truth."""


def known(squared: Tensor, noise: Tensor) -> Tensor:
    """Of means with these squared norms, of which so much is expected to be noise."""
    return (squared - noise > KNOWN * squared) & (squared > 0)
