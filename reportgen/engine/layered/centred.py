"""Moments of gradients about one of them, so that variances far below the squared mean are not lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.moments import LayerMoments


@dataclass
class CentredMoments(LayerMoments):
    """`LayerMoments` of g − c with c the first estimate, for one data point and gradients written out.

    Variances are the same as those of g, but come from differences of numbers of
    their own size. Source: Chan, Golub & LeVeque (1983).
    """

    centre: Tensor = field(kw_only=True)
    """c, [P]."""

    @classmethod
    def about_the_first(cls, buckets: int, sizes: Mapping[str, int]) -> CentredMoments:
        """Moments without any observation; the first one becomes c."""
        none = LayerMoments.empty(1, buckets, sizes)
        centre = torch.zeros(sum(sizes.values()), dtype=torch.float64)
        return cls(sizes, none.count, none.sums, none.squared_norms, none.squares, centre=centre)

    def update(self, bucket: int, gradients: Mapping[str, LayerGradient], replicates: int) -> None:
        """Add R replicates to one bucket."""
        if not self.total:
            self.centre = torch.cat([gradients[name].inputs[0, 0, 0] for name in self.sizes])
        centres = dict(zip(self.sizes, torch.split(self.centre, list(self.sizes.values())), strict=True))
        centred = {
            name: replace(layer, inputs=layer.inputs - centres[name]) for name, layer in gradients.items()
        }
        super().update(bucket, centred, replicates)

    def means(self, row: int) -> Tensor:
        """Mean of every coordinate for one row of `include`, [1 P]."""
        return super().means(row) + self.centre

    def squared_means(self, offsets: Tensor) -> Tensor:
        """Squared norm ‖c + m‖² of the mean, where m is the mean of g − c and `offsets` ‖m‖², [1 W 1 + G]."""
        sizes = list(self.sizes.values())
        parts = zip(torch.split(self.sums, sizes, dim=2), torch.split(self.centre, sizes), strict=True)
        crossed = [(self.include @ (sums @ c).T).T / self.counts for sums, c in parts]
        own = [(c**2).sum() for c in torch.split(self.centre, sizes)]
        added = torch.stack([2.0 * m + c for m, c in zip(crossed, own, strict=True)], 2)  # [1 W G]
        return offsets + torch.cat([added.sum(2, keepdim=True), added], 2)

    def along(self, direction: Tensor) -> Tensor:
        """Sums of g over each bucket along a direction [P], [1 S]."""
        return super().along(direction) + self.count * (self.centre @ direction)

    def together(self) -> Tensor:
        """The buckets' sums of g, [S P]."""
        return super().together().addcmul_(self.count.unsqueeze(1), self.centre)

    def live(self) -> Tensor:
        """Coordinates that ever had a gradient, [P]."""
        return super().live() | (self.centre != 0)

    def mean_square(self) -> Tensor:
        """Mean of ‖g‖², [1]."""
        count, offsets = self.total, self.squared_offsets()
        return self.trace(offsets)[:, 0, 0] * (count - 1) / count + self.squared_means(offsets)[:, 0, 0]
