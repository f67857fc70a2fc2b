"""Probabilistic PCA as a VAE: likelihood, posterior and evidence are known Gaussians."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reportgen.errors import CellError
from reportgen.problems.images import chosen_rows
from reportgen.problems.materials import Materials
from reportgen.problems.model import Constant, LatentModel
from reportgen.problems.problem import Described
from reportgen.streams import stream

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PrincipalComponents:
    """The maximum-likelihood fit of x|z ~ N(W z + b, s² I), and the posterior of z.

    The latent axes are the principal ones, so that WᵀW is diagonal.
    Source: Tipping & Bishop (1999), section 3, for both.
    """

    weight: Array
    """W, [D d]."""
    bias: Array
    """b, [D]."""
    noise: float
    """s, a standard deviation."""

    @classmethod
    def fitted(cls, x: Array, latent: int) -> PrincipalComponents:
        """Fit to the rows of x [n D]. Raises CellError if d components leave no variance for the noise."""
        centre = x.mean(0)
        values, vectors = np.linalg.eigh(np.cov(x - centre, rowvar=False, bias=True))
        values, vectors = values[::-1], vectors[:, ::-1]
        spread = int((values > len(values) * np.finfo(values.dtype).eps * values[0]).sum())
        if latent >= spread:
            raise CellError(
                f"problem.latent: must be below {spread}, the directions in which the data vary, "
                f"got {latent}. Use {spread - 1} or fewer."
            )
        rest = float(values[latent:].mean())
        signs = np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
        axes = (vectors * signs)[:, :latent]
        return cls(axes * np.sqrt(values[:latent] - rest), centre, math.sqrt(rest))

    @property
    def posterior_scale(self) -> Array:
        """Standard deviations of z given x, the same for every x, [d]."""
        return np.asarray(self.noise / np.sqrt((self.weight**2).sum(0) + self.noise**2))

    @property
    def posterior_weight(self) -> Array:
        """A with E[z|x] = A (x − b), [d D]."""
        return np.asarray((self.posterior_scale**2)[:, None] * self.weight.T / self.noise**2)


class LinearEncoder(nn.Module):
    """x [I D] → η = (A (x − b), log σ), [I 2d]; b is not learned."""

    centre: Tensor

    def __init__(self, weight: Array, bias: Array, log_scale: Array) -> None:
        super().__init__()
        self.mean = nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=torch.float64)
        self.mean.weight.data.copy_(torch.from_numpy(weight))
        self.log_scale = Constant(torch.from_numpy(log_scale))
        self.register_buffer("centre", torch.from_numpy(bias))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.mean(x - self.centre), self.log_scale(x.shape[0])], dim=-1)


def build(materials: Materials) -> Described:
    """The fitted model at images of the test part, as grey levels."""
    settings, dataset = materials.settings, materials.dataset()
    away = float(settings["perturbation"])
    model = PrincipalComponents.fitted(dataset.train.astype(np.float64), int(settings["latent"]))
    moved = stream(materials.seed, "linear_gaussian_vae", "perturbation")
    weight, log_scale = model.posterior_weight, np.log(model.posterior_scale)
    size = float(np.sqrt((weight**2).mean()))
    weight = weight + away * size * moved.standard_normal(weight.shape)
    log_scale = log_scale + away * moved.standard_normal(log_scale.shape)
    rows = chosen_rows(dataset, materials.images, materials.seed)
    x = torch.from_numpy(dataset.test[list(rows)].astype(np.float64))
    problem = LatentModel(LinearEncoder(weight, model.bias, log_scale), x, Likelihood.of(model, x))
    return Described(problem, dataset.name, rows)


@dataclass(frozen=True)
class Likelihood:
    """log N(x; W z + b, s² I), computed in the d components, without a vector of D pixels per sample.

    ‖x − b − W z‖² = ‖x − b‖² − 2 zᵀWᵀ(x − b) + zᵀWᵀW z, and WᵀW is diagonal.
    """

    projected: Tensor
    """Wᵀ(x − b), [I 1 d]."""
    lengths: Tensor
    """Diagonal of WᵀW, [d]."""
    squared: Tensor
    """‖x − b‖², [I 1]."""
    noise: float
    pixels: int

    @classmethod
    def of(cls, model: PrincipalComponents, x: Tensor) -> Likelihood:
        """The likelihood at the data points x [I D]."""
        weight, away = torch.from_numpy(model.weight), x - torch.from_numpy(model.bias)
        squared = (away * away).sum(-1, keepdim=True)
        return cls((away @ weight).unsqueeze(1), (weight**2).sum(0), squared, model.noise, x.shape[1])

    def __call__(self, z: Tensor) -> Tensor:
        """log p(x|z), [I N d] → [I N]."""
        misfit = self.squared + (z * (self.lengths * z - 2.0 * self.projected)).sum(-1)
        variance = self.noise**2
        return -0.5 * misfit / variance - 0.5 * self.pixels * math.log(2.0 * math.pi * variance)
