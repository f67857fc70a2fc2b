"""The bound of a minibatch, and a loss from which autograd computes its gradient in every parameter.

If q is reparameterizable, the loss is the negative bound itself, differentiated
through the samples z = z(η, ε) too; from log mean exp autograd obtains the
normalised weights of Burda et al. (2016), equation 14. If z is discrete, the
gradient in φ is the score function with the other samples as the baseline
(Kool, van Hoof & Welling, 2019), and that in θ is the derivative of f at the samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.errors import CellError
from reportgen.objectives import LOG_WEIGHT, OBJECTIVES
from reportgen.problems.layered import LayeredModel
from reportgen.problems.problem import Problem
from reportgen.training.bound import bound_of

SCORE_SAMPLES = 2
"""Least samples per data point if z is discrete: each sample needs another one as its baseline."""

Noise = Callable[[int, int, int], Tensor]
"""Standard normals [n N width]."""


@dataclass(frozen=True)
class Sampled:
    """Log densities with their autograd graph; implements `reportgen.objectives.Densities`."""

    log_likelihood: Tensor
    log_prior: Tensor
    log_q: Tensor


@dataclass(frozen=True)
class Surrogate:
    """Bound and loss of one minibatch."""

    bound: Tensor
    """The bound of each data point, [n], nats, without a graph."""
    loss: Tensor
    """A scalar whose gradient estimates that of the negative mean bound, unbiased; its value is not used."""


def surrogate(model: Problem | LayeredModel, objective: str, noise: Noise, num_samples: int = 1) -> Surrogate:
    """The surrogate of a model at n data points with trainable θ, from `num_samples` samples of each.

    If z is discrete, at least `SCORE_SAMPLES` are drawn.
    Raises CellError if the model does not have this objective.
    """
    if isinstance(model, LayeredModel):
        return _layered(model, objective, noise, num_samples)
    chosen = OBJECTIVES[objective]
    q = model.family(model.encoder(model.x))
    jumps = not DISTRIBUTIONS[q.name].reparameterizable
    if jumps and chosen.several:
        raise CellError(f"train.objective: {objective} needs a q with a path from noise to z. Use elbo.")
    drawn = max(num_samples, SCORE_SAMPLES) if jumps else num_samples
    epsilon = noise(len(model.x), drawn, q.noise)
    z, log_q = q.sample(epsilon), q.log_density(epsilon)
    densities = Sampled(
        model.log_likelihood(z), model.prior.log_density(z), log_q.detach() if jumps else log_q
    )
    f = chosen.integrand.value(densities)
    differentiated = f
    if jumps:
        others = (f.sum(1, keepdim=True) - f) / (drawn - 1)
        differentiated = f + (f - others).detach() * log_q
    bound, differentiated = bound_of(f, objective), bound_of(differentiated, objective)
    if chosen.exact_kl:
        divergence = q.kl_to_prior()
        bound, differentiated = bound - divergence, differentiated - divergence
    return Surrogate(bound.detach(), -differentiated.mean())


def _layered(model: LayeredModel, objective: str, noise: Noise, num_samples: int) -> Surrogate:
    if OBJECTIVES[objective].integrand is not LOG_WEIGHT:
        raise CellError(
            f"train.objective: a model of stochastic layers has no {objective}. Use elbo or iwae."
        )
    trace = model.trace(noise(len(model.x), num_samples, model.noise), fixed=False)
    bound = bound_of(trace.log_p - trace.log_q, objective)
    return Surrogate(bound.detach(), -bound.mean())
