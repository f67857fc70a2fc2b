"""`model: categorical`: E_q[f(z)] for independent units, each in one of several classes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.scalars import Real, Whole


class CategoricalUnits(Problem):
    """The squared distance to a target, for units whose classes are evenly spaced from 0 to 1.

    With two classes it is the quadratic function of `bits`.
    """

    objectives: ClassVar = ("expectation",)
    usual: ClassVar = ("expectation",)

    model: Literal["categorical"] = "categorical"
    """Independent units of several classes."""
    classes: Annotated[int, Whole(2, 1000)] = 3
    """Number of classes of a unit, one-hot in z."""
    target: Annotated[float, Real()] = 0.499
    """t in f(z) = Σ (v − t)², where v is the value of a unit's class, evenly spaced from 0 to 1."""
    tilt: Annotated[float, Real()] = 0.0
    """Logit of the last class minus that of the first; those between lie on a line. 0 is uniform."""
    dimension: Annotated[int, Whole(1, 4096)] = 1
    """Number of units."""

    @property
    def distribution(self) -> str:
        return "categorical"

    @property
    def latent_size(self) -> int:
        return self.dimension * self.classes

    @property
    def eta_size(self) -> int:
        return self.latent_size

    @property
    def groups(self) -> tuple[str, ...]:
        return ("logits",)

    @property
    def sentence(self) -> str:
        units = "one unit" if self.dimension == 1 else f"each of {self.dimension} independent units"
        chances = "all alike" if self.tilt == 0.0 else f"their logits {self.tilt:g} apart from end to end"
        return (
            f"f(z) = Σ (v − {self.target:g})² with v the value of the class of {units}, of {self.classes} "
            f"classes evenly spaced from 0 to 1, {chances}"
        )
