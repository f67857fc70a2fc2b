"""The score-function estimator, also known as REINFORCE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator
from reportgen.estimators.log_sums import log_mean_exp

if TYPE_CHECKING:
    from torch import Tensor


def score_function(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of f(z) ∇_η log q(z; η).

    Requires only values of f. Unbiased if f times the score has a finite
    expectation; if f itself depends on η (the ELBO's − log q), the omitted
    E_q[∂f/∂η] must be zero, as it is for log q.

    Shapes: [I R K], [I R K m] → [I R m].
    Source: Williams (1992), section 4; Mohamed et al. (2020), section 4.
    """
    return (draws.f.unsqueeze(-1) * draws.score).mean(2)


def score_function_of_bound(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E[L̂], L̂ = log mean_k w_k, by L̂ Σ_k s_k + Σ_k ω_k ∂ log w_k/∂η.

    s_k is the score ∇_η log q(z_k; η), ω the normalized importance weights. The
    second sum is there because w depends on η; its expectation is not zero.
    Requires independent samples and values of log w. Unbiased.
    Shapes: [I R K], [I R K m] → [I R m].
    Source: Mnih & Rezende (2016), section 2.
    """
    estimate = log_mean_exp(draws.f) * draws.score.sum(2)
    return estimate if draws.explicit is None else estimate + draws.weighted(draws.explicit)


SCORE_FUNCTION = Estimator(
    name="score_function",
    title="Score function (REINFORCE)",
    short="the score function",
    formula=r"\hat g = \frac{1}{K} \sum_{k=1}^{K} f(z_k)\, \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)",
    spoken=(
        "g hat equals the mean over K samples of f of z k times the gradient in phi of log q of z k given x"
    ),
    bound_formula=(
        r"\hat g = \hat L \sum_{k=1}^{K} \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)"
        r" + \sum_{k=1}^{K} \omega_k \frac{\partial \log w_k}{\partial \varphi},"
        r" \qquad \hat L = \log \frac{1}{K} \sum_{j} w_j,"
        r" \quad \omega_k = \frac{w_k}{\sum_{j} w_j}"
    ),
    bound_spoken=(
        "g hat equals L hat times the sum over K samples of the gradient in phi of log q of z k given x, "
        "plus the sum of omega k times the partial derivative of log w k in phi; "
        "L hat is the logarithm of the mean of w, and omega k is w k over the sum of w"
    ),
    requires="Values of f only; f may be a black box, and z discrete.",
    source="williams1992, mohamed2020",
    evaluate=score_function,
    bound=score_function_of_bound,
    averages=True,
)
