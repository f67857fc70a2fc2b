"""The straight-through estimator: the derivative at the sample is used as if it were that at the mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def straight_through(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of (∂E_q[z]/∂η)ᵀ ∇_z f(z), plus ∂f/∂η at fixed z.

    z is differentiated as if it were its mean p(η), a sigmoid or a softmax.
    Requires ∇_z f at the samples, and so an f that is defined between the codes
    too. Biased, unless f is linear in each unit. Shapes: [I R K d] → [I R m].
    Source: Bengio, Léonard & Courville (2013), their variant with the
    sigmoid's derivative; Jang, Gu & Poole (2017), section 3.1.
    """
    estimate = draws.mean_pullback(draws.gradient)
    if draws.explicit is not None:
        estimate = estimate + draws.explicit
    return estimate.mean(2)


STRAIGHT_THROUGH = Estimator(
    name="straight_through",
    title="Straight-through",
    short="the straight-through estimator",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \biggl["
        r"\Bigl(\frac{\partial \bar z}{\partial \varphi}\Bigr)^{\!\top}"
        r" \nabla_{z} f(z_k) + \frac{\partial f}{\partial \varphi}(z_k)\biggr], \qquad"
        r" \bar z = \mathbb{E}_{q}[z]"
    ),
    spoken=(
        "g hat equals the mean over K samples of the transposed Jacobian of z bar in phi times the gradient "
        "in z of f at z k, plus the partial derivative of f in phi at z k held fixed; z bar is the mean of q"
    ),
    requires=(
        "∂f/∂z at every sample, of an f that is defined between the codes. The sample is held "
        "fixed in ∂f/∂φ, which is not zero where log q is a part of f."
    ),
    source="bengio2013",
    evaluate=straight_through,
    averages=True,
    unbiased=False,
    needs_gradient=True,
    families=("bernoulli", "categorical"),
    instead=("pathwise", "score_function"),
)
