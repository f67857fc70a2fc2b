"""Moments of gradients that are never kept: sums and squares of their coordinates, by bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from reportgen.engine.layered.gradients import LayerGradient


@dataclass
class LayerMoments:
    """Of I data points × S buckets, over P parameters in G layers; float64.

    Variances are differences of sums, so what is left of a variance far below
    the squared mean is rounding: about 1e-7 of that square where the networks
    compute in float32.
    """

    sizes: Mapping[str, int]
    """Parameters of each layer, in order."""
    count: Tensor
    """[S]"""
    sums: Tensor
    """Σ g, [I S P]."""
    squared_norms: Tensor
    """Σ ‖g‖² of each layer, [I S G]."""
    squares: Tensor
    """Σ over data points and replicates of g², [S P]."""

    @classmethod
    def empty(cls, images: int, buckets: int, sizes: Mapping[str, int]) -> LayerMoments:
        """No observation yet."""
        size = sum(sizes.values())
        return cls(
            sizes,
            torch.zeros(buckets, dtype=torch.float64),
            torch.zeros(images, buckets, size, dtype=torch.float64),
            torch.zeros(images, buckets, len(sizes), dtype=torch.float64),
            torch.zeros(buckets, size, dtype=torch.float64),
        )

    def update(self, bucket: int, gradients: Mapping[str, LayerGradient], replicates: int) -> None:
        """Take in R replicates of every data point; a layer that is not there has gradient zero."""
        start = 0
        for g, (name, size) in enumerate(self.sizes.items()):
            stop = start + size
            if name in gradients:
                layer = gradients[name]
                self.sums[:, bucket, start:stop] += layer.sums().double()
                self.squared_norms[:, bucket, g] += layer.squared_norms().double().sum(1)
                self.squares[bucket, start:stop] += layer.squares().double()
            start = stop
        self.count[bucket] += replicates

    @property
    def total(self) -> int:
        """Observations a data point, over all buckets."""
        return int(self.count.sum().item())

    @cached_property
    def include(self) -> Tensor:
        """[W S]: row 0 is every bucket, row s + 1 lacks bucket s."""
        buckets = len(self.count)
        everything = torch.ones(1, buckets, dtype=torch.float64)
        return torch.cat([everything, everything - torch.eye(buckets, dtype=torch.float64)])

    @property
    def counts(self) -> Tensor:
        """Observations of each row, [W]."""
        return self.include @ self.count

    def means(self, row: int) -> Tensor:
        """Mean of every coordinate, one row of `include`, [I P]."""
        return torch.einsum("s,isp->ip", self.include[row], self.sums) / self.counts[row]

    def by_layer(self, values: Tensor) -> Tensor:
        """Sums within each layer, all of them first, [.. P] → [.. 1 + G]."""
        parts = [part.sum(-1) for part in torch.split(values, list(self.sizes.values()), dim=-1)]
        return torch.stack([torch.stack(parts).sum(0), *parts], -1)

    def trace(self) -> Tensor:
        """Sum of the coordinates' variances, ddof 1, of all and of each layer, [I W 1 + G]."""
        rows = []
        for row, count in enumerate(self.counts):
            squared = torch.einsum("s,isg->ig", self.include[row], self.squared_norms)
            squared = torch.cat([squared.sum(1, keepdim=True), squared], 1)
            mean = self.by_layer(self.means(row) ** 2)
            rows.append((squared - count * mean) / (count - 1.0))
        return torch.stack(rows, 1).clamp_min(0.0)

    def coordinate_variance(self, row: int) -> Tensor:
        """Mean over data points of each coordinate's variance, [P]."""
        count, images = self.counts[row], self.sums.shape[0]
        squares = self.include[row] @ self.squares / images
        return ((squares - count * (self.means(row) ** 2).mean(0)) / (count - 1.0)).clamp_min(0.0)
