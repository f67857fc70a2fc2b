"""The Gumbel-softmax (Concrete) estimator: the pathwise gradient of a relaxed problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def gumbel_softmax(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of d/dη f(ζ(ε; η, τ); η), ζ the relaxed sample.

    Requires a discrete q with a relaxation, and f with its gradient at points
    between the codes. Biased: it estimates the gradient of E[f(ζ)], which
    differs from E[f(z)] at any temperature τ > 0; as τ falls, so does the bias,
    while the variance grows. Shapes: [I R K n], [I R K d] → [I R m].
    Source: Jang, Gu & Poole (2017), section 2.1; Maddison, Mnih & Teh (2017), section 3.
    """
    relaxed = draws.relaxed()
    estimate = draws.relaxed_pullback(draws.evaluate_gradient(relaxed)[1])
    explicit = draws.explicit_at(relaxed)
    if explicit is not None:
        estimate = estimate + explicit
    return estimate.mean(2)


GUMBEL_SOFTMAX = Estimator(
    name="gumbel_softmax",
    title="Gumbel-softmax (Concrete)",
    short="Gumbel-softmax",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \nabla_{\varphi}\, f\bigl(\zeta_k\bigr), \qquad"
        r" \zeta_k = \sigma\Bigl(\frac{\eta_{\varphi}(x) + g_k}{\tau}\Bigr)"
    ),
    spoken=(
        "g hat equals the mean over K samples of the gradient in phi of f of zeta k, "
        "where zeta k is the sigmoid or softmax of eta phi of x plus noise g k, over the temperature tau"
    ),
    requires=(
        "∂f/∂z at relaxed samples, between the codes. σ is the "
        "sigmoid for bits, g then logistic noise, and the softmax for classes, with Gumbel noise."
    ),
    source="jang2017, maddison2017",
    evaluate=gumbel_softmax,
    averages=True,
    at_samples=False,
    unbiased=False,
    families=("bernoulli", "categorical"),
    instead=("pathwise", "score_function"),
    temperature=0.5,
    backward_per_sample=1,
)
