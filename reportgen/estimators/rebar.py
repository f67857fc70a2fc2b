"""REBAR: REINFORCE with f at a relaxed sample as the control variate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def rebar(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the score function of f − f(ζ̃), plus the gradient of E[f(ζ)].

    ζ is the relaxed sample whose hard one is z, and ζ̃ another of the same
    law given z, of further noise; its mean correction is pathwise,
    (∂ζ/∂η)ᵀ ∇f(ζ) − (∂ζ̃/∂η)ᵀ ∇f(ζ̃). Requires a Bernoulli q, and f with its
    gradient between the codes. Unbiased at every temperature, whatever f is
    there: the control variate's scale is 1 and its temperature fixed, where
    the paper fits both. Shapes: [I R K n], [I R K d] → [I R m].
    Source: Tucker et al. (2017), section 3; ζ̃ is drawn independently of ζ,
    which its appendix on implementation ties to it.
    """
    relaxed, given = draws.relaxed(), draws.relaxed_given()
    gradient = draws.evaluate_gradient(relaxed)[1]
    f_given, gradient_given = draws.evaluate_gradient(given)
    residual = (draws.f - f_given).unsqueeze(-1) * draws.score
    correction = draws.relaxed_pullback(gradient) - draws.relaxed_given_pullback(gradient_given)
    return (residual + correction).mean(2)


REBAR = Estimator(
    name="rebar",
    title="REBAR",
    short="REBAR",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \bigl(f(z_k) - f(\tilde \zeta_k)\bigr)\,"
        r" \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)"
        r" + \nabla_{\varphi} f(\zeta_k) - \nabla_{\varphi} f(\tilde \zeta_k), \qquad"
        r" \tilde \zeta_k \sim q_{\varphi}(\zeta \mid z_k)"
    ),
    spoken=(
        "g hat equals the mean over K samples of f of z k minus f of zeta tilde k, times the gradient in phi "
        "of log q of z k given x, plus the gradient in phi of f of zeta k minus that of f of zeta tilde k; "
        "zeta tilde k is a relaxed sample given the hard one, z k"
    ),
    requires="∂f/∂z at two relaxed samples for every hard one, between the codes.",
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
