"""Estimators as surrogates: scalars whose gradient, for each replicate, is the estimate.

The functions of `reportgen.estimators` work with ∇_z f and vectors in η. Through
several stochastic layers, or in θ, an estimate has no such form; here each is a
scalar built from log densities, some of them held fixed.
Source: Schulman et al. (2015), section 3, for the idea; each function below names
that of its estimator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from reportgen.estimators import Coefficients, moving_average_baseline, vimco, vimco_geometric
from reportgen.problems.layered import LayeredModel, Trace


@dataclass(frozen=True)
class Sampled:
    """One set of draws, K samples per replicate; each trace is computed when it is first needed."""

    model: LayeredModel
    noise: Tensor
    """[I R·K n]"""
    num_samples: int
    several: bool
    """Whether the objective is a bound from the K samples jointly."""
    reconstruction: bool
    """Whether f is only log p(x|z)."""
    coefficients: Coefficients = field(default_factory=dict)
    """The estimator's fitted coefficients; see `layered.pilot`."""

    @cached_property
    def path(self) -> Trace:
        """The samples as functions of the parameters."""
        return self.model.trace(self.noise, fixed=False)

    @cached_property
    def fixed(self) -> Trace:
        """The same samples, held fixed."""
        return self.model.trace(self.noise, fixed=True)

    def fold(self, values: Tensor) -> Tensor:
        """[I R·K] → [I R K]."""
        return values.reshape(values.shape[0], -1, self.num_samples)

    def integrand(self, trace: Trace, log_q: Tensor) -> Tensor:
        """f at every sample, [I R K]; `log_q` is that of the trace, or a variant of it."""
        return self.fold(trace.log_likelihood if self.reconstruction else trace.log_p - log_q)

    @property
    def held(self) -> Tensor:
        """f at the same samples, without a graph, [I R K]."""
        return self.integrand(self.fixed, self.fixed.log_q).detach()

    @property
    def log_q(self) -> Tensor:
        """log q at the samples held fixed, [I R K]; its gradient is the score."""
        return self.fold(self.fixed.log_q)

    def objective(self, f: Tensor) -> Tensor:
        """The objective for each replicate, [I R K] → [I R]: the mean of f, or the log of the mean weight."""
        return torch.logsumexp(f, 2) - math.log(self.num_samples) if self.several else f.mean(2)


def pathwise(draws: Sampled) -> Tensor:
    """The objective itself, differentiated through the samples."""
    return draws.objective(draws.integrand(draws.path, draws.path.log_q))


def sticking_the_landing(draws: Sampled) -> Tensor:
    """As `pathwise`, but with φ in log q held fixed. Source: Roeder et al. (2017), path derivative."""
    return draws.objective(draws.integrand(draws.path, draws.path.log_q_stopped))


def doubly_reparameterized(draws: Sampled) -> Tensor:
    """Σ ω² log w, the weights ω held fixed. Source: Tucker et al. (2019), IWAE-DReG."""
    f = draws.integrand(draws.path, draws.path.log_q_stopped)
    return (torch.softmax(f, 2).square().detach() * f).sum(2)


def score_function(draws: Sampled) -> Tensor:
    """f log q with f held fixed; for a bound, plus its own φ-derivative. Source: Williams (1992)."""
    if not draws.several:
        return (draws.held * draws.log_q).mean(2)
    bound = draws.objective(draws.integrand(draws.fixed, draws.fixed.log_q))
    return bound.detach() * draws.log_q.sum(2) + bound


def optimal_constant(draws: Sampled) -> Tensor:
    """(f − b*) log q, the first factor held fixed. Source: Greensmith et al. (2004)."""
    return ((draws.held - draws.coefficients["baseline"]) * draws.log_q).mean(2)


def moving_average(draws: Sampled) -> Tensor:
    """(f − b_r) log q, with b_r a moving average of past f. Source: Mnih & Gregor (2014), section 2.3."""
    past = moving_average_baseline.past_average(draws.held.mean(2), draws.coefficients["start"])
    return ((draws.held - past.unsqueeze(2)) * draws.log_q).mean(2)


def leave_one_out(draws: Sampled) -> Tensor:
    """(f − mean of the other f) log q, the first factor held fixed. Source: Kool et al. (2019)."""
    f = draws.held
    advantage = (f - f.mean(2, keepdim=True)) * (draws.num_samples / (draws.num_samples - 1))
    return (advantage * draws.log_q).mean(2)


def bound_with(signal: Callable[[Tensor], Tensor]) -> Callable[[Sampled], Tensor]:
    """Σ_k (L̂ − L̂₋ₖ) log q_k with the first factor held fixed, plus the bound's own φ-derivative.

    Source: Mnih & Rezende (2016), section 2.
    """

    def surrogate(draws: Sampled) -> Tensor:
        bound = draws.objective(draws.integrand(draws.fixed, draws.fixed.log_q))
        return (signal(draws.held) * draws.log_q).sum(2) + bound

    return surrogate


def as_printed(draws: Sampled) -> Tensor:
    """f q log q with f and q held fixed, so that its gradient is f ∇q. Source: Borea, first equation."""
    return ((draws.held * draws.log_q.detach().exp()) * draws.log_q).mean(2)


def generative(draws: Sampled) -> Tensor:
    """The objective at samples held fixed, differentiated in θ. Source: Burda et al. (2016), eq. 14."""
    return draws.objective(draws.integrand(draws.fixed, draws.fixed.log_q))


SURROGATES: dict[str, Callable[[Sampled], Tensor]] = {
    "pathwise": pathwise,
    "sticking_the_landing": sticking_the_landing,
    "doubly_reparameterized": doubly_reparameterized,
    "score_function": score_function,
    "score_function_optimal_constant": optimal_constant,
    "moving_average_baseline": moving_average,
    "leave_one_out": leave_one_out,
    "vimco": bound_with(vimco.signal),
    "vimco_geometric": bound_with(vimco_geometric.signal),
    "generative": generative,
    "score_function_as_printed": as_printed,
}
"""Name in `reportgen.estimators` → surrogate."""
