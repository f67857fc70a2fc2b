"""One set of samples, evaluated once, seen by every estimator.

A `Batch` holds N samples of each of I data points, the decoder run on them, and
computes each other quantity when it is first asked for, once. `IntegrandDraws` shows it to an estimator as
[I R K …] for one integrand, without copying.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.families import Bernoulli
from reportgen.families.family import Family, RelaxedFamily
from reportgen.objectives import Integrand, Point
from reportgen.problems.problem import Problem

EVALUATION_ROWS = 1024
"""Samples that pass through the decoder at once, over all images: its activations stay in the caches."""


class PointsAt:
    """Log densities at points of anyone's choosing, z [I N d], and their gradients in z where wanted.

    A `reportgen.objectives.Point`. The decoder runs when log p(x|z) is first
    asked for.
    """

    epsilon: Tensor | None = None
    """The noise that z was made of, where it was."""
    auxiliary: Tensor | None = None

    def __init__(self, problem: Problem, q: Family, z: Tensor, with_gradient: bool) -> None:
        self.problem = problem
        self.q = q
        self.z = z
        self.with_gradient = with_gradient

    @cached_property
    def _evaluated(self) -> tuple[Tensor, Tensor]:
        parts = torch.split(self.z, max(EVALUATION_ROWS // len(self.z), 1), dim=1)
        found = [_evaluate(self.problem, part, self.with_gradient) for part in parts]
        return torch.cat([value for value, _ in found], 1), torch.cat([slope for _, slope in found], -2)

    def taken(self, numbers: Tensor) -> PointsAt:
        """The points of these numbers [n], as often as they are named; the decoder is not run again."""
        found = PointsAt(self.problem, self.q, self.z[:, numbers], self.with_gradient)
        value, slope = self._evaluated
        found._evaluated = (value[:, numbers], slope[:, numbers] if self.with_gradient else slope)
        return found

    @property
    def log_likelihood(self) -> Tensor:
        return self._evaluated[0]

    @property
    def log_likelihood_gradient(self) -> Tensor:
        if not self.with_gradient:
            raise RuntimeError("this batch was drawn without ∂ log p(x|z)/∂z: an estimator must declare it")
        return self._evaluated[1]

    @cached_property
    def log_prior(self) -> Tensor:
        return self.problem.prior.log_density(self.z)

    @property
    def log_prior_gradient(self) -> Tensor:
        return self.problem.prior.gradient(self.z)

    @cached_property
    def log_q(self) -> Tensor:
        return self.q.log_density_at(self.z)

    @cached_property
    def log_q_gradient(self) -> Tensor:
        """∇_z log q; of a discrete q that of its polynomial between the codes."""
        z = self.z.detach().requires_grad_(True)
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(self.q.log_density_at(z).sum(), z)
        return gradient

    @cached_property
    def score(self) -> Tensor:
        return self.q.score_at(self.z)

    @cached_property
    def generative(self) -> Tensor:
        """∇_θ log p(x, z) at the points, [I N |θ|]."""
        assert self.problem.generative is not None
        return self.problem.generative.gradient(self.z)


class Batch(PointsAt):
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
        super().__init__(problem, q, q.sample(epsilon), with_gradient)
        self.epsilon = epsilon
        self.auxiliary = auxiliary
        _ = self._evaluated  # at once: the time of a draw is that of its decoder passes

    @cached_property
    def log_q(self) -> Tensor:
        return self.q.log_density(self._noise)

    @cached_property
    def log_q_gradient(self) -> Tensor:
        if DISTRIBUTIONS[self.q.name].discrete:
            return PointsAt(self.problem, self.q, self.z, True).log_q_gradient
        return self.q.log_density_gradient(self._noise)

    @cached_property
    def score(self) -> Tensor:
        return self.q.score(self._noise)

    @property
    def _noise(self) -> Tensor:
        assert self.epsilon is not None
        return self.epsilon


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

    def __init__(self, batch: PointsAt, integrand: Integrand) -> None:
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
    temperature: float | None = None
    """Of the relaxation, for an estimator that relaxes q."""

    @property
    def replicates(self) -> int:
        """R, the estimates that these samples make."""
        return int(self.values.batch.z.shape[1]) // self.num_samples

    def _fold(self, flat: Tensor) -> Tensor:
        used = flat[:, : self.replicates * self.num_samples]
        return used.reshape(flat.shape[0], self.replicates, self.num_samples, *flat.shape[2:])

    @property
    def epsilon(self) -> Tensor:
        if self.values.batch.epsilon is None:
            raise RuntimeError("these points are made of no noise: an estimator that uses it must say so")
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

    def relaxed(self) -> Tensor:
        q, temperature = self._relaxation
        return self._each(lambda noise: q.relaxed(noise, temperature), self.epsilon)

    def relaxed_pullback(self, v: Tensor) -> Tensor:
        q, temperature = self._relaxation
        return self._each(lambda noise, v: q.relaxed_pullback(noise, temperature, v), self.epsilon, v)

    def relaxed_given(self) -> Tensor:
        q, temperature = self._relaxation
        assert isinstance(q, Bernoulli)
        return self._each(
            lambda noise, more: q.relaxed_given(noise, more, temperature), self.epsilon, self.auxiliary
        )

    def relaxed_given_pullback(self, v: Tensor) -> Tensor:
        q, temperature = self._relaxation
        assert isinstance(q, Bernoulli)
        return self._each(
            lambda noise, more, v: q.relaxed_given_pullback(noise, more, temperature, v),
            self.epsilon,
            self.auxiliary,
            v,
        )

    @property
    def _relaxation(self) -> tuple[RelaxedFamily, float]:
        if self.temperature is None or not isinstance(self.frame.q, RelaxedFamily):
            raise RuntimeError("q is not relaxed here: an estimator must declare a temperature")
        return self.frame.q, self.temperature

    @staticmethod
    def _each(of: Callable[..., Tensor], *parts: Tensor) -> Tensor:
        """A function of [I N …] on [I R K …]."""
        found = of(*(part.flatten(1, 2) for part in parts))
        return found.reshape(*parts[0].shape[:3], -1)

    def pullback(self, v: Tensor) -> Tensor:
        return self._each(self.frame.q.pullback, self.epsilon, v)

    def mean_pullback(self, v: Tensor) -> Tensor:
        return self._each(self.frame.q.mean_pullback, v)

    def evaluate(self, z: Tensor) -> Tensor:
        value: Tensor = self.values.integrand.value(self._at(z, with_gradient=False))
        return value.reshape(z.shape[:3]) + self.constant

    def evaluate_gradient(self, z: Tensor) -> tuple[Tensor, Tensor]:
        points = self._at(z, with_gradient=True)
        value, gradient = self.values.integrand.value(points), self.values.integrand.gradient(points)
        return value.reshape(z.shape[:3]) + self.constant, gradient.reshape(z.shape)

    def explicit_at(self, z: Tensor) -> Tensor | None:
        explicit = self.values.integrand.explicit
        return None if explicit is None else explicit(self._at(z, False)).reshape(*z.shape[:3], -1)

    def _at(self, z: Tensor, with_gradient: bool) -> Point:
        return PointsAt(self.frame.problem, self.frame.q, z.flatten(1, 2), with_gradient)


def integrand_values(batch: PointsAt, integrands: Iterable[Integrand]) -> dict[str, IntegrandValues]:
    """The values of several integrands on one batch, by the integrand's name."""
    return {integrand.name: IntegrandValues(batch, integrand) for integrand in integrands}
