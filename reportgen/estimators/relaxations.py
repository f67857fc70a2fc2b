"""The parts of REBAR's control variate, before scaling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Draws

if TYPE_CHECKING:
    from torch import Tensor


def relaxations(draws: Draws) -> tuple[Tensor, Tensor]:
    """f(ζ̃) [I R K], and (∂ζ/∂η)ᵀ ∇f(ζ) − (∂ζ̃/∂η)ᵀ ∇f(ζ̃) [I R K m]."""
    relaxed, given = draws.relaxed(), draws.relaxed_given()
    gradient = draws.evaluate_gradient(relaxed)[1]
    f_given, gradient_given = draws.evaluate_gradient(given)
    return f_given, draws.relaxed_pullback(gradient) - draws.relaxed_given_pullback(gradient_given)
