"""Points z at which a model's densities are evaluated once: a batch of samples, or any other points.

A `Batch` holds N samples for each of I data points, and runs the decoder on
them at once; every other quantity is computed when it is first needed.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.families.family import Family
from reportgen.problems.own_checks import no_backward
from reportgen.problems.problem import Problem

EVALUATION_ROWS = 1024
"""Samples that pass through the decoder at once, over all images, so that activations stay in the caches."""


class PointsAt:
    """Log densities at given points z [I N d], and their gradients in z if `with_gradient`.

    A `reportgen.objectives.Point`. The decoder runs when log p(x|z) is first
    needed.
    """

    epsilon: Tensor | None = None
    """The noise from which z was made, if any."""
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
        """The points with these indices [n], which may repeat; the decoder is not run again."""
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
            raise RuntimeError("drawn without ∂ log p(x|z)/∂z; give the estimator needs_gradient=True")
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
        """∇_z log q; for a discrete q, that of its polynomial between the codes."""
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
    """N samples for each data point, made from noise [I N n]; a `reportgen.objectives.Point`.

    ∂ log p(x|z)/∂z is available only if `with_gradient`; it costs a backward pass
    through the decoder. `auxiliary` [I N …] is further noise, for estimators that
    use more than the samples.
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
        _ = self._evaluated  # at once, so that the time of a draw includes its decoder passes

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
    """log p(x|z) [I n], and its gradient in z [I n d] or, if that is not wanted, an empty tensor."""
    if not with_gradient:
        with torch.no_grad():
            return problem.log_likelihood(z), z.new_empty(0)
    z = z.detach().requires_grad_(True)
    with torch.enable_grad():
        value = problem.log_likelihood(z)
        total = value.sum()
        try:
            (gradient,) = torch.autograd.grad(total, z)
        except RuntimeError as error:
            raise no_backward("decoder", "log p(x|z) to be differentiable in z", error) from error
    return value.detach(), gradient
