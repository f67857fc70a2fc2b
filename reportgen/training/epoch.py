"""One pass over the training part."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.optim.adam import adam

from reportgen.datasets import Dataset, binarized
from reportgen.streams import stream
from reportgen.training.bound import bound_terms
from reportgen.training.gradient import BoundGradient
from reportgen.training.parameters import Parameters

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-4
"""Adam's constants; ε after Burda et al. (2016), section 5."""
BLOCK_PIXELS = 2**22
"""Pixels binarized at once: 16 MiB."""


class Adam:
    """Moments and step count of Kingma & Ba (2015) for one flat vector."""

    def __init__(self, parameters: Parameters, learning_rate: float) -> None:
        self.parameters = parameters
        self.learning_rate = learning_rate
        self.first = torch.zeros_like(parameters.vector)
        self.second = torch.zeros_like(parameters.vector)
        self.count = torch.zeros(())

    def step(self) -> None:
        """One update, down the gradient."""
        adam(
            [self.parameters.vector],
            [self.parameters.gradient],
            [self.first],
            [self.second],
            [],
            [self.count],
            fused=True,
            amsgrad=False,
            beta1=BETA_1,
            beta2=BETA_2,
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )


def run_epoch(
    parameters: Parameters,
    optimizer: Adam,
    dataset: Dataset,
    *,
    objective: str,
    batch_size: int,
    seed: int,
    epoch: int,
) -> float:
    """Every training image once, in a fresh order and freshly binarized; the mean bound met on the way.

    All noise comes from the stream of this seed and epoch, so an epoch can be
    repeated from the parameters and moments it began with.
    """
    noise = stream(seed, "training", epoch)
    images = len(dataset.train)
    order = noise.permutation(images)
    update = BoundGradient(parameters, objective)
    latent = parameters.encoder.mean.out_features
    rows = max(BLOCK_PIXELS // (dataset.pixels * batch_size), 1) * batch_size
    total = 0.0
    with torch.no_grad():
        for start in range(0, images, rows):
            levels = dataset.train[order[start : start + rows]]
            x = torch.from_numpy(binarized(dataset, levels, noise))
            epsilon = torch.from_numpy(noise.standard_normal((len(levels), latent), dtype=np.float32))
            eta, logits = torch.empty(len(levels), 2 * latent), torch.empty_like(x)
            parts = (_batches(part, batch_size) for part in (x, epsilon, eta, logits))
            for batch in zip(*parts, strict=True):
                update(*batch)
                optimizer.step()
            total += float(bound_terms(x, logits, eta, epsilon, objective).sum(dtype=torch.float64))
    return total / images


def _batches(rows: Tensor, size: int) -> tuple[Tensor, ...]:
    return torch.split(rows, size)
