"""Which estimators apply to which problems, and why others do not; shared by checks and listings."""

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
    "score_function_optimal_constant",
    "moving_average_baseline",
    "leave_one_out",
    "vimco",
    "vimco_geometric",
    "generative",
    "score_function_as_printed",
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

    The estimator must serve at least one of `objectives`. `generative` says
    whether the problem has a gradient in θ, `layered` whether it is measured
    layer by layer, `differentiable` whether its integrand has a gradient in z.
    """
    estimator = kind.name
    if kind.parameters == "theta" and not generative:
        return f"{estimator} estimates the gradient in θ, and this model holds p fixed. Remove it."
    if layered and estimator not in LAYERED:
        return f"{estimator} has no form for several stochastic layers. Use {', '.join(LAYERED)}."
    if (lacking := _lacking(kind, family, differentiable)) is not None:
        usable = [name for name in kind.instead if _lacking(ESTIMATORS[name], family, differentiable) is None]
        usable = usable or ["score_function", "leave_one_out"]
        instead = " or ".join([", ".join(usable[:-1]), usable[-1]] if usable[1:] else usable)
        return f"{estimator} needs {lacking}; use {instead}."
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


def _lacking(kind: Estimator, family: str, differentiable: bool) -> str | None:
    """What the estimator needs and q or the integrand lacks; None if nothing is lacking."""
    if kind.reparameterizes and not DISTRIBUTIONS[family].reparameterizable:
        return f"a reparameterizable family; {family} is not"
    if kind.families and family not in kind.families:
        return f"a family that is {' or '.join(kind.families)}, not {family}"
    if kind.differentiates and not differentiable:
        return "∂f/∂z, which a black-box integrand does not give"
    return None
