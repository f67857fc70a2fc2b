"""Exact mean and covariance of an estimator, as weighted sums over nodes.

The estimator itself is evaluated at the nodes. For discrete q these are the
codes that its samples can be; for continuous q those of a quadrature rule,
refined until three rules agree. There is no exact value if the rules do not
agree within the allowed number of nodes, or if a user's own estimator is shown
codes and asks for the noise behind them. If an estimate is a mean over
independent samples, the nodes of a single sample suffice.
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
"""Two rules agree up to this difference: for covariances, relative to the largest one; for means, relative to
the root of that, or to the largest mean if it is larger."""
ROUNDING = 1e-12
"""Differences this small, relative to an estimate or its terms, are rounding: a variance may be zero."""
STILL = 1e-9
"""A replicate this small, relative to its terms, is zero."""
LAST_DIGITS = 1e-3
"""Share of a term's mean that is added to its variation: times `ROUNDING` it covers the last digits of f."""


@dataclass(frozen=True)
class Exact:
    """The exact moments of one estimate at each data point."""

    mean: Tensor
    """[I m]"""
    covariance: Tensor
    """[I m m]"""
    terms: float
    """Size of the terms of which a replicate is the sum, before they cancel."""

    @property
    def size(self) -> float:
        """Size of a replicate: the largest mean or standard deviation of a coordinate."""
        spread = torch.diagonal(self.covariance, dim1=1, dim2=2).clamp_min(0.0).sqrt()
        return max(float(self.mean.abs().amax()), float(spread.amax()))

    def agrees_with(self, other: Exact) -> bool:
        """Whether the two are equal up to `TOLERANCE` and `ROUNDING`."""
        variance = torch.maximum(self.covariance.abs().amax(), other.covariance.abs().amax())
        size = torch.maximum(self.mean.abs().amax(), variance.sqrt())
        rounding = ROUNDING * size.clamp_min(max(self.terms, other.terms))
        of_means = (self.mean - other.mean).abs().amax()
        of_covariances = (self.covariance - other.covariance).abs().amax()
        return bool(of_means <= TOLERANCE * size + rounding) and bool(
            of_covariances <= TOLERANCE * variance + rounding**2
        )

    def without_rounding(self) -> Exact:
        """These moments, or zero if all of them are rounding."""
        if self.size >= STILL * self.terms:
            return self
        return Exact(torch.zeros_like(self.mean), torch.zeros_like(self.covariance), self.terms)


def exact_moments(channel: Channel, integrand: Integrand, frame: Frame) -> Exact | None:
    """Mean and covariance of the channel's estimator; None if they cannot be computed.

    They are exact up to rounding in the problem's precision, which for
    quadrature must be float64.
    """
    if channel.estimator.sequential:
        return None
    part, parts = _independent_part(channel)
    found = _by_nodes(part, integrand, frame)
    return None if found is None else replace(found, covariance=found.covariance / parts)


def _independent_part(channel: Channel) -> tuple[Channel, int]:
    """The independent part of the channel's estimate, and how many such parts it is the mean of.

    It is a sample, or an antithetic pair, if the estimator averages over samples;
    otherwise, and for a bound of several samples, it is the whole estimate.
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
    """Moments by the first rule that agrees with the one before it, and with one of the order after that.

    Two rules can miss the same feature: for instance near the mean of q, where no
    rule of even order has a node. The third rule's order is one higher than the
    coarse rule's, hence of the other parity, so it has nodes where that has none.
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
    """Summed standard deviations of the terms of f, times the root mean square score; largest coordinate.

    Its unit is that of f over that of η, as the gradient's, and a constant added to f hardly matters.
    It is 0 for the gradient in θ, which is not a product with the score, and in which nothing cancels.
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
