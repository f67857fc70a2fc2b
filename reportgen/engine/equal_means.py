"""Do two estimators have the same mean? A cross-fitted Hotelling test on paired differences.

Hotelling's T² = n d̄ᵀ C⁻¹ d̄ rejects true hypotheses too often where estimates
are skewed: mean and covariance of one sample then go together, in each of m
directions. Here one half of the replicates, 1, chooses the direction
u = C₁⁻¹ d̄₁ in which the means seem to differ, and the other half, 2, is
tested in that direction alone,

    t₁₂ = uᵀ d̄₂ / √(uᵀ C₂ u / n₂),

a Student statistic whatever the choice: what is tested was not looked at
before, and one number's mean is divided by its own spread. t is the mean of
t₁₂ and t₂₁. Each is standard normal under equal means, so their mean has at
most the variance 1; it is large where both halves differ in the same direction.
Source: Kim & Ramdas (2024), with the statistic of Hotelling (1931).
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
"""Directions with less than this fraction of the largest eigenvalue are not tested: of so little noise the
covariance says too little."""
REPLICATES_A_COORDINATE = 4
"""Below this many a covariance of half of them says too little; there is no test then."""
CERTAIN = 1e3
"""Times what rounding and noise can make of it, the square of a difference that needs no test."""


@dataclass(frozen=True)
class EqualMeansTest:
    """One test an image, each [I]."""

    statistic: Tensor
    """t; infinite where the means differ by more than the noise of a direction that has next to none."""
    dimension: Tensor
    """Rank of the differences' covariance; 0 where the two estimators are the same draw by draw."""
    p_value: Tensor
    """One-sided, of Student's t with n/2 − 1 degrees of freedom; NaN below 4 replicates a dimension."""
    detectable: Tensor
    """Smallest relative bias along `signal` found with 80 % power at level 0.05 / I."""


def equal_means_test(differences: Moments, signal: Tensor, noise_floor: Tensor) -> EqualMeansTest:
    """Test that the mean difference is zero, image by image; even buckets are one half, odd ones the other.

    `differences` are moments of paired differences in Rᵐ; `signal` [I m] is
    the gradient in whose direction the detectable bias is stated;
    `noise_floor` [I] is the variance below which a difference is rounding.
    """
    count, mean, covariance = differences.pooled(slice(None))
    floor = noise_floor.unsqueeze(1)
    whole = _Spectrum.of(covariance, floor)
    first, second = (differences.pooled(slice(start, None, 2)) for start in (0, 1))
    statistic = (_student(first, second, floor) + _student(second, first, floor)) / 2.0
    # A mean difference where there is no noise is certain; up to m replicates see only some of the noise.
    # Little noise beside that of other directions is noise too, and moves the mean.
    beyond_noise = (whole.rotate(mean) ** 2 - CERTAIN * whole.variance / count).clamp_min(0.0)
    still = torch.where(whole.keep, 0.0, beyond_noise).sum(1)
    # Where each half has noise in other directions than both together, those without may only be rare.
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
    """A covariance [I m m] in its own axes; those with less than a floor of variance are left out."""

    vectors: Tensor
    variance: Tensor
    """Eigenvalues, none below zero, [I m]."""
    keep: Tensor
    inverse: Tensor
    """Reciprocal eigenvalues, zero where left out, [I m]."""

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
    """t of the tested half in the direction that the other half chooses, [I]; 0 where it chooses none."""
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
