"""Training of mean-field Gaussian VAEs, with gradients written out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from reportgen.plan import TrainingCell
from reportgen.problems.trainable import Points, Trainable
from reportgen.streams import stream
from reportgen.training.adam import Adam
from reportgen.training.ahead import ahead
from reportgen.training.bound import test_rows
from reportgen.training.gradient import BoundGradient
from reportgen.training.parameters import Parameters
from reportgen.training.schedule import Rates
from reportgen.training.update import Update, update

BLOCK_NUMBERS = 2**22
"""Pixels or normals drawn at once: 16 MiB."""


class WrittenOut:
    """A `Fit` for mean-field Gaussian VAEs with one or more stochastic layers, the models trained most.

    Everything is on `device`; random numbers are drawn by numpy and copied there.
    """

    def __init__(self, cell: TrainingCell, trainable: Trainable, device: str = "cpu") -> None:
        self.trainable = trainable
        self.parameters = Parameters(
            trainable.networks["encoder"].to(device), trainable.networks["decoder"].to(device)
        )
        self.objective, self.seed = str(cell.train["objective"]), cell.seed
        self.batch_size = int(cell.train["batch_size"])
        self.num_samples = int(cell.train.get("num_samples", 1))
        self._optimizer: Adam | None = None
        self._updates: dict[int, Update] = {}

    @staticmethod
    def serves(problem: Mapping[str, Any]) -> bool:
        """Whether a `problem` section describes such a model."""
        diagonal = problem["model"] == "vae" and problem.get("covariance", "diagonal") == "diagonal"
        return bool(diagonal or problem["model"] == "layered_vae")

    def epoch(self, number: int, optimizer: Adam, rates: Rates) -> float:
        """See `Fit`; each image is binarized anew, once for all its samples."""
        noise = stream(self.seed, "training", number)
        points = self.trainable.train
        order, pixels = noise.permutation(points.size), self.parameters.p[0][-1].bias.shape[0]
        widest = max(pixels, self.num_samples * sum(self.parameters.widths)) * self.batch_size
        rows = max(BLOCK_NUMBERS // widest, 1) * self.batch_size
        total, step = 0.0, 0
        with torch.no_grad():
            blocks = (order[start : start + rows] for start in range(0, points.size, rows))
            drawn = (self._drawn(points, block, noise) for block in blocks)
            for numbers in ahead(drawn) if self.parameters.vector.is_cuda else drawn:
                x, epsilon = self._there(*numbers)
                bound = x.new_empty(len(x))
                parts = (torch.split(part, self.batch_size) for part in (x, epsilon, bound))
                for batch in zip(*parts, strict=True):
                    optimizer.learning_rate = rates(step)
                    self._update(len(batch[0]), optimizer)(*batch)
                    step += 1
                total += float(bound.sum(dtype=torch.float64))
        return total / points.size

    def test_bound(self) -> float:
        """See `Fit`."""
        noise, points = stream(self.seed, "training", "test"), self.trainable.test
        total, images = 0.0, 0
        with torch.no_grad():
            for rows in test_rows(points.size, self.num_samples):
                x, epsilon = self._there(*self._drawn(points, rows, noise))
                bound = x.new_empty(len(x))
                self._gradient(len(x)).evaluate(x, epsilon, bound)
                total += float(bound.sum(dtype=torch.float64))
                images += len(rows)
        return total / images

    def _drawn(self, points: Points, rows: NDArray[np.intp], noise: Generator) -> tuple[Tensor, Tensor]:
        """One binary draw of each of these images, and ε [n K Σd]."""
        x = points.inputs(rows, noise)
        shape = (len(rows), self.num_samples, sum(self.parameters.widths))
        return x, torch.from_numpy(noise.standard_normal(shape, dtype=np.float32))

    def _there(self, *numbers: Tensor) -> tuple[Tensor, ...]:
        """The tensors on the parameters' device."""
        return tuple(part.to(self.parameters.vector.device) for part in numbers)

    def _gradient(self, images: int) -> BoundGradient:
        return BoundGradient(self.parameters, self.objective, images, self.num_samples)

    def _update(self, images: int, optimizer: Adam) -> Update:
        """The update for minibatches of this many images, made at its first use."""
        if optimizer is not self._optimizer:
            self._optimizer, self._updates = optimizer, {}
        if images not in self._updates:
            self._updates[images] = update(self._gradient(images), optimizer)
        return self._updates[images]
