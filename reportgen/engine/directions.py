"""Whether a mean gradient is known well enough to define a direction."""

from __future__ import annotations

from torch import Tensor

KNOWN = 0.5
"""Least share of signal in the squared norm of an estimated mean, which is cos² of its angle to the truth."""


def known(squared: Tensor, noise: Tensor) -> Tensor:
    """Which means give a direction, from their squared norms and the part of these expected from noise."""
    return (squared - noise > KNOWN * squared) & (squared > 0)
