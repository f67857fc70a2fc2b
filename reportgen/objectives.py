"""Objectives: the expectations under q whose gradients are estimated, by name and with their formulas.

The ranking of estimators changes with the objective, so none is implied.
Like `reportgen.estimators`, this module does not import torch: its functions
use only the tensors' operators.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Densities(Protocol):
    """Log densities at samples z of q(z; η), with any leading axes."""

    @property
    def log_likelihood(self) -> Tensor: ...
    @property
    def log_prior(self) -> Tensor: ...
    @property
    def log_q(self) -> Tensor: ...


class Point(Densities, Protocol):
    """Log densities together with their gradients."""

    @property
    def log_likelihood_gradient(self) -> Tensor: ...
    @property
    def log_prior_gradient(self) -> Tensor: ...
    @property
    def log_q_gradient(self) -> Tensor: ...
    @property
    def score(self) -> Tensor: ...


@dataclass(frozen=True)
class Integrand:
    """f(z; η) with its partial derivatives."""

    name: str
    terms: Callable[[Densities], tuple[Tensor, ...]]
    """The terms that f adds or subtracts, without their signs; in f they may cancel."""
    value: Callable[[Densities], Tensor]
    gradient: Callable[[Point], Tensor]
    """∇_z f at fixed η."""
    explicit: Callable[[Point], Tensor] | None
    """∂f/∂η at fixed z; its expectation under q is zero for every integrand here."""


@dataclass(frozen=True)
class Objective:
    """E_q[f] plus, where `exact_kl`, a term whose gradient is known in closed form."""

    name: str
    title: str
    formula: str
    """Empty if only estimates of its gradient are known."""
    spoken: str
    integrand: Integrand
    exact_kl: bool = False
    """Whether − KL(q(z|x) ‖ p(z)) is added, differentiated exactly."""
    several: bool = False
    """Whether it is a bound from K samples jointly, E[log mean_k exp f(z_k)], whose value depends on K."""
    source: str = ""
    unit: str = "nats"
    """Unit of its value; empty where f may be any function."""


LIKELIHOOD = Integrand(
    name="likelihood",
    terms=lambda p: (p.log_likelihood,),
    value=lambda p: p.log_likelihood,
    gradient=lambda p: p.log_likelihood_gradient,
    explicit=None,
)

LOG_WEIGHT = Integrand(
    name="log_weight",
    terms=lambda p: (p.log_likelihood, p.log_prior, p.log_q),
    value=lambda p: p.log_likelihood + p.log_prior - p.log_q,
    gradient=lambda p: p.log_likelihood_gradient + p.log_prior_gradient - p.log_q_gradient,
    explicit=lambda p: -p.score,
)

OBJECTIVES: dict[str, Objective] = {
    "reconstruction": Objective(
        name="reconstruction",
        title="Reconstruction term",
        formula=r"\mathbb{E}_{q_{\varphi}(z \mid x)}\bigl[\log p_{\theta}(x \mid z)\bigr]",
        spoken="the expectation, under q phi of z given x, of log p theta of x given z",
        integrand=LIKELIHOOD,
        source="borea",
    ),
    "elbo": Objective(
        name="elbo",
        title="ELBO",
        formula=(
            r"\mathbb{E}_{q_{\varphi}(z \mid x)}"
            r"\bigl[\log p_{\theta}(x, z) - \log q_{\varphi}(z \mid x)\bigr]"
        ),
        spoken=(
            "the expectation, under q phi of z given x, of a difference: log p theta of x and z, "
            "minus log q phi of z given x"
        ),
        integrand=LOG_WEIGHT,
        source="burda2016, kingma2013",
    ),
    "elbo_analytic_kl": Objective(
        name="elbo_analytic_kl",
        title="ELBO, analytic KL",
        formula=(
            r"\mathbb{E}_{q_{\varphi}(z \mid x)}\bigl[\log p_{\theta}(x \mid z)\bigr]"
            r" - \mathrm{KL}\bigl(q_{\varphi}(z \mid x) \,\Vert\, p(z)\bigr)"
        ),
        spoken=(
            "the expectation, under q phi of z given x, of log p theta of x given z; "
            "minus the Kullback Leibler divergence of q phi of z given x from p of z"
        ),
        integrand=LIKELIHOOD,
        exact_kl=True,
        source="kingma2013",
    ),
    "iwae": Objective(
        name="iwae",
        title="IWAE bound",
        formula=(
            r"\mathbb{E}_{q_{\varphi}(z_1 \mid x) \cdots q_{\varphi}(z_K \mid x)}"
            r"\biggl[\log \frac{1}{K} \sum_{k=1}^{K} w_k\biggr], \qquad"
            r" w_k = w(z_k) = \frac{p_{\theta}(x, z_k)}{q_{\varphi}(z_k \mid x)}"
        ),
        spoken=(
            "the expectation, under K independent samples from q phi of z given x, of the logarithm of the "
            "mean of w k, where w k, or w of z k, is p theta of x and z k over q phi of z k given x"
        ),
        integrand=LOG_WEIGHT,
        several=True,
        source="burda2016",
    ),
    "expectation": Objective(
        name="expectation",
        title="Expectation",
        formula=r"\mathbb{E}_{q_{\varphi}(z)}\bigl[f(z)\bigr]",
        spoken="the expectation, under q phi of z, of f of z",
        integrand=LIKELIHOOD,
        source="mohamed2020",
        unit="",
    ),
    "own": Objective(
        name="own",
        title="Own objective",
        formula="",
        spoken="",
        integrand=LIKELIHOOD,
        unit="",
    ),
}
