"""Families to test, each with its slow twin from torch.distributions.

Every line of `FAMILIES` is a case, with its default options and with others. A
twin shares nothing with our family but the order of η.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch import distributions as td

from reportgen.distributions import DISTRIBUTIONS
from reportgen.families import FAMILIES, Family
from reportgen.streams import stream

IMAGES, LATENT, SAMPLES = 3, 3, 7


def _gaussian(eta: Tensor) -> td.Distribution:
    mean, log_scale = eta.chunk(2, -1)
    return td.Independent(td.Normal(mean, log_scale.exp()), 1)


def _fixed_scale(eta: Tensor, scale: float) -> td.Distribution:
    return td.Independent(td.Normal(eta, torch.full_like(eta, scale)), 1)


def _full_covariance(eta: Tensor) -> td.Distribution:
    mean, diagonal, below = eta[:, :LATENT], eta[:, LATENT : 2 * LATENT].exp(), iter(eta[:, 2 * LATENT :].T)
    zero = torch.zeros_like(mean[:, 0])
    rows = [
        torch.stack([next(below) if j < i else diagonal[:, i] if j == i else zero for j in range(LATENT)], -1)
        for i in range(LATENT)
    ]
    return td.MultivariateNormal(mean, scale_tril=torch.stack(rows, -2))


def _low_rank(eta: Tensor, rank: int) -> td.Distribution:
    mean, log_scale, factor = eta[:, :LATENT], eta[:, LATENT : 2 * LATENT], eta[:, 2 * LATENT :]
    return td.LowRankMultivariateNormal(mean, factor.view(-1, LATENT, rank), log_scale.exp() ** 2)


def _bernoulli(eta: Tensor) -> td.Distribution:
    return td.Independent(td.Bernoulli(logits=eta), 1)


def _categorical(eta: Tensor, classes: int) -> td.Distribution:
    return td.Independent(td.OneHotCategorical(logits=eta.view(-1, LATENT, classes)), 1)


TWINS: dict[str, Callable[..., td.Distribution]] = {
    "gaussian": _gaussian,
    "fixed_scale_gaussian": _fixed_scale,
    "full_covariance_gaussian": _full_covariance,
    "low_rank_gaussian": _low_rank,
    "bernoulli": _bernoulli,
    "categorical": _categorical,
}

OTHER_OPTIONS: dict[str, dict[str, Any]] = {
    "fixed_scale_gaussian": {"scale": 0.7},
    "low_rank_gaussian": {"rank": 2},
    "categorical": {"classes": 3},
}


@dataclass(frozen=True)
class Case:
    """A class to be checked as if it were the family of this name."""

    family: type[Family]
    name: str
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> dict[str, Any]:
        return {**DISTRIBUTIONS[self.name].options, **self.options}

    @property
    def width(self) -> int:
        return DISTRIBUTIONS[self.name].width(LATENT, **self.options)

    def normals(self, *shape: int, what: str = "") -> Tensor:
        return torch.from_numpy(stream(3, "families", self.name, what).standard_normal(shape))

    def eta(self) -> Tensor:
        m = DISTRIBUTIONS[self.name].parameters(LATENT, **self.options)
        return 0.8 * self.normals(IMAGES, m, what="eta")

    def q(self, eta: Tensor | None = None) -> Family:
        return self.family.from_eta(self.eta() if eta is None else eta, **self.options)

    def noise(self, samples: int = SAMPLES) -> Tensor:
        return self.normals(IMAGES, samples, self.q().noise, what="noise")

    def twin(self, eta: Tensor | None = None) -> td.Distribution:
        return TWINS[self.name](self.eta() if eta is None else eta, **self.known)

    def twin_log_density(self, z: Tensor, eta: Tensor | None = None) -> Tensor:
        """log q of z [I N d] → [I N]."""
        twin = self.twin(eta)
        return twin.log_prob(z.transpose(0, 1).reshape(-1, z.shape[0], *twin.event_shape)).T

    def prior(self) -> td.Distribution:
        """The twin's class at the prior: zero for every number of η, and no factor."""
        if DISTRIBUTIONS[self.name].discrete:
            return self.twin(torch.zeros_like(self.eta()))
        mean = torch.zeros(IMAGES, LATENT, dtype=torch.float64)
        if self.name in ("gaussian", "fixed_scale_gaussian"):
            return td.Independent(td.Normal(mean, torch.ones_like(mean)), 1)
        return td.MultivariateNormal(mean, torch.eye(LATENT, dtype=torch.float64))

    def __str__(self) -> str:
        return "-".join([self.family.__name__, *(f"{k}={v}" for k, v in self.options.items())])


CASES = [Case(family, name) for name, family in FAMILIES.items()] + [
    Case(FAMILIES[name], name, options) for name, options in OTHER_OPTIONS.items()
]


def one_by_one(x: Tensor) -> Tensor:
    """[I N …] → [I·N 1 …]: every sample a data point of its own, so that its gradient is its own."""
    return x.flatten(0, 1).unsqueeze(1)


def own_eta(eta: Tensor, samples: int) -> Tensor:
    """η [I m] → [I·N m], a leaf, one row a sample."""
    return eta.repeat_interleave(samples, 0).requires_grad_(True)


def name(value: object) -> str:
    """A parameter's name in the list of tests, the same in every process."""
    return str(getattr(value, "__name__", value))
