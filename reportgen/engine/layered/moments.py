"""Moments of gradients that are never kept: sums and squares of their coordinates, by bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from reportgen.engine.layered.gradients import LayerGradient

BLOCK = 2048
"""Coordinates whose means without each bucket are held at once: few enough for the caches."""


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
        return (self.include[row] @ self.sums) / self.counts[row]

    def along(self, direction: Tensor) -> Tensor:
        """Sums over each bucket along a direction [P], [I S]."""
        return self.sums @ direction

    def together(self) -> Tensor:
        """Mean over data points of the buckets' sums, [S P]."""
        return self.sums.mean(0)

    def live(self) -> Tensor:
        """Coordinates that ever had a gradient, [P]."""
        return self.squares.sum(0) > 0

    def mean_square(self) -> Tensor:
        """Mean of ‖g‖² of each data point, [I]."""
        return self.squared_norms.sum((1, 2)) / self.total

    def squared_offsets(self) -> Tensor:
        """‖Σ g / n‖² of all and of each layer, for every row of `include`, [I W 1 + G].

        From the inner products of the buckets' sums, so that the sums, the
        greatest thing here, are passed once and not once a row.
        """
        parts = torch.split(self.sums, list(self.sizes.values()), dim=2)
        products = torch.stack([part @ part.transpose(1, 2) for part in parts], 1)  # [I G S S]
        squares = ((self.include @ products) * self.include).sum(3) / self.counts**2  # [I G W]
        return torch.cat([squares.sum(1, keepdim=True), squares], 1).transpose(1, 2)

    def squared_means(self, offsets: Tensor) -> Tensor:
        """Squared norm of the mean, [I W 1 + G], from `squared_offsets`: these, where g itself is summed."""
        return offsets

    def trace(self, offsets: Tensor) -> Tensor:
        """Sum of the coordinates' variances, ddof 1, [I W 1 + G], from `squared_offsets`."""
        squared = self.include @ self.squared_norms
        squared = torch.cat([squared.sum(2, keepdim=True), squared], 2)
        count = self.counts.view(1, -1, 1)
        return ((squared - count * offsets) / (count - 1.0)).clamp_min(0.0)

    def coordinate_variances(self, rows: slice = slice(None), coordinates: slice = slice(None)) -> Tensor:
        """Mean over data points of each coordinate's variance, for rows of `include`, [W P]."""
        include, count = self.include[rows], self.counts[rows].unsqueeze(1)
        sums, sums_of_squares = self.sums[:, :, coordinates], self.squares[:, coordinates]
        result = torch.empty(len(count), sums.shape[2], dtype=torch.float64)
        for start in range(0, result.shape[1], BLOCK):
            block = slice(start, start + BLOCK)
            means = (include @ sums[:, :, block]) / count
            squares = include @ sums_of_squares[:, block] / len(means)
            result[:, block] = (squares - count * (means**2).mean(0)) / (count - 1.0)
        return result.clamp_min_(0.0)
