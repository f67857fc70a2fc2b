"""One set of samples, evaluated once for all estimators.

`IntegrandDraws` presents a batch to an estimator as [I R K …] for one integrand,
without copying unless the estimator is a user's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from reportgen.engine.vectors.passes import Passes
from reportgen.engine.vectors.points import PointsAt
from reportgen.families import Bernoulli
from reportgen.families.family import Family, RelaxedFamily
from reportgen.objectives import Integrand, Point
from reportgen.problems.problem import Problem


class UnknownNoiseError(Exception):
    """An estimator asked for the noise behind points that were not made from noise."""


@dataclass(frozen=True)
class Frame:
    """What stays the same for all batches: the problem, q, the Gram matrix, the points at q's mean."""

    problem: Problem
    q: Family
    gram: Tensor
    """J Jᵀ over all parameters, [I m m], in the problem's precision."""
    centre: PointsAt | None
    """The mean of q at each data point; None if no estimator evaluates f there."""


class IntegrandValues:
    """f and its derivatives for one integrand on one batch, computed once for all arms."""

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
    """One integrand on one batch, K samples per replicate; implements `estimators.Draws`."""

    values: IntegrandValues
    frame: Frame
    num_samples: int
    constant: float = 0.0
    several: bool = False
    """Whether the objective is a bound from the K samples jointly."""
    further: int = 0
    """Auxiliary normals that the estimator uses for each one of the noise."""
    temperature: float | None = None
    """Temperature of the relaxation, for an estimator that relaxes q."""
    copied: bool = False
    """Whether tensors are copied for the estimator, so that writing into one affects nothing else."""
    passes: Passes = field(default_factory=Passes, compare=False)
    """What the estimator has requested from the decoder."""

    @property
    def replicates(self) -> int:
        """R, the number of estimates that these samples make."""
        return int(self.values.batch.z.shape[1]) // self.num_samples

    def _fold(self, flat: Tensor) -> Tensor:
        used = flat[:, : self.replicates * self.num_samples]
        return self._own(used.reshape(flat.shape[0], self.replicates, self.num_samples, *flat.shape[2:]))

    def _own(self, shared: Tensor) -> Tensor:
        return shared.clone() if self.copied else shared

    @property
    def epsilon(self) -> Tensor:
        if self.values.batch.epsilon is None:
            raise UnknownNoiseError
        return self._fold(self.values.batch.epsilon)

    @property
    def auxiliary(self) -> Tensor:
        if self.values.batch.auxiliary is None:
            raise RuntimeError("no further noise was drawn; give the estimator auxiliary=1")
        return self._fold(self.values.batch.auxiliary[..., : self.frame.q.noise * self.further])

    @property
    def z(self) -> Tensor:
        return self._fold(self.values.batch.z)

    @property
    def f(self) -> Tensor:
        self.passes.values = True
        value = self._fold(self.values.value)
        return value + self.constant if self.constant else value

    @property
    def gradient(self) -> Tensor:
        self.passes.gradients = True
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
        return self._own(self.frame.gram)

    @property
    def q(self) -> Family:
        return self.frame.q

    @property
    def _centre(self) -> PointsAt:
        if self.frame.centre is None:
            raise RuntimeError("nothing was evaluated at the mean of q; give the estimator extra_forward=1")
        return self.frame.centre

    @property
    def centre(self) -> Tensor:
        return self._own(self.frame.q.mean.unsqueeze(1))

    @property
    def f_at_centre(self) -> Tensor:
        self.passes.centre = True
        return (self.values.integrand.value(self._centre) + self.constant).unsqueeze(1)

    @property
    def gradient_at_centre(self) -> Tensor:
        self.passes.centre_gradient = True
        return self._own(self.values.integrand.gradient(self._centre).unsqueeze(1))

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
            raise RuntimeError("q is not relaxed here; give the estimator a temperature, and q a relaxation")
        return self.frame.q, self.temperature

    @staticmethod
    def _each(of: Callable[..., Tensor], *parts: Tensor) -> Tensor:
        """Apply a function of [I N …] to tensors [I R K …]."""
        found = of(*(part.flatten(1, 2) for part in parts))
        return found.reshape(*parts[0].shape[:3], -1)

    def pullback(self, v: Tensor) -> Tensor:
        return self._each(self.frame.q.pullback, self.epsilon, v)

    def mean_pullback(self, v: Tensor) -> Tensor:
        return self._each(self.frame.q.mean_pullback, v)

    def evaluate(self, z: Tensor) -> Tensor:
        self.passes.forward += z.shape[2]
        value: Tensor = self.values.integrand.value(self._at(z, with_gradient=False))
        return value.reshape(z.shape[:3]) + self.constant

    def evaluate_gradient(self, z: Tensor) -> tuple[Tensor, Tensor]:
        self.passes.forward += z.shape[2]
        self.passes.backward += z.shape[2]
        points = self._at(z, with_gradient=True)
        value, gradient = self.values.integrand.value(points), self.values.integrand.gradient(points)
        return value.reshape(z.shape[:3]) + self.constant, gradient.reshape(z.shape)

    def explicit_at(self, z: Tensor) -> Tensor | None:
        explicit = self.values.integrand.explicit
        return None if explicit is None else explicit(self._at(z, False)).reshape(*z.shape[:3], -1)

    def _at(self, z: Tensor, with_gradient: bool) -> Point:
        return PointsAt(self.frame.problem, self.frame.q, z.flatten(1, 2), with_gradient)
