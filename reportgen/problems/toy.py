"""Problems with known answers: q's parameters are free, f is any function of z."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


class Constant(nn.Module):
    """A parameter that takes no input."""

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = nn.Parameter(value.detach().clone())

    def forward(self, images: int) -> Tensor:
        return self.value.expand(images, -1)


class FreeParameters(nn.Module):
    """An encoder that ignores its input: φ is η itself, so J is the identity."""

    def __init__(self, mean: Tensor, log_scale: Tensor) -> None:
        super().__init__()
        self.mean = Constant(mean)
        self.log_scale = Constant(log_scale)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.mean(x.shape[0]), self.log_scale(x.shape[0])], dim=-1)


@dataclass(frozen=True)
class ToyProblem:
    """f(z) in place of log p(x|z), with q = N(mean, diag(exp(log_scale)²)).

    `log_density` maps z [I N d] → [I N] and must be differentiable by autograd.
    """

    encoder: nn.Module
    x: Tensor
    log_density: Callable[[Tensor], Tensor]

    def log_likelihood(self, z: Tensor) -> Tensor:
        return self.log_density(z)


def toy(
    mean: list[float], scale: list[float], log_density: Callable[[Tensor], Tensor], images: int = 1
) -> ToyProblem:
    """A toy in float64 with d = len(mean), the same q at each of `images` data points."""
    encoder = FreeParameters(
        torch.tensor(mean, dtype=torch.float64), torch.tensor(scale, dtype=torch.float64).log()
    )
    return ToyProblem(encoder, torch.zeros(images, 1, dtype=torch.float64), log_density)
