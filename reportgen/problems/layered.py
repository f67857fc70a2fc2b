"""Models whose gradient must be taken through every sample: several layers of latents, or gradients in θ.

If ∂η/∂φ depends on the sample (as with a second stochastic layer), or if the
parameters are the decoder's, no small vector carries all the randomness. Such a
model returns log densities of whole samples with their autograd graph, and the
engine records the gradients layer by layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from reportgen.families import MeanFieldGaussian


class Trace(Protocol):
    """N samples of each data point: their log densities, with the autograd graph."""

    @property
    def log_p(self) -> Tensor:
        """log p_θ(x, z), [I N]."""

    @property
    def log_likelihood(self) -> Tensor:
        """log p_θ(x|z), [I N]."""

    @property
    def log_q(self) -> Tensor:
        """log q_φ(z|x), [I N]."""

    @property
    def log_q_stopped(self) -> Tensor:
        """log q_φ(z|x), [I N], differentiated only through z: φ in the density is held fixed."""


@runtime_checkable
class LayeredModel(Protocol):
    """A latent-variable model at I data points, whose networks the engine observes at work."""

    @property
    def encoder(self) -> nn.Module:
        """φ is the parameters of this module that require a gradient."""

    @property
    def decoder(self) -> nn.Module:
        """θ is the parameters of this module that require a gradient."""

    @property
    def x(self) -> Tensor:
        """The data points, [I …]."""

    @property
    def noise(self) -> int:
        """n, the number of standard normals from which one sample is made."""

    @property
    def latent(self) -> int:
        """Latent units of all layers together."""

    def trace(self, noise: Tensor, fixed: bool) -> Trace:
        """Samples made from noise [I N n]; with `fixed`, no derivative passes through them."""


class Stages(nn.Module):
    """One network for each step from layer to layer, as one module."""

    def __init__(self, stages: Sequence[nn.Module]) -> None:
        super().__init__()
        for number, stage in enumerate(stages, start=1):
            self.add_module(f"layer{number}", stage)

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """The networks, beginning with the one next to x."""
        return tuple(self.children())

    def forward(self, stage: int, h: Tensor) -> Tensor:
        out: Tensor = getattr(self, f"layer{stage + 1}")(h)
        return out


@dataclass(frozen=True)
class LayeredVAE:
    """A VAE with any number of Gaussian stochastic layers and Bernoulli pixels.

    Encoder stage l maps h_{l−1} [rows ·] to (mean, log σ) of q(h_l|h_{l−1}),
    with h_0 = x. Decoder stage 0 maps h_1 to the pixels' logits, stage l maps
    h_{l+1} to (mean, log σ) of p(h_l|h_{l+1}); the top layer's prior is
    N(0, I). Source: Burda et al. (2016), section 5.
    """

    encoder: Stages
    decoder: Stages
    x: Tensor
    widths: tuple[int, ...]
    """Units of each stochastic layer, beginning with the one next to x."""

    @property
    def noise(self) -> int:
        return sum(self.widths)

    @property
    def latent(self) -> int:
        return sum(self.widths)

    def at_point(self, point: int) -> LayeredVAE:
        """The model at one image; see `Pointwise`."""
        return replace(self, x=self.x[point : point + 1])

    def trace(self, noise: Tensor, fixed: bool) -> LayeredTrace:
        """See `LayeredModel`."""
        images, samples, _ = noise.shape
        x = self.x.unsqueeze(1).expand(images, samples, -1).reshape(images * samples, -1)
        parts = torch.split(noise.reshape(images * samples, 1, -1), list(self.widths), dim=2)
        below, layers, densities = x, [], []
        for stage, epsilon in enumerate(parts):
            q = MeanFieldGaussian.from_eta(self.encoder(stage, below))
            h = q.sample(epsilon)
            if fixed:
                h = h.detach()
            densities.append(q.log_density_at(h) if fixed else q.log_density(epsilon))
            layers.append(h)
            below = h.squeeze(1)
        return LayeredTrace(self, x, tuple(layers), torch.stack(densities).sum(0), (images, samples))


@dataclass(frozen=True)
class LayeredTrace:
    """Samples of a `LayeredVAE`; implements `Trace`."""

    model: LayeredVAE
    x: Tensor
    """[I·N pixels]"""
    layers: tuple[Tensor, ...]
    """h_1, h_2, …, each [I·N 1 d]."""
    density: Tensor
    """log q, [I·N 1]."""
    shape: tuple[int, int]

    @property
    def log_q(self) -> Tensor:
        return self.density.reshape(self.shape)

    @cached_property
    def log_likelihood(self) -> Tensor:
        logits = self.model.decoder(0, self.layers[0].squeeze(1))
        terms = -nn.functional.binary_cross_entropy_with_logits(logits, self.x, reduction="none")
        return terms.sum(-1).reshape(self.shape)

    @cached_property
    def log_p(self) -> Tensor:
        top = self.layers[-1]
        prior = -0.5 * (top * top + math.log(2.0 * math.pi)).sum(-1)
        for stage, (below, above) in enumerate(pairwise(self.layers), start=1):
            p = MeanFieldGaussian.from_eta(self.model.decoder(stage, above.squeeze(1)))
            prior = prior + p.log_density_at(below)
        return self.log_likelihood + prior.reshape(self.shape)

    @cached_property
    def log_q_stopped(self) -> Tensor:
        held = {name: p.detach() for name, p in self.model.encoder.named_parameters()}
        below, total = self.x, torch.zeros_like(self.density)
        for stage, h in enumerate(self.layers):
            eta = functional_call(self.model.encoder, held, (stage, below))
            total = total + MeanFieldGaussian.from_eta(eta).log_density_at(h)
            below = h.squeeze(1)
        return total.reshape(self.shape)
