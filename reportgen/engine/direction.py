"""How much of an estimate points along the gradient? The directional signal-to-noise ratio.

It is a mean over replicates of a ratio, ‖Δ∥‖ / ‖Δ⊥‖ with Δ split along and
across the gradient's direction u, and so no function of the moments. Once the
moments have told u, one more round of draws is taken for it.
Source: Rainforth et al. (2018), section 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from reportgen.engine.channels import Channel, ChannelKey, Reference, Values, cached_estimate
from reportgen.engine.draws import Frame
from reportgen.engine.space import Space
from reportgen.plan import Arm

KNOWN = 0.5
"""Least share of the signal in the squared norm of the mean that gives a direction: cos² to the truth."""

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
        known = (squared - noise > KNOWN * squared) & (squared > 0)
        return cls(torch.where(known, squared.rsqrt(), torch.nan).unsqueeze(1) * pushed)

    def ratios(self, estimates: Tensor, gram: Tensor) -> Tensor:
        """Mean over replicates of ‖Δ∥‖ / ‖Δ⊥‖ with Δ = Jᵀ ĝ, [I R m] → [I]."""
        squared = ((estimates @ gram) * estimates).sum(2)
        along = torch.einsum("irm,im->ir", estimates, self.along) ** 2
        across = squared - along
        return (along / across.where(across > ROUNDING * squared, 0.0)).sqrt().mean(1)


def directional_ratios(
    arms: tuple[Arm, ...],
    channels: Mapping[ChannelKey, Channel],
    references: Mapping[Reference, Arm],
    shifts: Mapping[Reference, Tensor],
    rounds: Iterator[Values],
    frame: Frame,
    spaces: Mapping[str, Space],
) -> Tensor:
    """The ratio of every arm in every bucket, [A I S]; `rounds` are fresh draws, one item a bucket.

    Unbiased arms are split along the reference's mean, which is theirs and
    better known; others, and those of a bound with another K than the
    reference, along their own. Arms that broke are NaN.
    """
    images = frame.gram.shape[0]
    directions: dict[int, Direction] = {}
    for a, arm in enumerate(arms):
        channel = channels[ChannelKey.of(arm)]
        reference = references.get((arm.objective, channel.space))
        same = reference is not None and (not channel.key.several or reference.num_samples == arm.num_samples)
        source = channels[ChannelKey.of(reference)] if reference and same and channel.unbiased else channel
        if channel.cause is None and source.cause is None:
            shift = shifts[arm.objective, channel.space]
            directions[a] = Direction.of(source, shift, spaces[channel.space].gram)
    buckets = []
    for values in rounds:
        cache: dict[ChannelKey, Tensor] = {}
        found = torch.full((len(arms), images), torch.nan, dtype=torch.float64)
        for a, direction in directions.items():
            channel = channels[ChannelKey.of(arms[a])]
            shift = shifts[arms[a].objective, channel.space].unsqueeze(1)
            estimates = cached_estimate(channel, values, frame, cache).double()
            found[a] = direction.ratios(estimates + shift, spaces[channel.space].gram)
        buckets.append(found)
    return torch.stack(buckets, 2)
