"""What the engine measures: an encoder, the data it sees, and a likelihood of z."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn


class Problem(Protocol):
    """A latent-variable model at I fixed data points ("images").

    `encoder(x)` maps the inputs [I …] to η [I m]; it may be any module whose
    output for one image does not depend on the other images. The prior of z
    is standard normal.
    """

    @property
    def encoder(self) -> nn.Module:
        """φ is the parameters of this module that require a gradient."""

    @property
    def x(self) -> Tensor:
        """The encoder's inputs, [I …]."""

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z) of each image at its own samples, [I N d] → [I N]; differentiable in z."""


def standard_normal_log_density(z: Tensor) -> Tensor:
    """log N(z; 0, I), [.. d] → [..]."""
    d = z.shape[-1]
    return -0.5 * (z * z).sum(-1) - 0.5 * d * torch.log(torch.tensor(2.0 * torch.pi, dtype=z.dtype))
