"""Which estimator applies to which problem, and why not: one answer for declarations and listings."""

from __future__ import annotations

from reportgen.distributions import DISTRIBUTIONS
from reportgen.estimators.estimator import Estimator
from reportgen.objectives import OBJECTIVES

LAYERED = (
    "pathwise",
    "sticking_the_landing",
    "doubly_reparameterized",
    "score_function",
    "leave_one_out",
    "generative",
)
"""Estimators that can be measured layer by layer."""


def refusal(
    kind: Estimator, family: str, objectives: tuple[str, ...], generative: bool, layered: bool = False
) -> str | None:
    """Why an estimator cannot be used with q of this family, or None where it can.

    `objectives` are those that are asked for, of which it must serve one;
    `generative` is whether the problem has a gradient in θ, `layered` whether
    it is measured layer by layer.
    """
    estimator, q = kind.name, DISTRIBUTIONS[family]
    if kind.parameters == "theta" and not generative:
        return f"{estimator} estimates the gradient in θ, which this model does not offer. Remove it."
    if layered and estimator not in LAYERED:
        return f"{estimator} has no form for several stochastic layers. Use {', '.join(LAYERED)}."
    instead = " or ".join(
        [", ".join(kind.instead[:-1]), kind.instead[-1]] if kind.instead[1:] else kind.instead
    )
    if kind.reparameterizes and not q.reparameterizable:
        return f"{estimator} needs a reparameterizable family; {family} is not; use {instead}."
    if kind.families and family not in kind.families:
        needed = " or ".join(kind.families)
        return f"{estimator} needs a family that is {needed}, not {family}; use {instead}."
    if not any(kind.serves(objective) for objective in objectives):
        if kind.integrands:
            own = [name for name, o in OBJECTIVES.items() if o.integrand.name in kind.integrands]
            return (
                f"{estimator} estimates no gradient of {objectives[0]}. "
                f"Add the objective {' or '.join(own)}, or remove it."
            )
        several = [name for name in objectives if OBJECTIVES[name].several]
        if several and kind.bound is None:
            return f"{estimator} has no meaning for a bound of several samples ({several[0]}). Remove it."
        return f"{estimator} is made for a bound of several samples. Add the objective iwae, or remove it."
    return None
