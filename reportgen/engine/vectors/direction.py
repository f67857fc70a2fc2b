"""The directional signal-to-noise ratio: how much of an estimate points along the gradient.

It is the mean over replicates of ‖Δ∥‖ / ‖Δ⊥‖, where the estimate Δ is split into
parts along and across the gradient's direction u, and so not a function of the
moments. u is computed from the moments, then one more round of draws is made.
Source: Rainforth et al. (2018), who define this ratio.
"""

from __future__ import annotations

import torch
from torch import Tensor

from reportgen.engine.directions import known
from reportgen.engine.replicates import Key
from reportgen.engine.vectors.channels import Channel, cached_estimate
from reportgen.engine.vectors.meter import Measured

ROUNDING = 1e-14
"""Share of an estimate's squared norm below which its part across u is rounding, as in one dimension."""


def directional_ratios(found: Measured) -> Tensor:
    """The ratio of every arm in every bucket, [A I S]; NaN for broken arms.

    Each arm is split along the mean of the channel that `Found.directing` gives.
    """
    arms, spaces, images = found.arms, found.spaces, found.images
    directions: dict[int, Tensor] = {}
    for a, arm in enumerate(arms):
        channel, source = found.channel(arm), found.directing(arm)
        if channel.cause is None and source.cause is None:
            directions[a] = _direction(source, found.shifts[found.place(arm)], spaces[channel.space].gram)
    fresh = found.source.stream("direction", found.wanted)
    result = torch.full((len(arms), images, found.buckets), torch.nan, dtype=torch.float64)
    for bucket in range(found.buckets):
        values = fresh.draw(found.samples_a_bucket)
        cache: dict[Key, Tensor] = {}
        for a, direction in directions.items():
            channel, shift = found.channel(arms[a]), found.shifts[found.place(arms[a])].unsqueeze(1)
            estimates = cached_estimate(channel, values, found.frame, cache).double()
            result[a, :, bucket] = _ratios(estimates + shift, direction, spaces[channel.space].gram)
    return result


def _direction(channel: Channel, shift: Tensor, gram: Tensor) -> Tensor:
    """J u at each image, [I m], with u the unit vector along the channel's mean gradient, shifted by `shift`.

    NaN for an image where the direction is lost in noise; `gram` is J Jᵀ, [I m m].
    """
    count, mean, covariance = channel.moments.pooled(slice(None))
    pushed = torch.einsum("iab,ib->ia", gram, mean + shift)
    squared = ((mean + shift) * pushed).sum(1)
    noise = torch.einsum("iab,iba->i", covariance, gram) / count
    return torch.where(known(squared, noise), squared.rsqrt(), torch.nan).unsqueeze(1) * pushed


def _ratios(estimates: Tensor, direction: Tensor, gram: Tensor) -> Tensor:
    """Mean over replicates of ‖Δ∥‖ / ‖Δ⊥‖ with Δ = Jᵀ ĝ, [I R m] → [I]."""
    squared = ((estimates @ gram) * estimates).sum(2)
    along = torch.einsum("irm,im->ir", estimates, direction) ** 2
    across = squared - along
    return (along / across.where(across > ROUNDING * squared, 0.0)).sqrt().mean(1)
