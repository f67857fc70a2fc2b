"""Exact mean and covariance of an estimator, by quadrature over its noise.

Where the whole noise of one estimate is a handful of standard normals, the
estimator itself is run on the nodes of a Gauss–Hermite rule: its mean and
covariance are sums. The rule is refined until two successive ones agree; what
does not converge within the nodes allowed has no exact value.
Source: Golub & Welsch (1969), for the rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import torch
from scipy.special import roots_hermitenorm
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.measure.channels import Channel
from reportgen.measure.draws import Batch, Frame, integrand_values
from reportgen.objectives import Integrand

ORDERS = (5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320)
"""Nodes in each direction; five are exact for what is a polynomial of degree nine."""
MOST_NODES = 200_000
TOLERANCE = 1e-9
"""What two rules may differ by: relative to the size of a replicate, for covariances to its square."""
ROUNDING = 1e-9
"""Size below which a replicate counts as zero; estimates here are sums of terms of size about 1."""


@dataclass(frozen=True)
class Exact:
    """Of one estimate at each data point."""

    mean: Tensor
    """[I m]"""
    covariance: Tensor
    """[I m m]"""

    @property
    def size(self) -> float:
        """Of a replicate: the largest mean or standard deviation of a coordinate."""
        spread = torch.diagonal(self.covariance, dim1=1, dim2=2).clamp_min(0.0).sqrt()
        return max(float(self.mean.abs().amax()), float(spread.amax()))

    def agrees_with(self, other: Exact) -> bool:
        """Whether the two are the same to `TOLERANCE` of a replicate's size, or both are rounding."""
        size = max(self.size, other.size)
        mean = float((self.mean - other.mean).abs().amax())
        covariance = float((self.covariance - other.covariance).abs().amax())
        return size < ROUNDING or (mean <= TOLERANCE * size and covariance <= TOLERANCE * size**2)


def exact_moments(channel: Channel, integrand: Integrand, frame: Frame) -> Exact | None:
    """Mean and covariance of the channel's estimator; None where its noise has too many dimensions."""
    if DISTRIBUTIONS[frame.q.name].discrete or frame.gram.dtype != torch.float64:
        return None
    for coarse, fine in pairwise(_rules(channel, integrand, frame)):
        if coarse.agrees_with(fine):
            still = fine.size < ROUNDING
            return Exact(torch.zeros_like(fine.mean), torch.zeros_like(fine.covariance)) if still else fine
    return None


def _rules(channel: Channel, integrand: Integrand, frame: Frame) -> Iterator[Exact]:
    estimator, key = channel.estimator, channel.key
    independent = key.num_samples // 2 if key.antithetic else key.num_samples
    own, further = frame.q.noise, frame.q.noise * estimator.auxiliary
    dimensions = independent * own + key.num_samples * further
    images = frame.gram.shape[0]
    for order in ORDERS:
        if order**dimensions > MOST_NODES:
            return
        nodes, weights = roots_hermitenorm(order)
        grid = torch.cartesian_prod(*[torch.from_numpy(nodes)] * dimensions).reshape(-1, dimensions)
        weight = torch.cartesian_prod(*[torch.from_numpy(weights / weights.sum())] * dimensions)
        weight = weight.reshape(-1, dimensions).prod(1)
        noise = grid[:, : independent * own].reshape(-1, independent, own)
        if key.antithetic:
            noise = torch.stack([noise, -noise], 2).flatten(1, 2)
        noise = noise.reshape(-1, own).expand(images, -1, -1)
        rest = grid[:, independent * own :].reshape(-1, further).expand(images, -1, -1) if further else None
        batch = Batch(frame.problem, frame.q, noise, estimator.needs_gradient, rest)
        values = {
            (name, key.antithetic): found for name, found in integrand_values(batch, [integrand]).items()
        }
        estimates = channel.estimate(values, frame)
        mean = torch.einsum("r,irm->im", weight, estimates)
        away = estimates - mean.unsqueeze(1)
        yield Exact(mean, torch.einsum("r,ira,irb->iab", weight, away, away))
