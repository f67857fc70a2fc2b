"""One-hot categorical units, q(z; η) = ∏ᵢ ∏_c p_ic^z_ic with p_i = softmax(η_i).

z concatenates the one-hot codes of all units, C entries each; η is laid out likewise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor
from torch.special import log_ndtr

from reportgen.distributions import DISTRIBUTIONS
from reportgen.families.discrete import Discrete


@dataclass(frozen=True)
class Categorical(Discrete):
    """A `RelaxedFamily`: z marks the largest of η + g in each unit, g being Gumbel noise from u = Φ(ε)."""

    name: ClassVar[str] = "categorical"

    logits: Tensor
    """η, one row per unit, [I 1 units C]."""

    @classmethod
    def from_eta(cls, eta: Tensor, *, classes: int = 10) -> Categorical:
        """η = logits, [I units·C]; C = `classes`."""
        units = DISTRIBUTIONS[cls.name].latent(eta.shape[-1], classes=classes)
        return cls(eta.reshape(-1, 1, units, classes))

    @property
    def latent(self) -> int:
        return self.logits.shape[-2] * self.logits.shape[-1]

    @cached_property
    def _log_p(self) -> Tensor:
        """log p, [I 1 units C]."""
        return self.logits.log_softmax(-1)

    @cached_property
    def mean(self) -> Tensor:
        """p, [I 1 d]."""
        return self.logits.softmax(-1).flatten(-2)

    def _rows(self, flat: Tensor) -> Tensor:
        """[… d] → [… units C]."""
        return flat.reshape(*flat.shape[:-1], *self.logits.shape[-2:])

    def _perturbed(self, noise: Tensor) -> Tensor:
        """η + g, g = − log(− log Φ(ε)), [I N units C]; computing log Φ keeps g finite where Φ is 0 or 1."""
        exponential: Tensor = -log_ndtr(self._rows(noise))
        return self.logits - exponential.log()

    def sample(self, noise: Tensor) -> Tensor:
        """z by the Gumbel-max trick."""
        perturbed = self._perturbed(noise)
        winner = perturbed.argmax(-1, keepdim=True)
        return torch.zeros_like(perturbed).scatter_(-1, winner, 1.0).flatten(-2)

    def mean_pullback(self, v: Tensor) -> Tensor:
        """p (v − Σ_c p v)."""
        return self._softmax_pullback(self.mean, v)

    def log_density_at(self, z: Tensor) -> Tensor:
        """Σ z log p; within each unit, z must sum to one."""
        return (z * self._log_p.flatten(-2)).sum(-1)

    def entropy(self) -> Tensor:
        return -(self._log_p.exp() * self._log_p).sum((-1, -2, -3))

    def kl_to_prior(self) -> Tensor:
        """KL(q ‖ uniform) = units · log C − entropy, [I]."""
        units, classes = self.logits.shape[-2:]
        return units * math.log(classes) - self.entropy()

    def kl_gradient(self) -> Tensor:
        """p (log p − Σ_c p log p)."""
        return self._softmax_pullback(self.mean, self._log_p.flatten(-2)).squeeze(1)

    @property
    def code_count(self) -> int:
        units, classes = self.logits.shape[-2:]
        return int(classes**units)

    def codes(self) -> Tensor:
        """All choices of one class for each unit; the last unit varies fastest."""
        units, classes = self.logits.shape[-2:]
        chosen = torch.cartesian_prod(*[torch.arange(classes)] * units).reshape(-1, units)
        return torch.eye(classes, dtype=self.logits.dtype)[chosen].flatten(-2)

    def relaxed(self, noise: Tensor, temperature: float) -> Tensor:
        """ζ = softmax((η + g) / τ) within each unit, largest where z is 1.

        Source: Jang, Gu & Poole (2017); Maddison, Mnih & Teh (2017).
        """
        return (self._perturbed(noise) / temperature).softmax(-1).flatten(-2)

    def relaxed_pullback(self, noise: Tensor, temperature: float, v: Tensor) -> Tensor:
        """ζ (v − Σ_c ζ v) / τ."""
        return self._softmax_pullback(self.relaxed(noise, temperature), v) / temperature

    def _softmax_pullback(self, p: Tensor, v: Tensor) -> Tensor:
        """(∂p/∂logits)ᵀ v with p = softmax(logits) within each unit, [I N d]."""
        weighted = self._rows(p * v)
        return (weighted - self._rows(p) * weighted.sum(-1, keepdim=True)).flatten(-2)
