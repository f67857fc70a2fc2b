"""Training the mean-field Gaussian VAE, whose gradient is written out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reportgen.datasets import Dataset, binarized
from reportgen.plan import TrainingCell
from reportgen.problems.networks import initialised
from reportgen.streams import stream
from reportgen.training.adam import Adam
from reportgen.training.bound import bound_terms, test_bound
from reportgen.training.gradient import BoundGradient
from reportgen.training.parameters import Parameters

BLOCK_PIXELS = 2**22
"""Pixels binarized at once: 16 MiB."""


class WrittenOut:
    """A `Fit` for the one model that is trained most; three times as fast as `Differentiated`."""

    def __init__(self, cell: TrainingCell, dataset: Dataset) -> None:
        self.data = dataset
        self.parameters = Parameters(
            *initialised(cell.problem, dataset.train.mean(0, dtype="float64"), cell.seed),
            activation=str(cell.problem.get("activation", "tanh")),
        )
        self.objective, self.seed = str(cell.train["objective"]), cell.seed
        self.batch_size = int(cell.train["batch_size"])

    @staticmethod
    def serves(problem: Mapping[str, Any]) -> bool:
        """Whether this is the model whose gradient is written out."""
        return bool(problem["model"] == "vae" and problem.get("covariance", "diagonal") == "diagonal")

    @property
    def dataset(self) -> str:
        return self.data.name

    def epoch(self, number: int, optimizer: Adam) -> float:
        """See `Fit`; images are binarized afresh."""
        noise = stream(self.seed, "training", number)
        images = len(self.data.train)
        order = noise.permutation(images)
        update = BoundGradient(self.parameters, self.objective)
        latent = self.parameters.encoder.mean.out_features
        rows = max(BLOCK_PIXELS // (self.data.pixels * self.batch_size), 1) * self.batch_size
        total = 0.0
        with torch.no_grad():
            for start in range(0, images, rows):
                levels = self.data.train[order[start : start + rows]]
                x = torch.from_numpy(binarized(self.data, levels, noise))
                epsilon = torch.from_numpy(noise.standard_normal((len(levels), latent), dtype=np.float32))
                eta, logits = torch.empty(len(levels), 2 * latent), torch.empty_like(x)
                parts = (self._batches(part) for part in (x, epsilon, eta, logits))
                for batch in zip(*parts, strict=True):
                    update(*batch)
                    optimizer.step()
                total += float(bound_terms(x, logits, eta, epsilon, self.objective).sum(dtype=torch.float64))
        return total / images

    def test_bound(self) -> float:
        """See `Fit`."""
        networks = self.parameters.encoder, self.parameters.decoder
        return test_bound(*networks, self.data, self.objective, self.seed)

    def _batches(self, rows: Tensor) -> tuple[Tensor, ...]:
        return torch.split(rows, self.batch_size)
