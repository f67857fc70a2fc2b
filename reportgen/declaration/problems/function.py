"""`model: function`: E_q[f(z)] for the test functions of Mohamed et al. (2020), in any dimension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.scalars import Real, Whole, one_of


class Function(Problem):
    """A function of a Gaussian variable, summed over its coordinates.

    Source: Mohamed et al. (2020), section 3 and figures 2 and 3.
    """

    objectives: ClassVar = ("expectation",)
    usual: ClassVar = ("expectation",)

    model: Literal["function"] = "function"
    """A function of a Gaussian variable."""
    function: Annotated[str, one_of("quadratic", "exponential", "cosine")] = "quadratic"
    """f(z) = Σ (z − k)², Σ exp(−k z²) or Σ cos(k z)."""
    k: Annotated[float, Real()] = 0.0
    """The parameter k of f."""
    mean: Annotated[float, Real()] = 1.0
    """μ of q, in every coordinate."""
    scale: Annotated[float, Real(above=0.0)] = 1.0
    """σ of q, in every coordinate."""
    dimension: Annotated[int, Whole(1, 4096)] = 1
    """Number of coordinates of z."""

    @property
    def latent_size(self) -> int:
        return self.dimension

    @property
    def groups(self) -> tuple[str, ...]:
        return "mean", "log_scale"

    @property
    def functions(self) -> Mapping[str, str]:
        return {
            "quadratic": "is f(z) = (z − k)²",
            "exponential": "is f(z) = exp(−k z²)",
            "cosine": "is f(z) = cos(k z)",
        }

    @property
    def sentence(self) -> str:
        formula = self.functions[self.function].removeprefix("is ")
        over = "" if self.dimension == 1 else f", summed over {self.dimension} independent coordinates"
        return f"{formula}{over}, with z normal, mean {self.mean:g} and standard deviation {self.scale:g}"
