"""REBAR: REINFORCE with f at a relaxed sample as the control variate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator
from reportgen.estimators.relaxations import relaxations

if TYPE_CHECKING:
    from torch import Tensor


def rebar(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the score function of f − f(ζ̃), plus the gradient of E[f(ζ)].

    ζ is the relaxed sample whose hard value is z; ζ̃ is drawn from the
    distribution of ζ given z, with further noise. The gradient of E[f(ζ)] and the
    term that makes the control variate's mean zero are pathwise,
    (∂ζ/∂η)ᵀ ∇f(ζ) − (∂ζ̃/∂η)ᵀ ∇f(ζ̃). Requires a Bernoulli q, and f with its
    gradient between the codes. Unbiased at every temperature, whatever f is
    between the codes. The control variate's scale is 1 and its temperature fixed;
    the paper fits both. Shapes: [I R K n], [I R K d] → [I R m].
    Source: Tucker et al. (2017), section 3; ζ̃ is drawn independently of ζ given
    z, where the paper's appendix on implementation couples their noise.
    """
    f_given, correction = relaxations(draws)
    residual = (draws.f - f_given).unsqueeze(-1) * draws.score
    return (residual + correction).mean(2)


REBAR = Estimator(
    name="rebar",
    title="REBAR",
    short="REBAR",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \biggl[\bigl(f(z_k) - f(\tilde \zeta_k)\bigr)\,"
        r" \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)"
        r" \qquad \quad {} + \Bigl(\frac{\partial \zeta_k}{\partial \varphi}\Bigr)^{\!\top}"
        r" \nabla_{z} f(\zeta_k)"
        r" - \Bigl(\frac{\partial \tilde \zeta_k}{\partial \varphi}\Bigr)^{\!\top}"
        r" \nabla_{z} f(\tilde \zeta_k)\biggr], \qquad"
        r" \zeta_k = \sigma\Bigl(\frac{\eta_{\varphi}(x) + g_k}{\tau}\Bigr), \quad"
        r" z_k = \lim_{\tau \to 0} \zeta_k, \quad \tilde \zeta_k \sim q_{\varphi}(\zeta \mid z_k)"
    ),
    spoken=(
        "g hat equals the mean over K samples of a difference, f of z k minus f of zeta tilde k, times the "
        "gradient in phi of log q of z k given x, plus the transposed Jacobian of zeta k in phi times the "
        "gradient in z of f "
        "at zeta k, minus the same with zeta tilde k; zeta k is the sigmoid of eta phi of x plus noise g k, "
        "over the temperature tau, z k its limit as tau falls to zero, and zeta tilde k a relaxed sample "
        "given the hard one, z k"
    ),
    requires=(
        "∂f/∂z at two relaxed samples for every hard one, between the codes. σ is the sigmoid, g logistic "
        "noise; the hard sample and all noise are held fixed in the derivatives of relaxed ones. "
        "The control variate’s scale is 1 (rebar_optimal_scale fits it) and τ is fixed; the paper fits both "
        "during training and couples the noise of the two relaxed samples, so the published variance may be "
        "lower."
    ),
    source="tucker2017",
    evaluate=rebar,
    averages=True,
    families=("bernoulli",),
    instead=("leave_one_out", "taylor_control_variate"),
    temperature=0.5,
    auxiliary=1,
    forward_per_sample=3,
    backward_per_sample=2,
)
