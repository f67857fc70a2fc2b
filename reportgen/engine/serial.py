"""Tests whether estimates depend on those made before them.

Let d_t be the deviation of the sketch of estimate t from the mean sketch, C the covariance of the sketches,
and x_t = Σ_k (1 − k/W) d_(t−k), summed over the W − 1 estimates before it. Then

    z = Σ_t (d_t·x_t + c) / √max(Σ_t (d_t·x_t)², n Σ_k (1 − k/W)² tr C²)

is approximately standard normal if estimates are independent: given the past, d_t·x_t has mean zero, except
for −c = −Σ_k (1 − k/W) Σ_t ‖d_t‖²/n², because the mean was subtracted. Normalised by its own squares, z needs
no moment beyond the variance. If estimates are nearly always equal, these squares stay small until two
exceptions come close to each other, so their expectation is a lower bound for the normalisation. From n
estimates tr C² is overestimated by about (tr C)²/n, which is subtracted.
The weights are those of Bartlett (1946, J. R. Stat. Soc. Suppl. 8), as in the variance of a mean of W
successive estimates: such means vary more than independent ones if z > 0, and less if z < 0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SPAN = 8
"""W"""
FOLLOWED = 1 << 14
"""Number of estimates that are tested, the first ones."""
ROUNDING = 1e-12
"""Relative deviation below which estimates are equal: their mean may differ by rounding."""


def serial_dependence(sketches: Tensor) -> float:
    """z of the sketches of estimates in the order in which they were made, [n q]; 0 if they do not vary."""
    # Scale to size 1, so that squares neither overflow nor vanish; a power of two causes no rounding.
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
