"""The Gaussian with a low-rank plus diagonal covariance, q(z; η) = N(μ, diag σ² + U Uᵀ).

η = (μ, log σ, U row by row). z = μ + σ ε₁ + U ε₂ is made from d + r normals, so
many ε give the same z. Density and score are those of z alone, and so depend on
the distribution of ε given z. With W = U / σ, (z − μ) / σ = ε₁ + W ε₂ is constant
along the columns of (−W, I); if N is an orthonormal basis of their span,

    E[ε | z] = ε − N Nᵀ ε,    Cov[ε | z] = N Nᵀ,

for any ε that gives z. In the QR factorization (−W, I) = N R, the square matrix R
satisfies RᵀR = I + Wᵀ W, so this is Woodbury's identity without the inverse.

Source: Ong, Nott & Smith (2018). Rezende, Mohamed & Wierstra (2014) put the
same structure (r = 1) on the precision matrix instead.
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
class LowRankGaussian:
    """A `Family`; the noise is (ε₁, ε₂) with z = μ + σ ε₁ + U ε₂."""

    name: ClassVar[str] = "low_rank_gaussian"

    mean: Tensor
    """μ, [I 1 d]."""
    log_scale: Tensor
    """log σ, [I 1 d]."""
    factor: Tensor
    """U, [I d r]."""

    @classmethod
    def from_eta(cls, eta: Tensor, *, rank: int = 1) -> LowRankGaussian:
        """η = (μ, log σ, U), [I (2 + r) d]; r = `rank`."""
        d = DISTRIBUTIONS[cls.name].latent(eta.shape[-1], rank=rank)
        mean, log_scale, factor = torch.split(eta.unsqueeze(1), [d, d, d * rank], dim=-1)
        return cls(mean, log_scale, factor.reshape(-1, d, rank))

    @property
    def latent(self) -> int:
        return self.mean.shape[-1]

    @property
    def noise(self) -> int:
        return self.latent + self.factor.shape[-1]

    @property
    def scale(self) -> Tensor:
        """σ, [I 1 d]."""
        return self.log_scale.exp()

    @cached_property
    def _open(self) -> tuple[Tensor, Tensor]:
        """N [I d+r r] and R [I r r]: the directions of the noise that z does not determine."""
        ratio = self.factor / self.scale.mT
        rank = ratio.shape[-1]
        identity = torch.eye(rank, dtype=ratio.dtype, device=ratio.device).expand(len(ratio), rank, rank)
        basis, root = torch.linalg.qr(torch.cat([-ratio, identity], dim=1))
        return basis, root

    @cached_property
    def _log_root(self) -> Tensor:
        """½ log det Σ = Σ log σ + log |det R|, [I 1]."""
        _, root = self._open
        return self.log_scale.sum(-1) + root.diagonal(dim1=-2, dim2=-1).abs().log().sum(-1, keepdim=True)

    @cached_property
    def _covariance(self) -> tuple[Tensor, Tensor]:
        """Var[ε₁ | z] [I 1 d] and Cov[ε₁, ε₂ | z] [I 1 d r]."""
        first, second = self._halves(self._open[0].mT)  # [I r d], [I r r]
        return (first * first).sum(1, keepdim=True), (first.mT @ second).unsqueeze(1)

    def _halves(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """ε → (ε₁, ε₂)."""
        first, second = torch.split(noise, [self.latent, self.factor.shape[-1]], dim=-1)
        return first, second

    def _given_z(self, noise: Tensor) -> Tensor:
        """E[ε | z], [I N d+r]."""
        basis, _ = self._open
        return noise - (noise @ basis) @ basis.mT

    def _some_noise(self, z: Tensor) -> Tensor:
        """One of the noises that give z, ((z − μ) / σ, 0); density and score are the same for all of them."""
        first = (z - self.mean) / self.scale
        return torch.cat([first, first.new_zeros(*first.shape[:-1], self.factor.shape[-1])], dim=-1)

    def sample(self, noise: Tensor) -> Tensor:
        """z = μ + σ ε₁ + U ε₂."""
        first, second = self._halves(noise)
        return torch.addcmul(self.mean, self.scale, first) + second @ self.factor.mT

    def log_density(self, noise: Tensor) -> Tensor:
        """(z − μ)ᵀ Σ⁻¹ (z − μ) is the squared length of E[ε | z]."""
        given = self._given_z(noise)
        return -0.5 * (given * given).sum(-1) - self._log_root - 0.5 * self.latent * LOG_TWO_PI

    def log_density_gradient(self, noise: Tensor) -> Tensor:
        """− E[ε₁ | z] / σ."""
        first, _ = self._halves(self._given_z(noise))
        return -first / self.scale

    def score(self, noise: Tensor) -> Tensor:
        """(E[ε₁ | z] / σ, E[ε₁² | z] − 1, E[ε₁ ε₂ᵀ | z] / σ)."""
        first, second = self._halves(self._given_z(noise))
        variance, covariance = self._covariance
        to_factor = (first.unsqueeze(-1) * second.unsqueeze(-2) + covariance) / self.scale.unsqueeze(-1)
        to_log_scale = first * first + (variance - 1.0)
        return torch.cat([first / self.scale, to_log_scale, to_factor.flatten(-2)], dim=-1)

    def pullback(self, noise: Tensor, v: Tensor) -> Tensor:
        """(v, v σ ε₁, v ε₂ᵀ)."""
        first, second = self._halves(noise)
        to_factor = v.unsqueeze(-1) * second.unsqueeze(-2)
        return torch.cat([v, v * first * self.scale, to_factor.flatten(-2)], dim=-1)

    def mean_pullback(self, v: Tensor) -> Tensor:
        """(v, 0, 0)."""
        return torch.cat([v, torch.zeros_like(v), torch.zeros_like(self.factor).flatten(1).unsqueeze(1)], -1)

    def log_density_at(self, z: Tensor) -> Tensor:
        return self.log_density(self._some_noise(z))

    def score_at(self, z: Tensor) -> Tensor:
        return self.score(self._some_noise(z))

    def entropy(self) -> Tensor:
        return self._log_root.squeeze(-1) + 0.5 * self.latent * (LOG_TWO_PI + 1.0)

    def kl_to_prior(self) -> Tensor:
        """KL(q ‖ N(0, I)) = ½ (‖μ‖² + ‖σ‖² + ‖U‖² − d − log det Σ), [I]."""
        inside = self.mean**2 + (2.0 * self.log_scale).exp() - 1.0
        square = inside.sum((-1, -2)) + (self.factor**2).sum((-1, -2))
        return 0.5 * square - self._log_root.squeeze(-1)

    def kl_gradient(self) -> Tensor:
        """(μ, σ² + Var[ε₁ | z] − 1, U + Cov[ε₁, ε₂ | z] / σ)."""
        variance, covariance = self._covariance
        to_log_scale = (2.0 * self.log_scale).exp() + (variance - 1.0)
        to_factor = self.factor.unsqueeze(1) + covariance / self.scale.unsqueeze(-1)
        return torch.cat([self.mean, to_log_scale, to_factor.flatten(-2)], dim=-1).squeeze(1)
