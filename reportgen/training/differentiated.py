"""Training of any model, with gradients by autograd."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from reportgen.plan import TrainingCell
from reportgen.problems import Trainable
from reportgen.problems.trainable import Points
from reportgen.streams import stream
from reportgen.training.adam import Adam
from reportgen.training.bound import test_rows
from reportgen.training.flat import FlatParameters
from reportgen.training.schedule import Rates
from reportgen.training.surrogate import Noise, Surrogate, surrogate


class Differentiated:
    """A `Fit` for any `Trainable`, whose networks are moved to `device`."""

    def __init__(self, cell: TrainingCell, trainable: Trainable, device: str = "cpu") -> None:
        self.trainable = trainable
        for network in trainable.networks.values():
            network.to(device)
        self.parameters = FlatParameters(trainable.networks)
        self.objective, self.seed = str(cell.train["objective"]), cell.seed
        self.batch_size = int(cell.train["batch_size"])
        self.num_samples = int(cell.train.get("num_samples", 1))

    def epoch(self, number: int, optimizer: Adam, rates: Rates) -> float:
        """See `Fit`."""
        noise = stream(self.seed, "training", number)
        points = self.trainable.train
        order = noise.permutation(points.size)
        total = 0.0
        for step, start in enumerate(range(0, points.size, self.batch_size)):
            optimizer.learning_rate = rates(step)
            batch = self._batch(points, order[start : start + self.batch_size], noise)
            self.parameters.differentiate(batch.loss)
            with torch.no_grad():
                optimizer.step()
            total += float(batch.bound.sum(dtype=torch.float64))
        return total / points.size

    def test_bound(self) -> float:
        """See `Fit`."""
        noise = stream(self.seed, "training", "test")
        points = self.trainable.test
        total, seen = 0.0, 0
        with torch.no_grad():
            for rows in test_rows(points.size, self.num_samples):
                total += float(self._batch(points, rows, noise).bound.sum(dtype=torch.float64))
                seen += len(rows)
        return total / seen

    def _batch(self, points: Points, rows: NDArray[np.intp], noise: Generator) -> Surrogate:
        x = points.inputs(rows, noise).to(self.parameters.vector.device)
        return surrogate(self.trainable.at(x), self.objective, self._normal(noise), self.num_samples)

    def _normal(self, noise: Generator) -> Noise:
        """A function that draws standard normals in the precision, and on the device, of the parameters."""
        vector = self.parameters.vector
        precision: Literal["float32", "float64"] = "float64" if vector.dtype == torch.float64 else "float32"

        def draw(*shape: int) -> Tensor:
            return torch.from_numpy(noise.standard_normal(shape, dtype=precision)).to(vector.device)

        return draw
