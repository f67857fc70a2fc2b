"""`model: conjugate`: z ~ N(0, 1), x|z ~ N(z, 1), where the posterior is known."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.scalars import Real, Switch


class Conjugate(Problem):
    """The conjugate Gaussian model with one observation; q is the exact posterior unless moved."""

    objectives: ClassVar = ("reconstruction", "elbo", "elbo_analytic_kl", "iwae")
    usual: ClassVar = ("elbo", "elbo_analytic_kl", "reconstruction")

    model: Literal["conjugate"] = "conjugate"
    """z ~ N(0, 1), x|z ~ N(z, 1)."""
    x: Annotated[float, Real()] = 2.0
    """The observation; the posterior is N(x/2, 1/2)."""
    mean_offset: Annotated[float, Real()] = 0.0
    """Mean of q minus that of the posterior."""
    scale_factor: Annotated[float, Real(above=0.0)] = 1.0
    """Standard deviation of q over that of the posterior."""
    drop_constant: Annotated[bool, Switch()] = False
    """Whether to drop the likelihood's additive constant, −½ log 2π."""

    @property
    def mean(self) -> float:
        """μ of q."""
        return self.x / 2.0 + self.mean_offset

    @property
    def scale(self) -> float:
        """σ of q."""
        return self.scale_factor * math.sqrt(0.5)

    @property
    def latent_size(self) -> int:
        return 1

    @property
    def groups(self) -> tuple[str, ...]:
        return "mean", "log_scale"

    @property
    def sentence(self) -> str:
        exact = self.mean_offset == 0.0 and self.scale_factor == 1.0
        where = "the exact posterior" if exact else f"N({self.mean:g}, {self.scale:g}²), not the posterior"
        return f"The conjugate Gaussian model z ~ N(0, 1), x | z ~ N(z, 1) at x = {self.x:g}; q is {where}"
