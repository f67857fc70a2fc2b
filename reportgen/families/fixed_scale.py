"""The Gaussian with a fixed scale, q(z; η) = N(μ, σ² I) with η = μ.

With σ² = ⅔ and μ = A x + b it is the q of Rainforth et al. (2018).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from reportgen.families.family import LOG_TWO_PI


@dataclass(frozen=True)
class FixedScaleGaussian:
    """A `Family`; the noise is ε with z = μ + σ ε."""

    name: ClassVar[str] = "fixed_scale_gaussian"

    mean: Tensor
    """μ, [I 1 d]."""
    scale: float
    """σ, a standard deviation (not a variance)."""

    @classmethod
    def from_eta(cls, eta: Tensor, *, scale: float = 1.0) -> FixedScaleGaussian:
        """η = μ, [I d]; σ = `scale`."""
        return cls(eta.unsqueeze(1), scale)

    @property
    def latent(self) -> int:
        return self.mean.shape[-1]

    @property
    def noise(self) -> int:
        return self.latent

    def sample(self, noise: Tensor) -> Tensor:
        """z = μ + σ ε."""
        return torch.add(self.mean, noise, alpha=self.scale)

    def log_density(self, noise: Tensor) -> Tensor:
        return -0.5 * (noise * noise).sum(-1) - self.latent * (math.log(self.scale) + 0.5 * LOG_TWO_PI)

    def log_density_gradient(self, noise: Tensor) -> Tensor:
        """− ε / σ."""
        return noise / -self.scale

    def score(self, noise: Tensor) -> Tensor:
        """ε / σ."""
        return noise / self.scale

    def pullback(self, noise: Tensor, v: Tensor) -> Tensor:
        """v, since z = μ + σ ε."""
        return v

    def mean_pullback(self, v: Tensor) -> Tensor:
        """v."""
        return v

    def log_density_at(self, z: Tensor) -> Tensor:
        return self.log_density((z - self.mean) / self.scale)

    def score_at(self, z: Tensor) -> Tensor:
        return self.score((z - self.mean) / self.scale)

    def entropy(self) -> Tensor:
        value = self.latent * (math.log(self.scale) + 0.5 * (LOG_TWO_PI + 1.0))
        return self.mean.new_full((self.mean.shape[0],), value)

    def kl_to_prior(self) -> Tensor:
        """KL(q ‖ N(0, I)), [I]."""
        inside = self.mean**2 + (self.scale**2 - 2.0 * math.log(self.scale) - 1.0)
        return 0.5 * inside.sum((-1, -2))

    def kl_gradient(self) -> Tensor:
        """μ."""
        return self.mean.squeeze(1)
