"""Priors p(z): their log density and its gradient in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Prior(Protocol):
    """p(z), the same for every data point."""

    def log_density(self, z: Tensor) -> Tensor:
        """log p(z), [.. d] → [..]."""

    def gradient(self, z: Tensor) -> Tensor:
        """∇_z log p(z), [.. d] → [.. d]."""


@dataclass(frozen=True)
class StandardNormal:
    """N(0, I), or N(mean, I) with a mean [d]."""

    mean: Tensor | None = None

    def log_density(self, z: Tensor) -> Tensor:
        away = z if self.mean is None else z - self.mean
        d = z.shape[-1]
        return -0.5 * (away * away).sum(-1) - 0.5 * d * math.log(2.0 * math.pi)

    def gradient(self, z: Tensor) -> Tensor:
        return -z if self.mean is None else self.mean - z


@dataclass(frozen=True)
class UniformCode:
    """The uniform distribution over discrete codes: independent fair bits, or uniform classes.

    The log density is constant, for relaxed z too.
    """

    classes: int | None = None
    """Classes of each one-hot unit; None for bits."""

    def log_density(self, z: Tensor) -> Tensor:
        units, values = (
            (z.shape[-1], 2) if self.classes is None else (z.shape[-1] // self.classes, self.classes)
        )
        return torch.full_like(z[..., 0], -units * math.log(values))

    def gradient(self, z: Tensor) -> Tensor:
        return torch.zeros_like(z)
