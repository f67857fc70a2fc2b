"""Importance weights of a Gaussian VAE, image by image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from reportgen.families import Family, MeanFieldGaussian
from reportgen.judging.networks import Networks
from reportgen.judging.pixels import PixelLikelihood
from reportgen.problems.prior import StandardNormal

ON_CPU = 1280
"""Samples evaluated at once on a CPU: enough that the overhead of about a hundred calls is small."""
MEMORY = 64 * 2**20
"""Bytes for the logits of the samples evaluated at once; in total, about three times as much is held."""

PRIOR = StandardNormal()


@dataclass(frozen=True)
class LayeredWeights:
    """A Gaussian VAE as a `Judgeable`."""

    networks: Networks

    @cached_property
    def pixels(self) -> PixelLikelihood:
        """log p(x|h_1)."""
        return PixelLikelihood(self.networks.pixels.head)

    @property
    def noise(self) -> int:
        return sum(self.networks.noise)

    @property
    def dtype(self) -> torch.dtype:
        return self.networks.dtype

    def visit(self, device: torch.device) -> int:
        """See `Judgeable`."""
        most = max(MEMORY // (self.pixels.pixels * self.dtype.itemsize), 1)
        return min(most, ON_CPU) if device.type == "cpu" else most

    def at(self, x: Tensor) -> WeightsAt:
        """See `Judgeable`."""
        return WeightsAt(self.networks, self.networks.encode(x.unsqueeze(0)), self.pixels.at(x))


@dataclass(frozen=True)
class WeightsAt:
    """log w for samples of one image.

    log w = log p(x|h_1) + Σ_l [log p(h_l|h_{l+1}) − log q(h_l|h_{l−1})], where h_0 = x and
    the prior of h_L is N(0, I). Source: Burda et al. (2016), sections 3 and 5.
    """

    networks: Networks
    q: Family
    """q(h_1|x) at the image."""
    likelihood: Callable[[Tensor], Tensor]

    def __call__(self, noise: Tensor) -> Tensor:
        """log w at the samples made from noise, [n N] → [n]."""
        first, *others = torch.split(noise, list(self.networks.noise), dim=1)
        h = self.q.sample(first.unsqueeze(0)).squeeze(0)
        log_w = self.likelihood(self.networks.pixels.features(h))
        log_w -= self.q.log_density(first.unsqueeze(0)).squeeze(0)
        for up, down, epsilon in zip(self.networks.upward, self.networks.downward, others, strict=True):
            q = MeanFieldGaussian.from_eta(up(h))
            above = q.sample(epsilon.unsqueeze(1)).squeeze(1)
            log_w -= q.log_density(epsilon.unsqueeze(1)).squeeze(1)
            p = MeanFieldGaussian.from_eta(down(above))
            log_w += p.log_density_at(h.unsqueeze(1)).squeeze(1)
            h = above
        return log_w.add_(PRIOR.log_density(h))
