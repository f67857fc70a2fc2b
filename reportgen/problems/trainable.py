"""What training needs of a model: networks, points to fit, and the model at a batch of them."""

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
    """Data points that a bound is averaged over."""

    @property
    def size(self) -> int:
        """How many there are."""

    def inputs(self, rows: NDArray[np.intp], noise: Generator) -> Tensor:
        """Those of these rows as a model takes them, [n …]; binary pixels, say, drawn afresh."""


@dataclass(frozen=True)
class Trainable:
    """A model as training begins with it."""

    dataset: str
    """Name of the data set, as the record has it."""
    networks: Mapping[str, nn.Module]
    """``encoder`` with all of φ and, where θ is learned, ``decoder`` with all of θ; one data type."""
    at: Callable[[Tensor], Problem | LayeredModel]
    """The model at inputs [n …], made of these very networks."""
    train: Points
    test: Points
    """Those at which the bound is followed; the training points again where there are no others."""
