"""Tests whether two estimators have the same mean: a cross-fitted Hotelling test on paired differences.

Hotelling's T² = n d̄ᵀ C⁻¹ d̄ rejects true hypotheses too often if estimates are
skewed, since the mean and the covariance of a sample are then correlated, in
each of m directions. Here the first half of the replicates chooses the
direction u = C₁⁻¹ d̄₁ in which the means seem to differ, and the second half is
tested in that direction only,

    t₁₂ = uᵀ d̄₂ / √(uᵀ C₂ u / n₂),

a Student statistic whatever the choice, because u is independent of the second
half, and the mean of a single number is divided by its own spread. t is the
mean of t₁₂ and t₂₁. Each is standard normal under equal means, so the variance
of their mean is at most 1; it is large if both halves differ in the same
direction. Source: Kim & Ramdas (2024), with the statistic of Hotelling (1931).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy import special
from torch import Tensor

from reportgen.engine.moments import Moments
from reportgen.engine.power import smallest_found

RANK_TOLERANCE = 1e-9
"""Directions whose variance is below this fraction of the largest eigenvalue are not tested: their noise is
not estimated well enough."""
REPLICATES_A_COORDINATE = 4
"""With fewer replicates per dimension there is no test: the covariance of half of them is too uncertain."""
CERTAIN = 1e3
"""A squared difference that exceeds noise and rounding by this factor is certain without a test."""


@dataclass(frozen=True)
class EqualMeansTest:
    """The results of one test per image, each [I]."""

    statistic: Tensor
    """t; infinite if the means certainly differ, in a direction with almost no noise."""
    dimension: Tensor
    """Rank of the differences' covariance; 0 if they do not vary from draw to draw."""
    p_value: Tensor
    """One-sided, from Student's t with n/2 − 1 degrees of freedom; NaN with fewer than 4 replicates per
    dimension, unless t is infinite."""
    detectable: Tensor
    """Smallest relative bias along `signal` that is found with 80 % power at level 0.05 / I."""


def equal_means_test(differences: Moments, signal: Tensor, noise_floor: Tensor) -> EqualMeansTest:
    """Test that the mean difference is zero, image by image; the halves are the even and the odd buckets.

    `differences` are moments of paired differences in Rᵐ; `signal` [I m] is the
    gradient along which the detectable bias is stated; variance below
    `noise_floor` [I] is taken to be rounding.
    """
    count, mean, covariance = differences.pooled(slice(None))
    floor = noise_floor.unsqueeze(1)
    whole = _Spectrum.of(covariance, floor)
    first, second = (differences.pooled(slice(start, None, 2)) for start in (0, 1))
    statistic = (_student(first, second, floor) + _student(second, first, floor)) / 2.0
    # A mean difference in a direction without noise is certain. Noise that is small beside that of other
    # directions still moves the mean, so it is subtracted; and m replicates or fewer do not see all noise.
    beyond_noise = (whole.rotate(mean) ** 2 - CERTAIN * whole.variance / count).clamp_min(0.0)
    still = torch.where(whole.keep, 0.0, beyond_noise).sum(1)
    # If the halves have noise in fewer directions than the whole, the others may also have noise, but rarely.
    alike = torch.stack([_Spectrum.of(half[2], floor).keep.sum(1) for half in (first, second)])
    seen = (alike == whole.keep.sum(1)).all(0)
    certain = (still > CERTAIN * noise_floor) & (count > mean.shape[1]) & seen
    statistic = torch.where(certain, torch.inf, statistic)

    rank, half = whole.keep.sum(1), min(first[0], second[0])
    information = (whole.rotate(signal) ** 2 * whole.inverse).sum(1)
    p_value, detectable = [], []
    for z, q, along, sure in zip(statistic, rank, information, certain, strict=True):
        enough = count >= REPLICATES_A_COORDINATE * int(q)
        p_value.append(_p_value(float(z), int(q), half) if enough or sure else np.nan)
        tested = enough and int(q) > 0 and float(along) > 0
        level = 0.05 / len(statistic)
        needed = smallest_found(int(q), half, level) if tested else np.nan
        detectable.append(needed / float(along) ** 0.5 if tested else np.nan)
    return EqualMeansTest(
        statistic, rank.double(), torch.tensor(p_value).double(), torch.tensor(detectable).double()
    )


@dataclass(frozen=True)
class _Spectrum:
    """Eigendecomposition of a covariance [I m m]; axes whose variance is below a floor are left out."""

    vectors: Tensor
    variance: Tensor
    """Eigenvalues, clamped to be nonnegative, [I m]."""
    keep: Tensor
    inverse: Tensor
    """Reciprocal eigenvalues, zero for axes left out, [I m]."""

    @classmethod
    def of(cls, covariance: Tensor, floor: Tensor) -> _Spectrum:
        values, vectors = torch.linalg.eigh(covariance)
        keep = values > torch.maximum(values[:, -1:] * RANK_TOLERANCE, floor)
        inverse = torch.where(keep, 1.0 / values.clamp_min(1e-300), 0.0)
        return cls(vectors, values.clamp_min(0.0), keep, inverse)

    def rotate(self, v: Tensor) -> Tensor:
        """Components along the axes, [I m]."""
        return torch.einsum("iab,ia->ib", self.vectors, v)

    def solve(self, v: Tensor) -> Tensor:
        """C⁻¹ v, [I m]."""
        return torch.einsum("iab,ib->ia", self.vectors, self.inverse * self.rotate(v))


def _student(
    choosing: tuple[int, Tensor, Tensor], tested: tuple[int, Tensor, Tensor], floor: Tensor
) -> Tensor:
    """t of the tested half in the direction chosen by the other half, [I]; 0 if none is chosen."""
    _, mean, covariance = choosing
    direction = _Spectrum.of(covariance, floor).solve(mean)
    count, mean, covariance = tested
    variance = torch.einsum("ia,iab,ib->i", direction, covariance, direction) / count
    along = (direction * mean).sum(1)
    return torch.where(variance > 0, along / variance.clamp_min(1e-300).sqrt(), 0.0)


def _p_value(statistic: float, rank: int, half: int) -> float:
    if np.isinf(statistic):
        return 0.0
    return float(special.stdtr(half - 1, -statistic)) if rank else 1.0
