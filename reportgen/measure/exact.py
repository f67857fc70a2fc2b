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

ORDERS = (5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 450, 640, 900, 1280)
"""Nodes in each direction; five are exact for what is a polynomial of degree nine."""
MOST_NODES = 250_000
TOLERANCE = 1e-9
"""Difference at which two rules agree: of covariances, relative to the largest; of means, to the root of that
or to the largest mean."""
ROUNDING = 1e-12
"""What is as small as this beside an estimate, or beside 1, is rounding: a variance may be zero."""

STILL = 1e-9
"""Size below which a replicate is zero: estimates here are sums of terms of size about 1."""


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
        """Whether the two are the same to `TOLERANCE` and `ROUNDING`."""
        variance = torch.maximum(self.covariance.abs().amax(), other.covariance.abs().amax())
        size = torch.maximum(self.mean.abs().amax(), variance.sqrt())
        rounding = ROUNDING * size.clamp_min(1.0)
        of_means = (self.mean - other.mean).abs().amax()
        of_covariances = (self.covariance - other.covariance).abs().amax()
        return bool(of_means <= TOLERANCE * size + rounding) and bool(
            of_covariances <= TOLERANCE * variance + rounding**2
        )


def exact_moments(channel: Channel, integrand: Integrand, frame: Frame) -> Exact | None:
    """Mean and covariance of the channel's estimator; None where its noise has too many dimensions."""
    if DISTRIBUTIONS[frame.q.name].discrete or frame.gram.dtype != torch.float64:
        return None
    if channel.estimator.sequential:
        return None
    for coarse, fine in pairwise(_rules(channel, integrand, frame)):
        if coarse.agrees_with(fine):
            still = fine.size < STILL
            return Exact(torch.zeros_like(fine.mean), torch.zeros_like(fine.covariance)) if still else fine
    return None


def _rules(channel: Channel, integrand: Integrand, frame: Frame) -> Iterator[Exact]:
    estimator, key = channel.estimator, channel.key
    independent = key.num_samples // 2 if key.antithetic else key.num_samples
    own, further = frame.q.noise, frame.q.noise * estimator.auxiliary
    signs = own * estimator.signs
    smooth = [True] * independent * own + ([True] * (further - signs) + [False] * signs) * key.num_samples
    images = frame.gram.shape[0]
    for order in ORDERS:
        if order ** sum(smooth) * 2 ** (len(smooth) - sum(smooth)) > MOST_NODES:
            return
        grid, weight = _product_rule(order, smooth)
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


def _product_rule(order: int, smooth: list[bool]) -> tuple[Tensor, Tensor]:
    """Nodes [n, dimensions] and weights [n]; two points, −1 and 1, where the sign alone counts."""
    nodes, weights = (torch.from_numpy(part) for part in roots_hermitenorm(order))
    sides, halves = torch.tensor([-1.0, 1.0]).double(), torch.tensor([0.5, 0.5]).double()
    grid = torch.cartesian_prod(*[nodes if own else sides for own in smooth])
    weight = torch.cartesian_prod(*[weights / weights.sum() if own else halves for own in smooth])
    return grid.reshape(-1, len(smooth)), weight.reshape(-1, len(smooth)).prod(1)
