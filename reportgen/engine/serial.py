"""Does an estimate depend on those made before it?

With d_t what an estimate's sketch is from their mean, and x_t = Σ_k (1 − k/W) d_(t−k) over the W − 1 before,

    z = Σ_t (d_t·x_t + c) / √max(Σ_t (d_t·x_t)², n Σ_k (1 − k/W)² tr C²)

is about standard normal where estimates are independent, C being their covariance: given the past, a term
has no mean but for what the common mean takes off, −c = −Σ_k (1 − k/W) Σ_t ‖d_t‖²/n². Divided by its own
squares it needs no moment beyond the variance; of estimates that are nearly always the same these are
small until two of the others come close to one another, so that what they are in the mean is the least.
Of n estimates tr C² is overestimated by about (tr C)²/n, which is taken off.
The weights are those of Bartlett (1946, J. R. Stat. Soc. Suppl. 8), as in the variance of a mean of W
successive estimates: with z above zero such means vary more than independent ones would, below zero less.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SPAN = 8
"""W"""
FOLLOWED = 1 << 14
"""Estimates that are looked at, the first ones."""
ROUNDING = 1e-12
"""Relative, what a mean of equal estimates may differ from them by."""


def serial_dependence(sketches: Tensor) -> float:
    """z of estimates in the order in which they were made, [n q]; 0 where they do not vary."""
    # By a power of two, which rounds nothing: squares of what is of size 1 neither overflow nor vanish.
    _, exponent = math.frexp(float(sketches.abs().max()))
    sketches = sketches * 2.0 ** min(-exponent, 1000)
    count, deviation = len(sketches), sketches - sketches.mean(0)
    if float(deviation.norm()) <= ROUNDING * float(sketches.norm()):
        return 0.0
    weights = [1.0 - lag / SPAN for lag in range(1, min(SPAN, count))]
    before = torch.zeros_like(deviation)
    for lag, weight in enumerate(weights, 1):
        before[lag:] += weight * deviation[:-lag]
    terms = (deviation * before).sum(1)
    covariance = deviation.T @ deviation / count
    trace = float(covariance.trace())
    expected = (
        count * sum(weight**2 for weight in weights) * (float((covariance**2).sum()) - trace**2 / count)
    )
    spread = math.sqrt(max(float((terms**2).sum()), expected))
    return (float(terms.sum()) + sum(weights) * trace) / spread if spread > 0.0 else 0.0
