"""Count, mean and scatter of vectors for many streams at once, in float64 and mergeable.

Source: Chan, Golub & LeVeque (1983), "Algorithms for computing the sample
variance", their pairwise updating formula, in its multivariate form.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass
class Moments:
    """Running moments of I × S streams of vectors in Rᵐ (images × buckets).

    `scatter` is Σ (g − ḡ)(g − ḡ)ᵀ, so the covariance with ddof 1 is
    scatter / (count − 1).
    """

    count: Tensor
    """[S], the same for every image."""
    mean: Tensor
    """[I S m]"""
    scatter: Tensor
    """[I S m m]"""

    @classmethod
    def empty(cls, images: int, buckets: int, dimension: int) -> Moments:
        """Moments without any observation."""
        return cls(
            count=torch.zeros(buckets, dtype=torch.float64),
            mean=torch.zeros(images, buckets, dimension, dtype=torch.float64),
            scatter=torch.zeros(images, buckets, dimension, dimension, dtype=torch.float64),
        )

    def update(self, bucket: int, estimates: Tensor) -> None:
        """Add R replicates of every image, [I R m], to one bucket.

        The mean of these replicates is subtracted first, products are formed in
        the estimates' own precision, and only then summed in float64. That keeps
        the relative error of a variance near the rounding of a single product,
        whatever the mean.
        """
        replicates = estimates.shape[1]
        rough = estimates.mean(1)  # [I m]
        centred = estimates - rough.unsqueeze(1)
        scatter = torch.bmm(centred.transpose(1, 2), centred).double()
        # The mean that was subtracted is rounded; the remainder is small, and so is its own rounding.
        rest = centred.mean(1).double()
        scatter.sub_(replicates * rest.unsqueeze(2) * rest.unsqueeze(1))
        chunk_mean = rough.double() + rest
        before = self.count[bucket]
        total = before + replicates
        delta = chunk_mean - self.mean[:, bucket]
        self.mean[:, bucket] += delta * (replicates / total)
        scatter += (before * replicates / total) * delta.unsqueeze(2) * delta.unsqueeze(1)
        self.scatter[:, bucket] += scatter
        self.count[bucket] = total

    def merge(self, other: Moments) -> Moments:
        """The moments of both sets of observations together, bucket by bucket."""
        total = self.count + other.count
        share = torch.where(total > 0, other.count / total.clamp_min(1.0), torch.zeros_like(total))
        delta = other.mean - self.mean
        weight = (self.count * share).view(1, -1, 1, 1)
        return Moments(
            count=total,
            mean=self.mean + share.view(1, -1, 1) * delta,
            scatter=self.scatter + other.scatter + weight * delta.unsqueeze(-1) * delta.unsqueeze(-2),
        )

    def pooled(self, buckets: slice) -> tuple[int, Tensor, Tensor]:
        """Count, mean [I m] and covariance with ddof 1 [I m m] of these buckets together."""
        counts, means = self.count[buckets], self.mean[:, buckets]
        total = counts.sum()
        mean = torch.einsum("s,ism->im", counts / total, means - means[:, :1]) + means[:, 0]
        deviation = means - mean.unsqueeze(1)
        between = torch.einsum("s,isa,isb->iab", counts, deviation, deviation)
        return int(total), mean, (self.scatter[:, buckets].sum(1) + between) / (total - 1.0)

    def finite(self, buckets: int | slice = slice(None)) -> bool:
        """Whether all observations in these buckets, and their squares, are finite."""
        return bool(self.scatter[:, buckets].diagonal(dim1=-2, dim2=-1).isfinite().all())

    @property
    def total(self) -> int:
        """Observations per image, over all buckets."""
        return int(self.count.sum().item())


@dataclass(frozen=True)
class LeftOut:
    """The moments of all buckets together, and those with each bucket left out.

    Axis W = S + 1: row 0 is all buckets, row s + 1 lacks bucket s.
    """

    count: Tensor
    """[W]"""
    mean: Tensor
    """[I W m]"""
    _moments: Moments
    _include: Tensor
    """[W S], 1 where the row includes the bucket, 0 elsewhere."""

    @classmethod
    def of(cls, moments: Moments) -> LeftOut:
        """Leave out each bucket in turn; every bucket must hold at least one observation."""
        buckets = moments.count.shape[0]
        include = torch.cat(
            [torch.ones(1, buckets, dtype=torch.float64), 1.0 - torch.eye(buckets, dtype=torch.float64)]
        )
        weight = include * moments.count
        count = weight.sum(1)
        centre = moments.mean[:, :1]
        mean = torch.einsum("ws,ism->iwm", weight, moments.mean - centre) / count.view(1, -1, 1) + centre
        return cls(count, mean, moments, include)

    def trace(self, gram: Tensor) -> Tensor:
        """tr(C K) for the covariance C (ddof 1) of each row and each metric K [G I m m], → [I W G]."""
        within = torch.einsum("isab,giab->isg", self._moments.scatter, gram)
        between = []
        for row in range(self.count.shape[0]):
            deviation = self._moments.mean - self.mean[:, row : row + 1]  # [I S m]
            form = torch.einsum("isa,giab,isb->isg", deviation, gram, deviation)
            between.append(torch.einsum("s,isg->ig", self._include[row] * self._moments.count, form))
        scatter = torch.einsum("ws,isg->iwg", self._include, within) + torch.stack(between, 1)
        return scatter / (self.count - 1.0).view(1, -1, 1)

    def covariance(self, row: int) -> Tensor:
        """The covariance of one row, with ddof 1, [I m m]."""
        deviation = self._moments.mean - self.mean[:, row : row + 1]
        weighted = deviation * (self._include[row] * self._moments.count).view(1, -1, 1)
        scatter = torch.baddbmm(self._within, deviation.transpose(1, 2), weighted)
        if row > 0:
            scatter -= self._moments.scatter[:, row - 1]
        return scatter / (self.count[row] - 1.0)

    @cached_property
    def _within(self) -> Tensor:
        """Scatter within buckets, summed over all of them, [I m m]."""
        return self._moments.scatter.sum(1)
