"""One set of samples, evaluated once, seen by every estimator.

A `Batch` holds N samples of each of I data points and computes each quantity
when it is first asked for, once. `IntegrandDraws` shows it to an estimator as
[I R K …] for one integrand, without copying.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from reportgen.families.family import Family
from reportgen.objectives import Integrand, Point
from reportgen.problems.problem import Problem

EVALUATION_ROWS = 1024
"""Samples that pass through the decoder at once, over all images: its activations stay in the caches."""


class _Evaluated:
    """log p(x|z) and log p(z) at points z [I N d], and their gradients in z where wanted."""

    def __init__(self, problem: Problem, z: Tensor, with_gradient: bool) -> None:
        self.problem = problem
        self.z = z
        values, gradients = [], []
        for part in torch.split(z, max(EVALUATION_ROWS // len(z), 1), dim=1):
            value, gradient = _evaluate(problem, part, with_gradient)
            values.append(value)
            gradients.append(gradient)
        self.log_likelihood = torch.cat(values, 1)
        self._log_likelihood_gradient = torch.cat(gradients, 1) if with_gradient else None

    @property
    def log_likelihood_gradient(self) -> Tensor:
        if self._log_likelihood_gradient is None:
            raise RuntimeError("this batch was drawn without ∂ log p(x|z)/∂z: an estimator must declare it")
        return self._log_likelihood_gradient

    @cached_property
    def log_prior(self) -> Tensor:
        return self.problem.prior.log_density(self.z)

    @property
    def log_prior_gradient(self) -> Tensor:
        return self.problem.prior.gradient(self.z)


class Batch(_Evaluated):
    """N samples of each data point from noise [I N n]; a `reportgen.objectives.Point`.

    `with_gradient` decides whether ∂ log p(x|z)/∂z may be asked for: it keeps
    the decoder's graph for one backward pass. `auxiliary` [I N …] is further
    noise, for estimators that want more than the samples.
    """

    def __init__(
        self,
        problem: Problem,
        q: Family,
        epsilon: Tensor,
        with_gradient: bool,
        auxiliary: Tensor | None = None,
    ) -> None:
        self.q = q
        self.epsilon = epsilon
        self.auxiliary = auxiliary
        super().__init__(problem, q.sample(epsilon), with_gradient)

    @cached_property
    def log_q(self) -> Tensor:
        return self.q.log_density(self.epsilon)

    @cached_property
    def log_q_gradient(self) -> Tensor:
        return self.q.log_density_gradient(self.epsilon)

    @cached_property
    def score(self) -> Tensor:
        return self.q.score(self.epsilon)

    @cached_property
    def generative(self) -> Tensor:
        """∇_θ log p(x, z) at the samples, [I N |θ|]."""
        assert self.problem.generative is not None
        return self.problem.generative.gradient(self.z)


class PointsAt(_Evaluated):
    """The same quantities at points of anyone's choosing, z [I N d]; a `reportgen.objectives.Point`."""

    def __init__(self, problem: Problem, q: Family, z: Tensor, with_gradient: bool) -> None:
        self.q = q
        super().__init__(problem, z, with_gradient)

    @cached_property
    def log_q(self) -> Tensor:
        return self.q.log_density_at(self.z)

    @cached_property
    def log_q_gradient(self) -> Tensor:
        z = self.z.detach().requires_grad_(True)
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(self.q.log_density_at(z).sum(), z)
        return gradient

    @cached_property
    def score(self) -> Tensor:
        return self.q.score_at(self.z)


def _evaluate(problem: Problem, z: Tensor, with_gradient: bool) -> tuple[Tensor, Tensor]:
    """log p(x|z) [I n] and its gradient in z [I n d]; an empty tensor where that is not wanted."""
    if not with_gradient:
        with torch.no_grad():
            return problem.log_likelihood(z), z.new_empty(0)
    z = z.detach().requires_grad_(True)
    with torch.enable_grad():
        value = problem.log_likelihood(z)
        (gradient,) = torch.autograd.grad(value.sum(), z)
    return value.detach(), gradient


@dataclass(frozen=True)
class Frame:
    """What does not change between batches: the problem, q, the Gram matrix, the points at q's mean."""

    problem: Problem
    q: Family
    gram: Tensor
    """J Jᵀ over all parameters, [I m m], in the problem's precision."""
    centre: PointsAt | None
    """One point a data point, the mean of q; None where no estimator expands about it."""


class IntegrandValues:
    """f and its derivatives for one integrand on one batch, computed once for all its arms."""

    def __init__(self, batch: Batch, integrand: Integrand) -> None:
        self.batch = batch
        self.integrand = integrand

    @cached_property
    def value(self) -> Tensor:
        return self.integrand.value(self.batch)

    @cached_property
    def gradient(self) -> Tensor:
        return self.integrand.gradient(self.batch)

    @cached_property
    def explicit(self) -> Tensor | None:
        return None if self.integrand.explicit is None else self.integrand.explicit(self.batch)


@dataclass(frozen=True)
class IntegrandDraws:
    """One integrand on one batch, K samples a replicate; implements `estimators.Draws`."""

    values: IntegrandValues
    frame: Frame
    num_samples: int
    constant: float = 0.0
    several: bool = False
    """Whether the objective is a bound of the K samples together."""
    further: int = 0
    """Auxiliary normals that the estimator takes for each one of the noise."""

    def _fold(self, flat: Tensor) -> Tensor:
        replicates = flat.shape[1] // self.num_samples
        used = flat[:, : replicates * self.num_samples]
        return used.reshape(flat.shape[0], replicates, self.num_samples, *flat.shape[2:])

    @property
    def epsilon(self) -> Tensor:
        return self._fold(self.values.batch.epsilon)

    @property
    def auxiliary(self) -> Tensor:
        if self.values.batch.auxiliary is None:
            raise RuntimeError("no further noise was drawn: an estimator must declare it")
        return self._fold(self.values.batch.auxiliary[..., : self.frame.q.noise * self.further])

    @property
    def z(self) -> Tensor:
        return self._fold(self.values.batch.z)

    @property
    def f(self) -> Tensor:
        value = self._fold(self.values.value)
        return value + self.constant if self.constant else value

    @property
    def gradient(self) -> Tensor:
        return self._fold(self.values.gradient)

    @property
    def explicit(self) -> Tensor | None:
        explicit = self.values.explicit
        return None if explicit is None else self._fold(explicit)

    @property
    def score(self) -> Tensor:
        return self._fold(self.values.batch.score)

    @property
    def log_q(self) -> Tensor:
        return self._fold(self.values.batch.log_q)

    @property
    def generative(self) -> Tensor:
        return self._fold(self.values.batch.generative)

    @property
    def weights(self) -> Tensor:
        if self.several:
            return torch.softmax(self.f, 2)
        return torch.full_like(self.f, 1.0 / self.num_samples)

    def weighted(self, values: Tensor) -> Tensor:
        if not self.several:
            return values.mean(2)
        weights = self.weights
        return (weights.reshape(*weights.shape, *[1] * (values.dim() - 3)) * values).sum(2)

    @property
    def gram(self) -> Tensor:
        return self.frame.gram

    @property
    def q(self) -> Family:
        return self.frame.q

    @property
    def _centre(self) -> PointsAt:
        if self.frame.centre is None:
            raise RuntimeError("no expansion point was evaluated: an estimator must declare extra_forward")
        return self.frame.centre

    @property
    def centre(self) -> Tensor:
        return self._centre.z.unsqueeze(1)

    @property
    def f_at_centre(self) -> Tensor:
        return (self.values.integrand.value(self._centre) + self.constant).unsqueeze(1)

    @property
    def gradient_at_centre(self) -> Tensor:
        return self.values.integrand.gradient(self._centre).unsqueeze(1)

    def pullback(self, v: Tensor) -> Tensor:
        flat = self.frame.q.pullback(self.epsilon.flatten(1, 2), v.flatten(1, 2))
        return flat.reshape(*v.shape[:3], -1)

    def mean_pullback(self, v: Tensor) -> Tensor:
        return self.frame.q.mean_pullback(v.squeeze(1)).unsqueeze(1)

    def evaluate(self, z: Tensor) -> Tensor:
        value: Tensor = self.values.integrand.value(self._at(z, with_gradient=False))
        return value.reshape(z.shape[:3]) + self.constant

    def evaluate_gradient(self, z: Tensor) -> tuple[Tensor, Tensor]:
        points = self._at(z, with_gradient=True)
        value, gradient = self.values.integrand.value(points), self.values.integrand.gradient(points)
        return value.reshape(z.shape[:3]) + self.constant, gradient.reshape(z.shape)

    def _at(self, z: Tensor, with_gradient: bool) -> Point:
        return PointsAt(self.frame.problem, self.frame.q, z.flatten(1, 2), with_gradient)


def integrand_values(batch: Batch, integrands: Iterable[Integrand]) -> dict[str, IntegrandValues]:
    """The values of several integrands on one batch, by the integrand's name."""
    return {integrand.name: IntegrandValues(batch, integrand) for integrand in integrands}
