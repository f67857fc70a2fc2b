"""The mean-field Gaussian q(z; η) = N(μ, diag σ²) with η = (μ, log σ)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

LOG_TWO_PI = math.log(2.0 * math.pi)


@dataclass(frozen=True)
class MeanFieldGaussian:
    """Distributions of a batch of images; leading axes broadcast.

    `mean` and `log_scale` have shape [I 1 d]; samples and noise [I N d].
    """

    mean: Tensor
    log_scale: Tensor

    @classmethod
    def from_eta(cls, eta: Tensor) -> MeanFieldGaussian:
        """η = (μ, log σ), [I 2d], as an encoder puts it out."""
        mean, log_scale = eta.unsqueeze(1).chunk(2, dim=-1)
        return cls(mean, log_scale)

    @property
    def scale(self) -> Tensor:
        """σ, [I 1 d]."""
        return self.log_scale.exp()

    def sample(self, epsilon: Tensor) -> Tensor:
        """z = μ + σ ε for standard normal ε, [I N d]."""
        return torch.addcmul(self.mean, self.scale, epsilon)

    def log_density(self, epsilon: Tensor) -> Tensor:
        """log q(z; η) at z = μ + σ ε, [I N]."""
        d = epsilon.shape[-1]
        return -0.5 * (epsilon * epsilon).sum(-1) - self.log_scale.sum(-1) - 0.5 * d * LOG_TWO_PI

    def log_density_gradient(self, epsilon: Tensor) -> Tensor:
        """∇_z log q(z; η) = − ε / σ, [I N d]."""
        return -epsilon / self.scale

    def score(self, epsilon: Tensor) -> Tensor:
        """∇_η log q(z; η) = (ε / σ, ε² − 1), [I N 2d]."""
        return torch.cat([epsilon / self.scale, epsilon * epsilon - 1.0], dim=-1)

    def pullback(self, epsilon: Tensor, v: Tensor) -> Tensor:
        """(∂z/∂η)ᵀ v = (v, v σ ε), [I N d] → [I N 2d]."""
        return torch.cat([v, v * epsilon * self.scale], dim=-1)

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(∂μ/∂η)ᵀ v = (v, 0), [I 1 d] → [I 1 2d]."""
        return torch.cat([v, torch.zeros_like(v)], dim=-1)

    def kl_to_standard_normal(self) -> Tensor:
        """KL(q ‖ N(0, I)), [I]. Source: Kingma & Welling (2013), appendix B."""
        inside = self.mean**2 + (2.0 * self.log_scale).exp() - 2.0 * self.log_scale - 1.0
        return 0.5 * inside.sum((-1, -2))

    def kl_gradient(self) -> Tensor:
        """∇_η KL(q ‖ N(0, I)) = (μ, σ² − 1), [I 2d]."""
        return torch.cat([self.mean, (2.0 * self.log_scale).exp() - 1.0], dim=-1).squeeze(1)
