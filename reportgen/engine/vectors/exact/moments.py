"""Exact mean and covariance of an estimator: a sum over all that its noise can be.

The estimator itself is run on nodes, and its moments are weighted sums. For
discrete q the nodes are the codes that its samples can be; for others those of
a quadrature rule, refined until three rules agree. What does not converge
within the nodes allowed has no exact value, nor has a user's own estimator
that is shown codes and asks for the noise behind them. An estimate that is a
mean over independent samples needs the nodes of one of them only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.draws import Frame, IntegrandValues, UnknownNoiseError
from reportgen.engine.vectors.exact.enumeration import codes
from reportgen.engine.vectors.exact.nodes import Nodes
from reportgen.engine.vectors.exact.quadrature import ORDERS, rule
from reportgen.objectives import Integrand

TOLERANCE = 1e-9
"""Difference at which two rules agree: of covariances, relative to the largest; of means, to the root of that
or to the largest mean."""
ROUNDING = 1e-12
"""What is as small as this beside an estimate, or beside its terms, is rounding: a variance may be zero."""
STILL = 1e-9
"""Size, beside that of its terms, below which a replicate is zero."""
LAST_DIGITS = 1e-3
"""Share of a term's mean that counts with its variation: times `ROUNDING` it is the last digits of f."""


@dataclass(frozen=True)
class Exact:
    """Of one estimate at each data point."""

    mean: Tensor
    """[I m]"""
    covariance: Tensor
    """[I m m]"""
    terms: float
    """Size of the terms that a replicate is a sum of, before they cancel."""

    @property
    def size(self) -> float:
        """Of a replicate: the largest mean or standard deviation of a coordinate."""
        spread = torch.diagonal(self.covariance, dim1=1, dim2=2).clamp_min(0.0).sqrt()
        return max(float(self.mean.abs().amax()), float(spread.amax()))

    def agrees_with(self, other: Exact) -> bool:
        """Whether the two are the same to `TOLERANCE` and `ROUNDING`."""
        variance = torch.maximum(self.covariance.abs().amax(), other.covariance.abs().amax())
        size = torch.maximum(self.mean.abs().amax(), variance.sqrt())
        rounding = ROUNDING * size.clamp_min(max(self.terms, other.terms))
        of_means = (self.mean - other.mean).abs().amax()
        of_covariances = (self.covariance - other.covariance).abs().amax()
        return bool(of_means <= TOLERANCE * size + rounding) and bool(
            of_covariances <= TOLERANCE * variance + rounding**2
        )

    def without_rounding(self) -> Exact:
        """Zero where all of it is rounding."""
        if self.size >= STILL * self.terms:
            return self
        return Exact(torch.zeros_like(self.mean), torch.zeros_like(self.covariance), self.terms)


def exact_moments(channel: Channel, integrand: Integrand, frame: Frame) -> Exact | None:
    """Mean and covariance of the channel's estimator; None where its noise has too many dimensions.

    They are exact to rounding of the precision that the problem is in, which
    for a quadrature rule must be float64.
    """
    if channel.estimator.sequential:
        return None
    part, parts = _independent_part(channel)
    found = _by_nodes(part, integrand, frame)
    return None if found is None else replace(found, covariance=found.covariance / parts)


def _independent_part(channel: Channel) -> tuple[Channel, int]:
    """What of the channel's estimate is independent of the rest, and how many such parts it is the mean of.

    A sample, or an antithetic pair, where the estimator averages; else, and for
    a bound of several samples, all of it.
    """
    key = channel.key
    samples = 2 if key.antithetic else 1
    if key.several or not channel.estimator.averages or key.num_samples == samples:
        return channel, 1
    return replace(channel, key=replace(key, num_samples=samples)), key.num_samples // samples


def _by_nodes(channel: Channel, integrand: Integrand, frame: Frame) -> Exact | None:
    if DISTRIBUTIONS[frame.q.name].discrete:
        nodes = codes(channel, frame)
        try:
            return None if nodes is None else _moments(nodes, channel, integrand, frame).without_rounding()
        except UnknownNoiseError:
            return None
    if frame.gram.dtype != torch.float64:
        return None
    return _by_quadrature(channel, integrand, frame)


def _by_quadrature(channel: Channel, integrand: Integrand, frame: Frame) -> Exact | None:
    """By a rule with which the one before it agrees, and one between them that is hardly finer than that.

    Two rules can miss the same: what happens near the mean of q, say, where
    no rule of an even order has a node. The third has the other parity than
    the coarse one, and so has nodes where that has none.
    """

    def of(order: int) -> Exact | None:
        nodes = rule(order, channel, frame)
        return None if nodes is None else _moments(nodes, channel, integrand, frame)

    coarse = of(ORDERS[0])
    for order, finer in pairwise(ORDERS):
        fine = of(finer)
        if coarse is None or fine is None:
            return None
        if coarse.agrees_with(fine):
            third = of(order + 1)
            if third is not None and third.agrees_with(fine):
                return fine.without_rounding()
        coarse = fine
    return None


def _moments(nodes: Nodes, channel: Channel, integrand: Integrand, frame: Frame) -> Exact:
    values = {(integrand.name, channel.key.antithetic): IntegrandValues(nodes.points, integrand)}
    estimates = channel.estimate(values, frame).double()
    mean = torch.einsum("ir,irm->im", nodes.weight, estimates)
    away = estimates - mean.unsqueeze(1)
    covariance = (away * nodes.weight.unsqueeze(2)).mT @ away
    return Exact(mean, covariance, _size_of_terms(nodes, channel, integrand))


def _size_of_terms(nodes: Nodes, channel: Channel, integrand: Integrand) -> float:
    """Of the largest coordinate: how much the terms of f vary, times the score, both as root mean squares.

    So it is in the unit of f over that of η, as the gradient is, and a constant added to f hardly counts.
    Nothing cancels in the gradient in θ, which is no product with the score.
    """
    if channel.space != "phi":
        return 0.0
    samples = channel.key.num_samples
    weight = nodes.weight.repeat_interleave(samples, 1) / samples  # [I RK]
    size = torch.zeros(len(weight), dtype=torch.float64)
    for term in integrand.terms(nodes.points):
        mean = (weight * term).sum(1, keepdim=True)
        variance = (weight * (term - mean) ** 2).sum(1)
        size += (variance + (LAST_DIGITS * mean.squeeze(1)) ** 2).sqrt()
    score = (weight.unsqueeze(2) * nodes.points.score**2).sum(1).sqrt()  # [I m]
    return float((size.unsqueeze(1) * score).amax())
