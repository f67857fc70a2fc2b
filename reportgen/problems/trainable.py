"""What training needs: networks, data points, and the model at a batch of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from reportgen.problems.layered import LayeredModel
from reportgen.problems.problem import Problem


class Points(Protocol):
    """Data points over which a bound is averaged."""

    @property
    def size(self) -> int:
        """The number of data points."""

    def inputs(self, rows: NDArray[np.intp], noise: Generator) -> Tensor:
        """The model's inputs at these rows, [n …]; binary pixels, for instance, are drawn anew."""


@dataclass(frozen=True)
class Trainable:
    """A model as it is before training."""

    dataset: str
    """Name of the data set, for the record."""
    networks: Mapping[str, nn.Module]
    """``encoder`` with all of φ and, if θ is trained, ``decoder`` with all of θ; all of one data type."""
    at: Callable[[Tensor], Problem | LayeredModel]
    """The model at inputs [n …], sharing the parameters of `networks`."""
    train: Points
    test: Points
    """Points for the test bound at checkpoints; the training points if there are no others."""
