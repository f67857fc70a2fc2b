"""What the engine measures: an encoder and its data, a family q, a prior and a likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from reportgen.families.family import Family
from reportgen.problems.given import GivenGradients
from reportgen.problems.layered import LayeredModel
from reportgen.problems.prior import Prior


class Generative(Protocol):
    """The gradient in θ for each sample, in closed form; for a θ with few parameters."""

    @property
    def groups(self) -> Mapping[str, int]:
        """Parameter groups of θ and their sizes, in the order of the gradient."""

    def gradient(self, z: Tensor) -> Tensor:
        """∇_θ log p_θ(x, z), [I N d] → [I N |θ|]."""


class Problem(Protocol):
    """A latent-variable model at I fixed data points.

    `encoder(x)` maps the inputs [I …] to η [I m]; it may be any module whose
    output for one data point does not depend on the others. If the problem is
    also a `reportgen.problems.pointwise.Pointwise`, reports can show the
    distribution of estimates of one weight at one image.
    """

    @property
    def encoder(self) -> nn.Module:
        """φ is the parameters of this module that require a gradient."""

    @property
    def x(self) -> Tensor:
        """The encoder's inputs, [I …]."""

    @property
    def prior(self) -> Prior:
        """The prior p(z)."""

    @property
    def generative(self) -> Generative | None:
        """The gradient in θ in closed form, or None."""

    @property
    def layered(self) -> LayeredModel | None:
        """The same model with its decoder exposed, for gradients in a large θ, or None."""

    def family(self, eta: Tensor) -> Family:
        """q(z; η) of every data point, η [I m]."""

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z) of each data point at its samples, [I N d] → [I N]; differentiable in z."""


@dataclass(frozen=True)
class Described:
    """A problem, with the facts that a record states about it."""

    problem: Problem | LayeredModel | GivenGradients
    dataset: str
    """Name of the data set; ``none`` if there is none."""
    points: tuple[int, ...]
    """Indices of the data points measured; for a data set, rows of its test part."""
    shape: tuple[int, int] | None = None
    """Height and width of a data point, if it is an image with one channel."""
    arrays: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Arrays of the record that are known before anything is measured."""
