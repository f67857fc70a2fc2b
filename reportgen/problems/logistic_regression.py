"""Bayesian logistic regression with a Gaussian q whose parameters are free."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from reportgen.datasets import Table, breast_cancer
from reportgen.problems.bernoulli import log_likelihood_of_layer
from reportgen.problems.covariance import correlations, gaussian_of
from reportgen.problems.materials import Materials
from reportgen.problems.model import FreeParameters, LatentModel
from reportgen.problems.networks import load_networks
from reportgen.problems.problem import Described
from reportgen.problems.trainable import Trainable
from reportgen.streams import stream

SMALL = 0.1
"""Of Glorot's bound: at U = 0 the gradient in a low-rank factor would vanish, and q stay diagonal."""


def likelihood_of(table: Table) -> Callable[[Tensor], Tensor]:
    """log p(y|z) = Σₙ log σ(±zᵀxₙ) over the whole table, [I N d] → [I N].

    The logits are those of a linear layer whose weights are the data, so the
    sum over data is made as that over a VAE's pixels is.
    """
    design = torch.from_numpy(table.design())
    layer = nn.Linear(design.shape[1], design.shape[0], dtype=design.dtype, device="meta")
    layer = layer.to_empty(device="cpu").requires_grad_(False)
    layer.weight.copy_(design)
    layer.bias.zero_()
    labels = torch.from_numpy(table.labels)

    def log_likelihood(z: Tensor) -> Tensor:
        return log_likelihood_of_layer(labels.expand(len(z), -1), z, layer)

    return log_likelihood


@dataclass(frozen=True)
class WholeTable:
    """One data point, which is the whole data set; it puts nothing into the encoder. A `Points`."""

    size: int = 1

    def inputs(self, rows: NDArray[np.intp], noise: Generator) -> Tensor:
        """[n 1]"""
        return torch.zeros(len(rows), 1, dtype=torch.float64)


def _first(settings: Mapping[str, Any], latent: int, seed: int) -> FreeParameters:
    """q at the prior, but for a low-rank factor near 0."""
    parts = {name: torch.zeros(latent, dtype=torch.float64) for name in ("mean", "log_scale")}
    for name, size in correlations(settings, latent).items():
        parts[name] = torch.zeros(size, dtype=torch.float64)
        if name == "factor":
            bound = SMALL * (6.0 / (latent + size // latent)) ** 0.5
            noise = stream(seed, "initialisation", "encoder", name)
            parts[name] = torch.from_numpy(noise.uniform(-bound, bound, size))
    return FreeParameters(**parts)


def trainable(materials: Materials) -> Trainable:
    """q as it begins. There are no other points to follow the bound at than those it is fitted to."""
    table = breast_cancer.load()
    encoder = _first(materials.settings, table.columns + 1, materials.seed)
    likelihood, of_eta = likelihood_of(table), gaussian_of(materials.settings)
    points = WholeTable()
    return Trainable(
        table.name,
        {"encoder": encoder},
        lambda x: LatentModel(encoder, x, likelihood, of_eta),
        points,
        points,
    )


def build(materials: Materials) -> Described:
    """q at a checkpoint."""
    made = trainable(materials)
    load_networks(materials.parameters, made.networks)
    return Described(made.at(torch.zeros(1, 1, dtype=torch.float64)), made.dataset, (0,))
