"""REINFORCE with the mean of f over the other samples as the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def leave_one_out(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of (f(z_k) − mean of the other f) ∇_η log q(z_k; η).

    Requires K ≥ 2 independent samples and values of f. Unbiased: the baseline
    of sample k does not depend on sample k. A constant added to f cancels exactly.
    Shapes: [I R K], [I R K m] → [I R m].
    Source: Kool, van Hoof & Welling (2019), for samples drawn with replacement;
    Mnih & Rezende (2016), section 2, for a bound.
    """
    k = draws.f.shape[2]
    advantage = (draws.f - draws.f.mean(2, keepdim=True)) * (k / (k - 1))
    return (advantage.unsqueeze(-1) * draws.score).mean(2)


LEAVE_ONE_OUT = Estimator(
    name="leave_one_out",
    title="Leave-one-out",
    short="leave-one-out",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \Bigl(f(z_k) - \frac{1}{K-1} \sum_{j \neq k} f(z_j)\Bigr)\,"
        r" \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)"
    ),
    spoken=(
        "g hat equals the mean over K samples of a difference, "
        "f of z k minus the mean of the other samples' f, times the gradient in phi of log q of z k given x"
    ),
    requires="Values of f, at least two independent samples per estimate.",
    source="kool2019, mnih2016",
    evaluate=leave_one_out,
    independent=True,
    min_samples=2,
    default_samples=2,
)
