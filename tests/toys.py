"""Toys with exact gradients: the objective itself as a quadrature, differentiated by autograd.

Nothing here uses an estimator, the derivatives of families or objectives, or
the engine: log densities are those of torch.distributions, the rule is
numpy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Normal

from reportgen.families import FixedScaleGaussian
from reportgen.problems import BUILDERS, Materials, Problem
from reportgen.problems.model import free_gaussian

POINTS = {1: 180, 2: 60, 3: 36, 4: 22}
"""Number of dimensions → nodes of the rule in each direction."""


@dataclass(frozen=True)
class Toy:
    """A problem of one or two latent units."""

    name: str
    make: Callable[[], Problem]

    @cached_property
    def problem(self) -> Problem:
        return self.make()

    @cached_property
    def eta(self) -> Tensor:
        with torch.no_grad():
            return self.problem.encoder(self.problem.x)

    def gradient(self, objective: str, num_samples: int = 1, theta: bool = False) -> Tensor:
        """∇_η of the objective at every data point, [I m]; ∇_θ for the prior's mean, [I d]."""
        return _gradients(self, objective, num_samples if objective == "iwae" else 1)[theta]

    def value(self, objective: str, count: int, eta: Tensor, centre: Tensor) -> Tensor:
        """E[f] or, of so many samples, E[log mean_k w_k], [I]."""
        fixed = isinstance(self.problem.family(eta), FixedScaleGaussian)
        mean = eta if fixed else eta.chunk(2, -1)[0]
        scale = torch.full_like(mean, math.sqrt(2.0 / 3.0)) if fixed else eta.chunk(2, -1)[1].exp()
        d = mean.shape[1]
        nodes, weights = np.polynomial.hermite_e.hermegauss(POINTS[count * d])
        rule = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())
        grid = torch.cartesian_prod(*[rule[0]] * (count * d)).reshape(-1, count, d)
        weight = torch.cartesian_prod(*[rule[1]] * (count * d)).reshape(len(grid), -1).prod(1)
        q = Normal(mean[:, None, None], scale[:, None, None])  # [I 1 1 d]
        z = q.loc + q.scale * grid
        f = self.problem.log_likelihood(z.flatten(1, 2)).reshape(z.shape[:3])
        if objective in ("elbo", "iwae"):
            f = f + (Normal(centre.unsqueeze(1), 1.0).log_prob(z) - q.log_prob(z)).sum(-1)
        value = f.logsumexp(2) - math.log(count) if objective == "iwae" else f.mean(2)
        return value @ weight


@cache
def _gradients(toy: Toy, objective: str, count: int) -> tuple[Tensor, Tensor]:
    """∇_η and ∇_θ, as above: every estimator of an objective is compared with the same."""
    eta = toy.eta.clone().requires_grad_(True)
    prior = getattr(toy.problem.prior, "mean", None)
    centre = torch.zeros(1, dtype=torch.float64) if prior is None else prior
    centre = centre.expand(len(eta), -1).unsqueeze(1).clone().requires_grad_(True)
    value = toy.value(objective, count, eta, centre).sum()
    of_eta, of_centre = torch.autograd.grad(value, [eta, centre], materialize_grads=True)
    return of_eta, of_centre.squeeze(1)


def function(name: str, k: float, mean: float = 1.0, scale: float = 1.0) -> Toy:
    """One of Mohamed et al.'s."""
    settings = {"function": name, "k": k, "dimension": 1, "mean": mean, "scale": scale}
    return Toy(f"{name} k={k:g}", lambda: BUILDERS["function"](Materials(settings, 0)).problem)


def conjugate(offset: float = 0.0, factor: float = 1.0) -> Toy:
    """z ~ N(0, 1), x|z ~ N(z, 1), x = 2, q the posterior moved and stretched."""
    settings = {"x": 2.0, "drop_constant": False, "mean_offset": offset, "scale_factor": factor}
    return Toy(
        f"conjugate {offset:g} {factor:g}", lambda: BUILDERS["conjugate"](Materials(settings, 0)).problem
    )


def rainforth(latent: int) -> Toy:
    """Two data points of a small one, well away from its optimum."""
    settings = {"latent": latent, "points": 2, "perturbation": 0.3, "data_points": 64}
    return Toy(f"rainforth d={latent}", lambda: BUILDERS["rainforth"](Materials(settings, 4)).problem)


def crossed(z: Tensor) -> Tensor:
    """A function of two units that is not a sum over units."""
    return torch.sin(z[..., 0]) + z[..., 0] * z[..., 1] - 0.3 * z[..., 1] ** 2


TWO_UNITS = Toy("two units", lambda: free_gaussian([0.5, -0.4], [0.9, 0.6], crossed))
CURVES = [
    function("quadratic", -1.0),
    function("quadratic", 2.0, 2.0, 1.5),
    function("exponential", 0.5),
    function("exponential", 2.0),
    function("cosine", 0.5),
    function("cosine", 2.5),
]
