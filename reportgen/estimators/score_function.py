"""The score-function estimator, also known as REINFORCE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def score_function(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of f(z) ∇_η log q(z; η).

    Requires only values of f. Unbiased for every f whose expectation is
    finite; where f itself depends on η (the ELBO's − log q), the omitted
    E_q[∂f/∂η] must be zero, as it is for log q.

    Shapes: [I R K], [I R K m] → [I R m].
    Source: Williams (1992), eq. 4; Mohamed et al. (2020), eq. 13.
    """
    return (draws.f.unsqueeze(-1) * draws.score).mean(2)


SCORE_FUNCTION = Estimator(
    name="score_function",
    title="Score function (REINFORCE)",
    formula=r"\hat g = \frac{1}{K} \sum_{k=1}^{K} f(z_k)\, \nabla_{\phi} \log q_{\phi}(z_k \mid x)",
    spoken=(
        "g hat equals the mean over K samples of f of z k times the gradient in phi of log q of z k given x"
    ),
    requires="Values of f only; f may be a black box, and z discrete.",
    source="williams1992, mohamed2020",
    evaluate=score_function,
)
