"""Independent Bernoulli units, q(z; η) = ∏ pᶻ (1 − p)¹⁻ᶻ with η = logit p."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.special import log_ndtr, ndtri

from reportgen.families.discrete import Discrete


def _logit_of_normal(noise: Tensor) -> Tensor:
    """logit Φ(ε), finite far into both tails."""
    logit: Tensor = log_ndtr(noise) - log_ndtr(-noise)
    return logit


@dataclass(frozen=True)
class Bernoulli(Discrete):
    """A `RelaxedFamily`: z = 1[u < p], where the noise ε gives the uniforms u = Φ(ε)."""

    name: ClassVar[str] = "bernoulli"

    logits: Tensor
    """η, [I 1 d]."""

    @classmethod
    def from_eta(cls, eta: Tensor) -> Bernoulli:
        """η = logit p, [I d]."""
        return cls(eta.unsqueeze(1))

    @property
    def latent(self) -> int:
        return self.logits.shape[-1]

    @cached_property
    def mean(self) -> Tensor:
        """p, [I 1 d]."""
        return torch.sigmoid(self.logits)

    @cached_property
    def _threshold(self) -> Tensor:
        """Φ⁻¹(p), [I 1 d], computed from the smaller of p and 1 − p to avoid rounding."""
        size: Tensor = ndtri(torch.sigmoid(-self.logits.abs()))
        return size.copysign(self.logits)

    @cached_property
    def _slope(self) -> Tensor:
        """dp/dη = p (1 − p), [I 1 d]."""
        return self.mean * torch.sigmoid(-self.logits)

    def sample(self, noise: Tensor) -> Tensor:
        """z = 1[ε < Φ⁻¹(p)], which is 1[u < p] without transforming the noise."""
        return (noise < self._threshold).to(self.logits.dtype)

    def mean_pullback(self, v: Tensor) -> Tensor:
        """p (1 − p) v."""
        return v * self._slope

    def log_density_at(self, z: Tensor) -> Tensor:
        """Σ z η − log(1 + e^η)."""
        return (z * self.logits).sum(-1) - softplus(self.logits).sum(-1)

    def entropy(self) -> Tensor:
        return (softplus(self.logits) - self.mean * self.logits).sum((-1, -2))

    def kl_to_prior(self) -> Tensor:
        """KL(q ‖ Bernoulli(½)) = d log 2 − entropy, [I]."""
        return self.latent * math.log(2.0) - self.entropy()

    def kl_gradient(self) -> Tensor:
        """p (1 − p) η."""
        return (self._slope * self.logits).squeeze(1)

    @property
    def code_count(self) -> int:
        return int(2**self.latent)

    def codes(self) -> Tensor:
        """All words of d bits, in ascending order as binary numbers."""
        bits = torch.tensor([0.0, 1.0], dtype=self.logits.dtype)
        return torch.cartesian_prod(*[bits] * self.latent).reshape(-1, self.latent)

    def relaxed(self, noise: Tensor, temperature: float) -> Tensor:
        """ζ = sigmoid((η − logit u) / τ), above ½ exactly where z = 1.

        Source: Maddison, Mnih & Teh (2017), the binary Concrete.
        """
        return torch.sigmoid((self.logits - _logit_of_normal(noise)) / temperature)

    def relaxed_pullback(self, noise: Tensor, temperature: float, v: Tensor) -> Tensor:
        """v ζ (1 − ζ) / τ."""
        relaxed = self.relaxed(noise, temperature)
        return v * relaxed * (1.0 - relaxed) / temperature

    def relaxed_given(self, noise: Tensor, extra_noise: Tensor, temperature: float) -> Tensor:
        """ζ̃ [I N d] from the law of ζ given the hard sample z = `sample(noise)`.

        Given z, u is uniform on [0, p) or on [p, 1); v = Φ(ε′), from the extra
        noise, is its relative position there. Source: Tucker et al. (2017), appendix.
        """
        logit, _ = self._conditional(noise, extra_noise)
        return torch.sigmoid(logit / temperature)

    def relaxed_given_pullback(
        self, noise: Tensor, extra_noise: Tensor, temperature: float, v: Tensor
    ) -> Tensor:
        """(∂ζ̃/∂η)ᵀ v with z and both noises held fixed, [I N d] → [I N d]."""
        logit, slope = self._conditional(noise, extra_noise)
        relaxed = torch.sigmoid(logit / temperature)
        return v * slope * relaxed * (1.0 - relaxed) / temperature

    def _conditional(self, noise: Tensor, extra_noise: Tensor) -> tuple[Tensor, Tensor]:
        """η − logit u given z, and its derivative in η, [I N d].

        With s = 2z − 1, the former is s log(1 + (1 + e^{sη}) e^{−s logit v}).
        """
        sign = 2.0 * self.sample(noise) - 1.0
        signed = sign * self.logits
        inner = softplus(signed) - sign * _logit_of_normal(extra_noise)
        return sign * softplus(inner), torch.sigmoid(inner) * torch.sigmoid(signed)
