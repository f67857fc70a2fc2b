"""A problem assembled from its parts, for toys and classic models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from reportgen.families import Family, MeanFieldGaussian
from reportgen.problems.layered import LayeredModel
from reportgen.problems.prior import Prior, StandardNormal
from reportgen.problems.problem import Generative


@dataclass(frozen=True)
class LatentModel:
    """A `Problem` whose likelihood is a given function.

    `likelihood` maps z [I N d] → [I N]; it may be any f(z) in place of
    log p(x|z), and must be differentiable by autograd if an estimator uses ∂f/∂z.
    """

    encoder: nn.Module
    x: Tensor
    likelihood: Callable[[Tensor], Tensor]
    of_eta: Callable[[Tensor], Family] = MeanFieldGaussian.from_eta
    prior: Prior = field(default_factory=StandardNormal)
    generative: Generative | None = None
    layered: LayeredModel | None = None

    def family(self, eta: Tensor) -> Family:
        """q(z; η), η [I m]."""
        return self.of_eta(eta)

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z), [I N d] → [I N]."""
        return self.likelihood(z)


class Constant(nn.Module):
    """A parameter as a module, the same for every image."""

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = nn.Parameter(value.detach().clone())

    def forward(self, images: int) -> Tensor:
        return self.value.expand(images, -1)


class FreeParameters(nn.Module):
    """An encoder that ignores its input: φ is η itself, given in parts, so J is the identity."""

    def __init__(self, **parts: Tensor) -> None:
        super().__init__()
        self.parts = tuple(parts)
        for name, value in parts.items():
            self.add_module(name, Constant(value))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([getattr(self, name)(x.shape[0]) for name in self.parts], dim=-1)


def free_gaussian(
    mean: list[float], scale: list[float], likelihood: Callable[[Tensor], Tensor], points: int = 1
) -> LatentModel:
    """A toy in float64 with d = len(mean) and q = N(mean, diag(scale²)), the same at every data point."""
    encoder = FreeParameters(
        mean=torch.tensor(mean, dtype=torch.float64),
        log_scale=torch.tensor(scale, dtype=torch.float64).log(),
    )
    return LatentModel(encoder, torch.zeros(points, 1, dtype=torch.float64), likelihood)
