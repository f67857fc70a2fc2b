"""The mean-field Gaussian q(z; η) = N(μ, diag σ²) with η = (μ, log σ)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.families.family import LOG_TWO_PI


@dataclass(frozen=True)
class MeanFieldGaussian:
    """A `Family`; the noise is ε with z = μ + σ ε."""

    name: ClassVar[str] = "gaussian"

    mean: Tensor
    """μ, [I 1 d]."""
    log_scale: Tensor
    """log σ, [I 1 d]."""

    @classmethod
    def from_eta(cls, eta: Tensor) -> MeanFieldGaussian:
        """η = (μ, log σ), [I 2d], as an encoder returns it."""
        d = DISTRIBUTIONS[cls.name].latent(eta.shape[-1])
        mean, log_scale = torch.split(eta.unsqueeze(1), d, dim=-1)
        return cls(mean, log_scale)

    @property
    def latent(self) -> int:
        return self.mean.shape[-1]

    @property
    def noise(self) -> int:
        return self.latent

    @property
    def scale(self) -> Tensor:
        """σ, [I 1 d]."""
        return self.log_scale.exp()

    def sample(self, noise: Tensor) -> Tensor:
        """z = μ + σ ε."""
        return torch.addcmul(self.mean, self.scale, noise)

    def log_density(self, noise: Tensor) -> Tensor:
        d = noise.shape[-1]
        return -0.5 * (noise * noise).sum(-1) - self.log_scale.sum(-1) - 0.5 * d * LOG_TWO_PI

    def log_density_gradient(self, noise: Tensor) -> Tensor:
        """− ε / σ."""
        return -noise / self.scale

    def score(self, noise: Tensor) -> Tensor:
        """(ε / σ, ε² − 1)."""
        return torch.cat([noise / self.scale, noise * noise - 1.0], dim=-1)

    def pullback(self, noise: Tensor, v: Tensor) -> Tensor:
        """(v, v σ ε)."""
        return torch.cat([v, v * noise * self.scale], dim=-1)

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(v, 0)."""
        return torch.cat([v, torch.zeros_like(v)], dim=-1)

    def log_density_at(self, z: Tensor) -> Tensor:
        return self.log_density((z - self.mean) / self.scale)

    def score_at(self, z: Tensor) -> Tensor:
        return self.score((z - self.mean) / self.scale)

    def entropy(self) -> Tensor:
        return (self.log_scale + 0.5 * (LOG_TWO_PI + 1.0)).sum((-1, -2))

    def kl_to_prior(self) -> Tensor:
        """KL(q ‖ N(0, I)), [I]. Source: Kingma & Welling (2013), appendix B."""
        inside = self.mean**2 + (2.0 * self.log_scale).exp() - 2.0 * self.log_scale - 1.0
        return 0.5 * inside.sum((-1, -2))

    def kl_gradient(self) -> Tensor:
        """(μ, σ² − 1)."""
        return torch.cat([self.mean, (2.0 * self.log_scale).exp() - 1.0], dim=-1).squeeze(1)
