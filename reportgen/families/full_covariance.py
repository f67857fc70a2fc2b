"""The full-covariance Gaussian q(z; η) = N(μ, L Lᵀ), L lower triangular.

η = (μ, log diag L, L below the diagonal row by row): first the mean-field
Gaussian's η, then the correlations. Source: Titsias & Lázaro-Gredilla (2014),
for the affine map z = μ + L ε.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.families.family import LOG_TWO_PI


@dataclass(frozen=True)
class FullCovarianceGaussian:
    """A `Family`; the noise is ε with z = μ + L ε."""

    name: ClassVar[str] = "full_covariance_gaussian"

    mean: Tensor
    """μ, [I 1 d]."""
    log_scale: Tensor
    """log diag L, [I 1 d]."""
    below: Tensor
    """L_ij for i > j, row by row, [I 1 d(d − 1)/2]."""

    @classmethod
    def from_eta(cls, eta: Tensor) -> FullCovarianceGaussian:
        """η = (μ, log L_ii, L_ij for i > j), [I 2d + d(d − 1)/2]."""
        d = DISTRIBUTIONS[cls.name].latent(eta.shape[-1])
        mean, log_scale, below = torch.split(eta.unsqueeze(1), [d, d, d * (d - 1) // 2], dim=-1)
        return cls(mean, log_scale, below)

    @property
    def latent(self) -> int:
        return self.mean.shape[-1]

    @property
    def noise(self) -> int:
        return self.latent

    @cached_property
    def _places(self) -> tuple[Tensor, Tensor]:
        """Row i and column j in L of each entry of `below`."""
        d = self.latent
        rows, columns = torch.tril_indices(d, d, -1, device=self.mean.device)
        return rows, columns

    @cached_property
    def factor(self) -> Tensor:
        """L, [I d d]."""
        rows, columns = self._places
        diagonal = torch.diag_embed(self.log_scale.exp().squeeze(1))
        flat = diagonal.flatten(-2).index_copy(-1, rows * self.latent + columns, self.below.squeeze(1))
        return flat.view_as(diagonal)

    def _whiten(self, z: Tensor) -> Tensor:
        """ε = L⁻¹ (z − μ), [I N d]."""
        solved: Tensor = torch.linalg.solve_triangular(self.factor, (z - self.mean).mT, upper=False)
        return solved.mT

    def _dual(self, noise: Tensor) -> Tensor:
        """L⁻ᵀ ε, [I N d]."""
        solved: Tensor = torch.linalg.solve_triangular(self.factor, noise, upper=False, left=False)
        return solved

    def sample(self, noise: Tensor) -> Tensor:
        """z = μ + L ε."""
        return self.mean + noise @ self.factor.mT

    def log_density(self, noise: Tensor) -> Tensor:
        d = self.latent
        return -0.5 * (noise * noise).sum(-1) - self.log_scale.sum(-1) - 0.5 * d * LOG_TWO_PI

    def log_density_gradient(self, noise: Tensor) -> Tensor:
        """− L⁻ᵀ ε."""
        return -self._dual(noise)

    def score(self, noise: Tensor) -> Tensor:
        """With s = L⁻ᵀ ε: (s_i, L_ii s_i ε_i − 1, s_i ε_j)."""
        s = self._dual(noise)
        rows, columns = self._places
        to_log_scale = s * noise * self.log_scale.exp() - 1.0
        return torch.cat([s, to_log_scale, s[..., rows] * noise[..., columns]], dim=-1)

    def pullback(self, noise: Tensor, v: Tensor) -> Tensor:
        """(v_i, L_ii v_i ε_i, v_i ε_j)."""
        rows, columns = self._places
        to_log_scale = v * noise * self.log_scale.exp()
        return torch.cat([v, to_log_scale, v[..., rows] * noise[..., columns]], dim=-1)

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(v, 0, 0)."""
        return torch.cat([v, torch.zeros_like(self.log_scale), torch.zeros_like(self.below)], dim=-1)

    def log_density_at(self, z: Tensor) -> Tensor:
        return self.log_density(self._whiten(z))

    def score_at(self, z: Tensor) -> Tensor:
        return self.score(self._whiten(z))

    def entropy(self) -> Tensor:
        return (self.log_scale + 0.5 * (LOG_TWO_PI + 1.0)).sum((-1, -2))

    def kl_to_prior(self) -> Tensor:
        """KL(q ‖ N(0, I)) = ½ (‖μ‖² + ‖L‖² − d) − Σ log L_ii, [I]."""
        inside = self.mean**2 + (2.0 * self.log_scale).exp() - 2.0 * self.log_scale - 1.0
        return 0.5 * (inside.sum((-1, -2)) + (self.below**2).sum((-1, -2)))

    def kl_gradient(self) -> Tensor:
        """(μ, L_ii² − 1, L_ij)."""
        to_log_scale = (2.0 * self.log_scale).exp() - 1.0
        return torch.cat([self.mean, to_log_scale, self.below], dim=-1).squeeze(1)
