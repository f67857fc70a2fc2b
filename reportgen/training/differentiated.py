"""Training any model, its gradient taken by autograd."""

from __future__ import annotations

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from reportgen.plan import TrainingCell
from reportgen.problems import Trainable
from reportgen.streams import stream
from reportgen.training.adam import Adam
from reportgen.training.bound import EVALUATIONS, ROWS
from reportgen.training.flat import FlatParameters
from reportgen.training.surrogate import Noise, surrogate


class Differentiated:
    """A `Fit` for every model that is a `Trainable`."""

    def __init__(self, cell: TrainingCell, trainable: Trainable) -> None:
        self.trainable = trainable
        self.parameters = FlatParameters(trainable.networks)
        self.objective, self.seed = str(cell.train["objective"]), cell.seed
        self.batch_size = int(cell.train["batch_size"])

    @property
    def dataset(self) -> str:
        return self.trainable.dataset

    def epoch(self, number: int, optimizer: Adam) -> float:
        """See `Fit`."""
        noise = stream(self.seed, "training", number)
        points = self.trainable.train
        order = noise.permutation(points.size)
        total = 0.0
        for start in range(0, points.size, self.batch_size):
            x = points.inputs(order[start : start + self.batch_size], noise)
            batch = surrogate(self.trainable.at(x), self.objective, self._normal(noise))
            self.parameters.differentiate(batch.loss)
            with torch.no_grad():
                optimizer.step()
            total += float(batch.bound.sum(dtype=torch.float64))
        return total / points.size

    def test_bound(self) -> float:
        """See `Fit`."""
        noise = stream(self.seed, "training", "test")
        points = self.trainable.test
        rows = np.tile(np.arange(points.size), -(-EVALUATIONS // points.size))
        total = 0.0
        with torch.no_grad():
            for start in range(0, len(rows), ROWS):
                x = points.inputs(rows[start : start + ROWS], noise)
                batch = surrogate(self.trainable.at(x), self.objective, self._normal(noise))
                total += float(batch.bound.sum(dtype=torch.float64))
        return total / len(rows)

    def _normal(self, noise: Generator) -> Noise:
        """Standard normals in the precision of the parameters."""
        wide = self.parameters.vector.dtype == torch.float64

        def draw(*shape: int) -> Tensor:
            return torch.from_numpy(noise.standard_normal(shape, dtype="float64" if wide else "float32"))

        return draw
