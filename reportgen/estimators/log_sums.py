"""Logarithms of sums of exponentials over samples, without overflow or cancellation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def log_mean_exp(f: Tensor) -> Tensor:
    """log mean_k exp f_k, [I R K] → [I R 1]."""
    return f.logsumexp(2, keepdim=True) - math.log(f.shape[2])


def log_sum_of_others(f: Tensor) -> Tensor:
    """log Σ_{j≠k} exp f_j for each k, [I R K] → [I R K]; K ≥ 2.

    Computed as log Σ + log(1 − ω_k), with Σ the whole sum and ω_k the share of
    term k. That is exact to rounding if ω_k ≤ ½, hence for all terms but the
    largest, for which the others are summed directly.
    """
    total = f.logsumexp(2, keepdim=True)
    largest = f.argmax(2, keepdim=True)
    others = f.scatter(2, largest, -math.inf)
    without = total + (-(others - total).exp()).log1p()
    return without.scatter(2, largest, others.logsumexp(2, keepdim=True))
