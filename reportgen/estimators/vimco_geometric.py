"""VIMCO, with each weight replaced by the geometric mean of the other weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator
from reportgen.estimators.log_sums import log_sum_of_others

if TYPE_CHECKING:
    from torch import Tensor


def signal(f: Tensor) -> Tensor:
    """L̂ − L̂₋ₖ for each sample k, from log w: [I R K] → [I R K]."""
    f = f - f.amax(2, keepdim=True)  # only differences matter
    replacement = (f.sum(2, keepdim=True) - f) / (f.shape[2] - 1)
    # The terms 1/K cancel.
    return f.logsumexp(2, keepdim=True) - log_sum_of_others(f).logaddexp(replacement)


def vimco_geometric(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E[L̂], L̂ = log mean_k w_k, by Σ_k (L̂ − L̂₋ₖ) s_k + Σ_k ω_k ∂ log w_k/∂η.

    s is the score, ω the normalized importance weights. L̂₋ₖ is L̂ with w_k
    replaced by the geometric mean of the other w, that is with log w_k replaced
    by the mean of the other log w. Unbiased, since L̂₋ₖ does not depend on sample
    k. Requires K ≥ 2 independent samples and values of log w.
    Shapes: [I R K], [I R K m] → [I R m].
    Source: Mnih & Rezende (2016), section 2, with the geometric mean, which they prefer.
    """
    estimate = (signal(draws.f).unsqueeze(-1) * draws.score).sum(2)
    return estimate if draws.explicit is None else estimate + draws.weighted(draws.explicit)


VIMCO_GEOMETRIC = Estimator(
    name="vimco_geometric",
    title="VIMCO with the geometric mean",
    short="VIMCO with the geometric mean",
    formula=(
        r"\hat g = \sum_{k=1}^{K} \bigl(\hat L - \hat L_{-k}\bigr)"
        r" \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)"
        r" + \sum_{k=1}^{K} \omega_k \frac{\partial \log w_k}{\partial \varphi},"
        r" \qquad \hat L = \log \frac{1}{K} \sum_{j} w_j,"
        r" \quad \hat L_{-k} = \log \frac{1}{K} \Bigl(\sum_{j \neq k} w_j"
        r" + \prod_{j \neq k} w_j^{1/(K-1)}\Bigr),"
        r" \quad \omega_k = \frac{w_k}{\sum_{j} w_j}"
    ),
    spoken=(
        "g hat equals the sum over K samples of a difference, L hat minus L hat without k, times the "
        "gradient in phi of log q of z k given x, plus the sum of omega k times the partial derivative of "
        "log w k in phi; "
        "L hat is the logarithm of the mean of w, L hat without k the same with w k replaced by the "
        "geometric mean of the other w, and omega k is w k over the sum of w"
    ),
    requires="Values of log w, at least two independent samples per estimate; z may be discrete.",
    source="mnih2016",
    evaluate=None,
    bound=vimco_geometric,
    independent=True,
    min_samples=2,
    default_samples=2,
)
