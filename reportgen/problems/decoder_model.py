"""A model with one layer of latents of any family, for measuring its gradient in θ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from reportgen.families import Family
from reportgen.problems.prior import Prior
from reportgen.problems.problem import Problem


@dataclass(frozen=True)
class DecoderModel:
    """A `LayeredModel` with q held fixed; θ is the decoder's parameters that require a gradient.

    Gradients in φ are measured elsewhere, as vectors in η.
    """

    encoder: nn.Module
    decoder: nn.Module
    x: Tensor
    q: Family
    """q at the data points."""
    prior: Prior
    log_likelihood: Callable[[Tensor], Tensor]
    """log p(x|z), computed with `decoder`."""

    @classmethod
    def of(cls, problem: Problem, decoder: nn.Module) -> DecoderModel:
        """The model of a problem whose log-likelihood is computed with this decoder."""
        with torch.no_grad():
            q = problem.family(problem.encoder(problem.x))
        return cls(problem.encoder, decoder, problem.x, q, problem.prior, problem.log_likelihood)

    @property
    def noise(self) -> int:
        return self.q.noise

    @property
    def latent(self) -> int:
        return self.q.latent

    def trace(self, noise: Tensor, fixed: bool) -> DecoderTrace:
        """Samples held fixed; raises ValueError if `fixed` is false."""
        if not fixed:
            raise ValueError("samples as functions of φ are measured in η, not by layers")
        return DecoderTrace(self, noise)


@dataclass(frozen=True)
class DecoderTrace:
    """Samples of a `DecoderModel` from noise [I N n]; implements `Trace`."""

    model: DecoderModel
    noise: Tensor

    @cached_property
    def log_likelihood(self) -> Tensor:
        return self.model.log_likelihood(self._z)

    @cached_property
    def log_p(self) -> Tensor:
        return self.log_likelihood + self.model.prior.log_density(self._z)

    @cached_property
    def log_q(self) -> Tensor:
        return self.model.q.log_density(self.noise)

    @property
    def log_q_stopped(self) -> Tensor:
        return self.log_q

    @cached_property
    def _z(self) -> Tensor:
        return self.model.q.sample(self.noise)
