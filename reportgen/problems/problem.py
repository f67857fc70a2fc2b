"""What the engine measures: an encoder, the data it sees, a family, a prior and a likelihood of z."""

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
    """The gradient in θ of one sample, written out; for θ of few parameters."""

    @property
    def groups(self) -> Mapping[str, int]:
        """Parameter groups of θ and their sizes, in the order of the gradient."""

    def gradient(self, z: Tensor) -> Tensor:
        """∇_θ log p_θ(x, z), [I N d] → [I N |θ|]."""


class Problem(Protocol):
    """A latent-variable model at I fixed data points.

    `encoder(x)` maps the inputs [I …] to η [I m]; it may be any module whose
    output for one data point does not depend on the others. One that is also
    `reportgen.problems.pointwise.Pointwise` can have single estimates looked
    at, of one weight at one image.
    """

    @property
    def encoder(self) -> nn.Module:
        """φ is the parameters of this module that require a gradient."""

    @property
    def x(self) -> Tensor:
        """The encoder's inputs, [I …]."""

    @property
    def prior(self) -> Prior:
        """log p(z)."""

    @property
    def generative(self) -> Generative | None:
        """The gradient in θ, where it can be measured."""

    @property
    def layered(self) -> LayeredModel | None:
        """The same model with its decoder seen, for gradients in a θ that is not small; else None."""

    def family(self, eta: Tensor) -> Family:
        """q(z; η) of every data point, η [I m]."""

    def log_likelihood(self, z: Tensor) -> Tensor:
        """log p(x|z) of each data point at its own samples, [I N d] → [I N]; differentiable in z."""


@dataclass(frozen=True)
class Described:
    """A problem with what a record says of it."""

    problem: Problem | LayeredModel | GivenGradients
    dataset: str
    """Name of the data set, or of the model where there is none."""
    points: tuple[int, ...]
    """Numbers of the data points measured; for a data set rows of its test part."""
    shape: tuple[int, int] | None = None
    """Height and width of a data point, where it is an image of one channel."""
    arrays: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """Of the record, what is known of the problem before anything is measured."""
