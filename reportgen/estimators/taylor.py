"""REINFORCE with the first-order Taylor expansion of f as a control variate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def taylor_control_variate(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the score function of f − f̃ plus the exact gradient of E_q[f̃].

    f̃(z) = f(z̄) + ∇f(z̄)ᵀ(z − z̄), with z̄ the mean of q and the coefficients held
    fixed, so ∇_η E_q[f̃] = (∂z̄/∂η)ᵀ ∇f(z̄). Requires ∇_z f at one point per
    estimate, z̄. Unbiased. Shapes: [I R K], [I R K d] → [I R m].
    Source: Paisley, Blei & Jordan (2012), section 3; Gu et al. (2016), MuProp.
    """
    slope = draws.gradient_at_centre
    expansion = draws.f_at_centre + ((draws.z - draws.centre) * slope).sum(-1)
    residual = draws.f - expansion
    return (residual.unsqueeze(-1) * draws.score).mean(2) + draws.mean_pullback(slope).squeeze(2)


TAYLOR_CONTROL_VARIATE = Estimator(
    name="taylor_control_variate",
    title="Score function, first-order Taylor control variate",
    short="the Taylor control variate",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \bigl(f(z_k) - \tilde f(z_k)\bigr)\,"
        r" \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)"
        r" + \Bigl(\frac{\partial \bar z}{\partial \varphi}\Bigr)^{\!\top}"
        r" \nabla_{z} f(\bar z), \qquad \tilde f(z) = f(\bar z) + \nabla_{z} f(\bar z)^{\top} (z - \bar z),"
        r" \quad \bar z = \mathbb{E}_{q}[z]"
    ),
    spoken=(
        "g hat equals the mean over K samples of a difference, f minus f tilde at z k, times the gradient in "
        "phi of log q of z k given x, plus the transposed Jacobian of z bar in phi times the gradient in z "
        "of f at z bar; f tilde is the first-order Taylor expansion of f at z bar, the mean of q"
    ),
    requires="Values of f, and ∂f/∂z at one point, the mean of q.",
    source="paisley2012, gu2016",
    evaluate=taylor_control_variate,
    averages=True,
    extra_forward=1,
    extra_backward=1,
)
