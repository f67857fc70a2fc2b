"""`model: rainforth`: the Gaussian toy of Rainforth et al. (2018), section 4."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from reportgen.declaration.complaints import refuse
from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.scalars import Real, Whole


class Rainforth(Problem):
    """The toy model of Rainforth et al.: z ~ N(μ, I), x|z ~ N(z, I), q(z|x) = N(A x + b, (2/3) I).

    θ = μ and φ = (A, b). The parameters are those at the optimum (μ the mean of
    the data, A = I/2, b = μ/2), moved by normal noise.
    Source: Rainforth et al. (2018), section 4.
    """

    objectives: ClassVar = ("reconstruction", "elbo", "iwae")
    usual: ClassVar = ("iwae",)
    coordinates: ClassVar = "the weights A and b of a linear encoder"

    model: Literal["rainforth"] = "rainforth"
    """The Gaussian toy of Rainforth et al."""
    latent: Annotated[int, Whole(1, 200)] = 20
    """D, the length of z and of x."""
    data_points: Annotated[int, Whole(2, 10**6)] = 1024
    """N, the size of the synthetic data set, drawn from the model."""
    points: Annotated[int, Whole(1, 10**4)] = 4
    """Number of data points whose gradients are measured: the first of the data set."""
    perturbation: Annotated[float, Real(least=0.0)] = 0.01
    """Standard deviation of the noise that moves every parameter off the optimum."""

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.points > self.data_points:
            raise refuse(
                f"must be at most data_points = {self.data_points}, got {self.points}. "
                "Raise that, or lower it.",
                at=("points",),
            )
        return self

    @property
    def distribution(self) -> str:
        return "fixed_scale_gaussian"

    @property
    def generative(self) -> bool:
        return True

    @property
    def latent_size(self) -> int:
        return self.latent

    @property
    def groups(self) -> tuple[str, ...]:
        return ("linear",)

    @property
    def sentence(self) -> str:
        return (
            f"The Gaussian model z ~ N(μ, I), x | z ~ N(z, I) in {self.latent} dimensions with the linear "
            f"encoder q = N(A x + b, (2/3) I), every parameter moved off the optimum by normal noise of "
            f"standard deviation {self.perturbation:g}"
        )
