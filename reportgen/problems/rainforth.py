"""The Gaussian toy of Rainforth et al. (2018): z ~ N(μ, I), x|z ~ N(z, I), q = N(A x + b, (2/3) I)."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reportgen.families import FixedScaleGaussian
from reportgen.problems.materials import Materials
from reportgen.problems.model import LatentModel
from reportgen.problems.prior import StandardNormal
from reportgen.problems.problem import Described
from reportgen.streams import stream

VARIANCE = 2.0 / 3.0
"""Variance of q in every direction (not a standard deviation)."""


@dataclass(frozen=True)
class PriorMean:
    """∇_μ log p(x, z) = z − μ, the gradient in θ."""

    mean: Tensor

    @property
    def groups(self) -> Mapping[str, int]:
        return {"mean": len(self.mean)}

    def gradient(self, z: Tensor) -> Tensor:
        return z - self.mean


def build(materials: Materials) -> Described:
    """The model near its optimum, at the first points of a data set drawn from it."""
    settings, seed = materials.settings, materials.seed
    d, points = int(settings["latent"]), int(settings["points"])
    away = float(settings["perturbation"])
    data = _data_set(seed, int(settings["data_points"]), d)
    optimum = data.mean(0)
    noise = stream(seed, "rainforth", "perturbation")
    mean = torch.from_numpy(optimum + away * noise.standard_normal(d))
    linear = nn.Linear(d, d, dtype=torch.float64)
    weight = 0.5 * np.eye(d) + away * noise.standard_normal((d, d))
    bias = 0.5 * optimum + away * noise.standard_normal(d)
    linear.weight.data.copy_(torch.from_numpy(weight))
    linear.bias.data.copy_(torch.from_numpy(bias))
    x = torch.from_numpy(data[:points])

    def log_likelihood(z: Tensor) -> Tensor:
        away = x.unsqueeze(1) - z
        return -0.5 * (away * away).sum(-1) - 0.5 * d * math.log(2.0 * math.pi)

    problem = LatentModel(
        nn.Sequential(OrderedDict(linear=linear)),
        x,
        log_likelihood,
        lambda eta: FixedScaleGaussian.from_eta(eta, scale=math.sqrt(VARIANCE)),
        StandardNormal(mean),
        PriorMean(mean),
    )
    return Described(problem, "none", tuple(range(points)))


def _data_set(seed: int, size: int, d: int) -> NDArray[np.float64]:
    """x = μ* + z + noise with μ* ~ N(0, I), [N D]."""
    noise = stream(seed, "rainforth", "data")
    truth = noise.standard_normal(d)
    return np.asarray(truth + noise.standard_normal((size, d)) + noise.standard_normal((size, d)))
