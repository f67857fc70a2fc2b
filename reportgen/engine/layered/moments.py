"""Moments of gradients that are never stored: sums and squares of their coordinates, by bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from reportgen.engine.layered.gradients import LayerGradient

BLOCK = 2048
"""Coordinates whose leave-out means are held at once: few enough for the caches."""


@dataclass
class LayerMoments:
    """Moments for I data points × S buckets, of P parameters in G layers; float64.

    Variances are differences of sums, so rounding hides a variance far below the
    squared mean: below about 1e-7 of it, if the networks compute in float32.
    """

    sizes: Mapping[str, int]
    """Number of parameters of each layer, in order."""
    count: Tensor
    """[S]"""
    sums: Tensor
    """Σ g, [I S P]."""
    squared_norms: Tensor
    """Σ ‖g‖² of each layer, [I S G]."""
    squares: Tensor
    """Σ g² over data points and replicates, [S P]."""

    @classmethod
    def empty(cls, images: int, buckets: int, sizes: Mapping[str, int]) -> LayerMoments:
        """Moments without any observation."""
        size = sum(sizes.values())
        return cls(
            sizes,
            torch.zeros(buckets, dtype=torch.float64),
            torch.zeros(images, buckets, size, dtype=torch.float64),
            torch.zeros(images, buckets, len(sizes), dtype=torch.float64),
            torch.zeros(buckets, size, dtype=torch.float64),
        )

    def update(self, bucket: int, gradients: Mapping[str, LayerGradient], replicates: int) -> None:
        """Add R replicates of every data point to one bucket; a layer that is missing has gradient zero."""
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
        """Observations per data point, over all buckets."""
        return int(self.count.sum().item())

    @cached_property
    def include(self) -> Tensor:
        """Which buckets each row includes, [W S]: row 0 all of them, row s + 1 all but s."""
        buckets = len(self.count)
        everything = torch.ones(1, buckets, dtype=torch.float64)
        return torch.cat([everything, everything - torch.eye(buckets, dtype=torch.float64)])

    @property
    def counts(self) -> Tensor:
        """Observations of each row, [W]."""
        return self.include @ self.count

    def means(self, row: int) -> Tensor:
        """Mean of every coordinate for one row of `include`, [I P]."""
        return (self.include[row] @ self.sums) / self.counts[row]

    def along(self, direction: Tensor) -> Tensor:
        """Sums over each bucket along a direction [P], → [I S]."""
        return self.sums @ direction

    def together(self) -> Tensor:
        """Mean over data points of the buckets' sums, [S P]."""
        return self.sums.mean(0)

    def live(self) -> Tensor:
        """Coordinates that ever had a gradient, [P]."""
        return self.squares.sum(0) > 0

    def mean_square(self) -> Tensor:
        """Mean of ‖g‖² for each data point, [I]."""
        return self.squared_norms.sum((1, 2)) / self.total

    def squared_offsets(self) -> Tensor:
        """‖Σ g / n‖² over all layers and for each, for every row of `include`, [I W 1 + G].

        Computed from the inner products of the buckets' sums, so that the sums, by
        far the largest array, are read once and not once per row.
        """
        parts = torch.split(self.sums, list(self.sizes.values()), dim=2)
        products = torch.stack([part @ part.transpose(1, 2) for part in parts], 1)  # [I G S S]
        squares = ((self.include @ products) * self.include).sum(3) / self.counts**2  # [I G W]
        return torch.cat([squares.sum(1, keepdim=True), squares], 1).transpose(1, 2)

    def squared_means(self, offsets: Tensor) -> Tensor:
        """Squared norm of the mean, [I W 1 + G]: `squared_offsets` themselves, since g itself is summed."""
        return offsets

    def trace(self, offsets: Tensor) -> Tensor:
        """Sum of the coordinates' variances (ddof 1), [I W 1 + G], from `squared_offsets`."""
        squared = self.include @ self.squared_norms
        squared = torch.cat([squared.sum(2, keepdim=True), squared], 2)
        count = self.counts.view(1, -1, 1)
        return ((squared - count * offsets) / (count - 1.0)).clamp_min(0.0)

    def coordinate_variances(self, rows: slice = slice(None), coordinates: slice = slice(None)) -> Tensor:
        """Mean over data points of each coordinate's variance, for the given rows of `include`, [W P]."""
        include, count = self.include[rows], self.counts[rows].unsqueeze(1)
        sums, sums_of_squares = self.sums[:, :, coordinates], self.squares[:, coordinates]
        result = torch.empty(len(count), sums.shape[2], dtype=torch.float64)
        for start in range(0, result.shape[1], BLOCK):
            block = slice(start, start + BLOCK)
            means = (include @ sums[:, :, block]) / count
            squares = include @ sums_of_squares[:, block] / len(means)
            result[:, block] = (squares - count * (means**2).mean(0)) / (count - 1.0)
        return result.clamp_min_(0.0)
