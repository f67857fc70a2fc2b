"""Do two estimators have the same mean? Hotelling's T² on paired differences.

Gradient estimates are skewed, and in a skewed sample mean and covariance go
together, so that T² rejects true hypotheses too often. The excess falls as
1/n: a test with fewer than a hundred replicates a coordinate is not made. (To
weigh the mean of one half by the covariance of the other is no way out: it
gives up the self-normalization that heavy tails need, and rejects far more.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy import optimize, special
from torch import Tensor

RANK_TOLERANCE = 1e-9
"""Eigenvalues below this fraction of the largest count as directions without noise."""
POWER = 0.8
REPLICATES_A_COORDINATE = 100
"""Below this many the test does not hold its level; its p-value is not a number then."""


@dataclass(frozen=True)
class HotellingTest:
    """One test an image, each [I]."""

    statistic: Tensor
    """T² = n d̄ᵀ C⁻¹ d̄; infinite where the means differ in a direction without noise."""
    dimension: Tensor
    """Rank of C; 0 where the two estimators are the same draw by draw."""
    p_value: Tensor
    """Under normal differences, from F(rank, n − rank)."""
    detectable: Tensor
    """Smallest relative bias along `signal` found with 80 % power at level 0.05 / I."""


def hotelling_test(
    count: int, mean: Tensor, covariance: Tensor, signal: Tensor, noise_floor: Tensor
) -> HotellingTest:
    """Test that the mean difference is zero, image by image.

    `mean` [I m] and `covariance` [I m m] are those of `count` paired
    differences; `signal` [I m] is the gradient in whose direction the
    detectable bias is stated; `noise_floor` [I] is the variance below which
    a difference is rounding. Source: Hotelling (1931).
    """
    images = mean.shape[0]
    values, vectors = torch.linalg.eigh(covariance)
    floor = torch.maximum(values[:, -1:] * RANK_TOLERANCE, noise_floor.unsqueeze(1))
    keep = values > floor
    inverse = torch.where(keep, 1.0 / values.clamp_min(1e-300), torch.zeros_like(values))
    rotated = torch.einsum("iab,ia->ib", vectors, mean)
    statistic = count * (rotated**2 * inverse).sum(1)
    # A mean difference where there is no noise at all is certain.
    certain = torch.where(keep, torch.zeros_like(rotated), rotated**2).sum(1)
    statistic = torch.where(certain > 1e3 * noise_floor, torch.full_like(statistic, torch.inf), statistic)
    rank = keep.sum(1)

    along = torch.einsum("iab,ia->ib", vectors, signal)
    information = count * (along**2 * inverse).sum(1)
    p_value, detectable = [], []
    for i in range(images):
        q = int(rank[i])
        p_value.append(_p_value(float(statistic[i]), q, count))
        tested = q > 0 and count >= REPLICATES_A_COORDINATE * q and information[i] > 0
        needed = _noncentrality(q, count, 0.05 / images) if tested else np.nan
        detectable.append(float(np.sqrt(needed / float(information[i]))) if tested else np.nan)
    return HotellingTest(
        statistic, rank.double(), torch.tensor(p_value).double(), torch.tensor(detectable).double()
    )


def _p_value(statistic: float, rank: int, count: int) -> float:
    if np.isinf(statistic):
        return 0.0
    if rank == 0:
        return 1.0
    if count < REPLICATES_A_COORDINATE * rank:
        return float("nan")
    f = statistic * (count - rank) / (rank * (count - 1))
    return float(special.fdtrc(rank, count - rank, f))


@lru_cache(maxsize=256)
def _noncentrality(rank: int, count: int, level: float) -> float:
    """The noncentrality at which the F test at `level` has 80 % power."""
    critical = float(special.fdtri(rank, count - rank, 1.0 - level))

    def shortfall(noncentrality: float) -> float:
        return 1.0 - float(special.ncfdtr(rank, count - rank, noncentrality, critical)) - POWER

    upper = 10.0
    while shortfall(upper) < 0:
        upper *= 2.0
    return float(optimize.brentq(shortfall, 1e-6, upper))
