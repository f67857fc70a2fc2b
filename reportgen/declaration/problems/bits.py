"""`model: bits`: E_q[f(z)] for independent bits, where f is differentiable or a black box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.scalars import Real, Whole, one_of


class Bits(Problem):
    """A function of d independent bits that have the same probability.

    Source: Tucker et al. (2017), section 5.1, for the squared distance to a
    target; Grathwohl et al. (2018, RELAX) for a target as close to ½ as 0.499.
    """

    objectives: ClassVar = ("expectation",)
    usual: ClassVar = ("expectation",)

    model: Literal["bits"] = "bits"
    """Independent bits."""
    function: Annotated[str, one_of("quadratic", "threshold", "parity")] = "quadratic"
    """quadratic is f(z) = Σ (z − t)². The others are black boxes, defined for bits only: threshold is 1 if
    more than a share t of the bits is set, parity is 1 if an odd number is; otherwise both are 0."""
    target: Annotated[float, Real()] = 0.499
    """t in quadratic and threshold."""
    probability: Annotated[float, Real(above=0.0, below=1.0)] = 0.5
    """Probability that a bit is set, the same for all; η holds its logit."""
    dimension: Annotated[int, Whole(1, 4096)] = 1
    """Number of bits in z; exact values are known for 17 or fewer."""

    @property
    def distribution(self) -> str:
        return "bernoulli"

    @property
    def latent_size(self) -> int:
        return self.dimension

    @property
    def differentiable(self) -> bool:
        return self.function == "quadratic"

    @property
    def groups(self) -> tuple[str, ...]:
        return ("logits",)

    @property
    def functions(self) -> Mapping[str, str]:
        return {
            "quadratic": f"is f(z) = Σ (z − {self.target:g})²",
            "threshold": f"says whether the share of bits that are set is above {self.target:g}",
            "parity": "says whether the number of bits that are set is odd",
        }

    @property
    def sentence(self) -> str:
        told = self.functions[self.function]
        f = told.removeprefix("is ") if self.differentiable else f"a black box f {told}"
        bits = "one bit, set" if self.dimension == 1 else f"{self.dimension} independent bits, each set"
        return f"z is {bits} with probability {self.probability:g}, and {f}"
