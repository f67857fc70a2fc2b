"""One set of samples, evaluated once, seen by every estimator.

A `Batch` holds N samples of each of I images and computes each quantity when
it is first asked for, once. `IntegrandDraws` shows it to an estimator as
[I R K …] for one integrand, without copying.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from reportgen.families import MeanFieldGaussian
from reportgen.objectives import Integrand
from reportgen.problems.problem import Problem, standard_normal_log_density

EVALUATION_ROWS = 1024
"""Samples that pass through the decoder at once, over all images: its activations stay in the caches."""


class Batch:
    """N samples of each image from noise ε [I N d]; a `reportgen.objectives.Point`.

    `with_gradient` decides whether ∂ log p(x|z)/∂z may be asked for: it keeps
    the decoder's graph for one backward pass.
    """

    def __init__(self, problem: Problem, q: MeanFieldGaussian, epsilon: Tensor, with_gradient: bool) -> None:
        self.q = q
        self.epsilon = epsilon
        self.z = q.sample(epsilon)
        values, gradients = [], []
        for z in torch.split(self.z, max(EVALUATION_ROWS // len(epsilon), 1), dim=1):
            value, gradient = _evaluate(problem, z, with_gradient)
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
        return standard_normal_log_density(self.z)

    @property
    def log_prior_gradient(self) -> Tensor:
        return -self.z

    @cached_property
    def log_q(self) -> Tensor:
        return self.q.log_density(self.epsilon)

    @cached_property
    def log_q_gradient(self) -> Tensor:
        return self.q.log_density_gradient(self.epsilon)

    @cached_property
    def score(self) -> Tensor:
        return self.q.score(self.epsilon)


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
    """What does not change between batches: q, the Gram matrix, the batch at q's mean."""

    q: MeanFieldGaussian
    gram: Tensor
    """J Jᵀ over all parameters, [I m m], in the problem's precision."""
    centre: Batch | None
    """One sample an image at ε = 0; None where no estimator expands about it."""


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
    constant: float

    def _fold(self, flat: Tensor) -> Tensor:
        replicates = flat.shape[1] // self.num_samples
        used = flat[:, : replicates * self.num_samples]
        return used.reshape(flat.shape[0], replicates, self.num_samples, *flat.shape[2:])

    @property
    def epsilon(self) -> Tensor:
        return self._fold(self.values.batch.epsilon)

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
    def gram(self) -> Tensor:
        return self.frame.gram

    @property
    def _centre(self) -> Batch:
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


def integrand_values(batch: Batch, integrands: Iterable[Integrand]) -> dict[str, IntegrandValues]:
    """The values of several integrands on one batch, by the integrand's name."""
    return {integrand.name: IntegrandValues(batch, integrand) for integrand in integrands}
