"""Straight-through Gumbel-softmax: the hard sample forward, the relaxed one backward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def straight_through_gumbel(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of (∂ζ/∂η)ᵀ ∇_z f(z), plus ∂f/∂η at fixed z.

    z and its relaxation ζ are made from the same noise. Requires a discrete q
    with a relaxation, and ∇_z f at the samples, and so an f that is defined
    between the codes too. Biased. Shapes: [I R K n], [I R K d] → [I R m].
    Source: Jang, Gu & Poole (2017), section 2.2.
    """
    estimate = draws.relaxed_pullback(draws.gradient)
    if draws.explicit is not None:
        estimate = estimate + draws.explicit
    return estimate.mean(2)


STRAIGHT_THROUGH_GUMBEL = Estimator(
    name="straight_through_gumbel",
    title="Straight-through Gumbel-softmax",
    short="straight-through Gumbel-softmax",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \biggl["
        r"\Bigl(\frac{\partial \zeta_k}{\partial \varphi}\Bigr)^{\!\top} \nabla_{z} f(z_k)"
        r" + \frac{\partial f}{\partial \varphi}(z_k)\biggr], \qquad"
        r" \zeta_k = \sigma\Bigl(\frac{\eta_{\varphi}(x) + g_k}{\tau}\Bigr), \quad"
        r" z_k = \lim_{\tau \to 0} \zeta_k"
    ),
    spoken=(
        "g hat equals the mean over K samples of the transposed Jacobian of zeta k in phi times the gradient "
        "in z of f at z k, plus the partial derivative of f in phi at z k held fixed; zeta k is the sigmoid "
        "or softmax of eta phi of x plus noise g k, over the temperature tau, and z k its limit as tau falls "
        "to zero"
    ),
    requires=(
        "∂f/∂z at every sample, of an f that is defined between the codes. The sample is held "
        "fixed in ∂f/∂φ, which is not zero where log q is a part of f. σ is the sigmoid for bits, g then "
        "logistic noise, and the softmax for classes, with Gumbel noise."
    ),
    source="jang2017",
    evaluate=straight_through_gumbel,
    averages=True,
    unbiased=False,
    needs_gradient=True,
    families=("bernoulli", "categorical"),
    instead=("pathwise", "score_function"),
    temperature=0.5,
)
