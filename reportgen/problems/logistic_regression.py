"""Bayesian logistic regression with a Gaussian q, whose parameters η are φ itself."""

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
"""Share of Glorot's bound: from U = 0 the gradient in a low-rank factor would vanish, and q stay diagonal."""


def likelihood_of(table: Table) -> Callable[[Tensor], Tensor]:
    """log p(y|z) = Σₙ log σ(±zᵀxₙ) over the whole table, [I N d] → [I N].

    The logits are the outputs of a linear layer whose weights are the data, so
    the sum over data is computed like that over the pixels of a VAE.
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
    """`Points` with a single data point, the whole data set; the encoder ignores its input, zero."""

    size: int = 1

    def inputs(self, rows: NDArray[np.intp], noise: Generator) -> Tensor:
        """[n 1]"""
        return torch.zeros(len(rows), 1, dtype=torch.float64)


def _first(settings: Mapping[str, Any], latent: int, seed: int) -> FreeParameters:
    """The encoder with q equal to the prior, except for a low-rank factor near 0."""
    parts = {name: torch.zeros(latent, dtype=torch.float64) for name in ("mean", "log_scale")}
    for name, size in correlations(settings, latent).items():
        parts[name] = torch.zeros(size, dtype=torch.float64)
        if name == "factor":
            bound = SMALL * (6.0 / (latent + size // latent)) ** 0.5
            noise = stream(seed, "initialisation", "encoder", name)
            parts[name] = torch.from_numpy(noise.uniform(-bound, bound, size))
    return FreeParameters(**parts)


def trainable(materials: Materials) -> Trainable:
    """q before training. The test points are the training points, since there are no others."""
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
    """The model with q as of a checkpoint."""
    made = trainable(materials)
    load_networks(materials.parameters, made.networks)
    return Described(made.at(torch.zeros(1, 1, dtype=torch.float64)), made.dataset, (0,))
