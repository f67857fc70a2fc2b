"""How much of an estimate points along the gradient? The directional signal-to-noise ratio.

It is a mean over replicates of a ratio, ‖Δ∥‖ / ‖Δ⊥‖ with Δ split along and
across the gradient's direction u, and so no function of the moments. Once the
moments have told u, one more round of draws is taken for it.
Source: Rainforth et al. (2018), whose directional signal-to-noise ratio it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from reportgen.engine.directions import known
from reportgen.engine.replicates import Key
from reportgen.engine.vectors.channels import Channel, cached_estimate
from reportgen.engine.vectors.meter import Measured

ROUNDING = 1e-14
"""Share of an estimate's squared length below which its part across is rounding: one number is all along."""


@dataclass(frozen=True)
class Direction:
    """J u of each image for a unit u, [I m]; NaN for an image whose direction is lost in the noise."""

    along: Tensor

    @classmethod
    def of(cls, channel: Channel, shift: Tensor, gram: Tensor) -> Direction:
        """Along the mean of a channel's replicates plus a constant, [I m]; `gram` is J Jᵀ, [I m m]."""
        count, mean, covariance = channel.moments.pooled(slice(None))
        pushed = torch.einsum("iab,ib->ia", gram, mean + shift)
        squared = ((mean + shift) * pushed).sum(1)
        noise = torch.einsum("iab,iba->i", covariance, gram) / count
        certain = known(squared, noise)
        return cls(torch.where(certain, squared.rsqrt(), torch.nan).unsqueeze(1) * pushed)

    def ratios(self, estimates: Tensor, gram: Tensor) -> Tensor:
        """Mean over replicates of ‖Δ∥‖ / ‖Δ⊥‖ with Δ = Jᵀ ĝ, [I R m] → [I]."""
        squared = ((estimates @ gram) * estimates).sum(2)
        along = torch.einsum("irm,im->ir", estimates, self.along) ** 2
        across = squared - along
        return (along / across.where(across > ROUNDING * squared, 0.0)).sqrt().mean(1)


def directional_ratios(found: Measured) -> Tensor:
    """The ratio of every arm in every bucket, [A I S].

    Along what an arm is split tells `Found.directing`. Arms that broke are NaN.
    """
    arms, spaces, images = found.arms, found.spaces, found.images
    directions: dict[int, Direction] = {}
    for a, arm in enumerate(arms):
        channel, source = found.channel(arm), found.directing(arm)
        if channel.cause is None and source.cause is None:
            directions[a] = Direction.of(source, found.shifts[found.place(arm)], spaces[channel.space].gram)
    fresh = found.source.stream("direction", found.wanted)
    result = torch.full((len(arms), images, found.buckets), torch.nan, dtype=torch.float64)
    for bucket in range(found.buckets):
        values = fresh.draw(found.samples_a_bucket)
        cache: dict[Key, Tensor] = {}
        for a, direction in directions.items():
            channel, shift = found.channel(arms[a]), found.shifts[found.place(arms[a])].unsqueeze(1)
            estimates = cached_estimate(channel, values, found.frame, cache).double()
            result[a, :, bucket] = direction.ratios(estimates + shift, spaces[channel.space].gram)
    return result
