"""Which estimator applies to which problem, and why not: one answer for declarations and listings."""

from __future__ import annotations

from reportgen.distributions import DISTRIBUTIONS
from reportgen.estimators import ESTIMATORS
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
    kind: Estimator,
    family: str,
    objectives: tuple[str, ...],
    generative: bool,
    layered: bool = False,
    differentiable: bool = True,
) -> str | None:
    """Why an estimator cannot be used with q of this family, or None where it can.

    `objectives` are those that are asked for, of which it must serve one;
    `generative` is whether the problem has a gradient in θ, `layered` whether
    it is measured layer by layer, `differentiable` whether its integrand has a
    gradient in z.
    """
    estimator, q = kind.name, DISTRIBUTIONS[family]
    if kind.parameters == "theta" and not generative:
        return f"{estimator} estimates the gradient in θ, and this model holds p fixed. Remove it."
    if layered and estimator not in LAYERED:
        return f"{estimator} has no form for several stochastic layers. Use {', '.join(LAYERED)}."
    if kind.reparameterizes and not q.reparameterizable:
        instead = _instead(kind.instead, family, differentiable)
        return f"{estimator} needs a reparameterizable family; {family} is not; use {instead}."
    if kind.families and family not in kind.families:
        needed = " or ".join(kind.families)
        instead = _instead(kind.instead, family, differentiable)
        return f"{estimator} needs a family that is {needed}, not {family}; use {instead}."
    if kind.differentiates and not differentiable:
        instead = _instead(kind.instead, family, differentiable)
        return f"{estimator} needs ∂f/∂z, which a black-box integrand does not give; use {instead}."
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


def _instead(names: tuple[str, ...], family: str, differentiable: bool) -> str:
    """Those of an estimator's alternatives that apply where it does not, in words."""
    usable = [name for name in names if _fits(name, family, differentiable)]
    usable = usable or ["score_function", "leave_one_out"]
    return " or ".join([", ".join(usable[:-1]), usable[-1]] if usable[1:] else usable)


def _fits(estimator: str, family: str, differentiable: bool) -> bool:
    kind = ESTIMATORS[estimator]
    moves = DISTRIBUTIONS[family].reparameterizable or not kind.reparameterizes
    made = not kind.families or family in kind.families
    return moves and made and (differentiable or not kind.differentiates)
