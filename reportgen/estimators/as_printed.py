"""The score-function estimator as the source post prints it: a negative control."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def as_printed(draws: Draws, _: Coefficients) -> Tensor:
    """Computes the mean over K of f(z) ∇_η q(z; η), with ∇q where ∇ log q is meant.

    Biased: ∇q = q ∇ log q, so each sample is weighted by the density a second
    time. It is here to be rejected by the unbiasedness test.
    Shapes: [I R K], [I R K m] → [I R m].
    Source: Borea, the post that this project starts from, first equation.
    """
    density = draws.log_q.exp()
    return ((draws.f * density).unsqueeze(-1) * draws.score).mean(2)


AS_PRINTED = Estimator(
    name="score_function_as_printed",
    title="Score function as printed, ∇q for ∇ log q",
    short="the score function as printed",
    formula=r"\hat g = \frac{1}{K} \sum_{k=1}^{K} f(z_k)\, \nabla_{\varphi}\, q_{\varphi}(z_k \mid x)",
    spoken=(
        "g hat equals the mean over K samples of f of z k times the gradient in phi of q, not log q, "
        "of z k given x"
    ),
    requires="Nothing: it does not estimate the gradient.",
    source="borea",
    evaluate=as_printed,
    averages=True,
    unbiased=False,
    control=True,
)
