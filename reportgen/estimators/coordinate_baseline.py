"""REINFORCE with the optimal baseline for each parameter of q."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def fit(draws: Draws) -> Coefficients:
    """b*_j = E[f s_j²] / E[s_j²] with s = ∇_η log q, for each data point and coordinate, [I 1 1 m].

    Each b*_j minimises the variance of coordinate j of the gradient in η if the samples of an estimate are
    independent, but not for antithetic pairs. Where s_j is always zero (a unit that never changes), any b_j
    would do, and it is the mean of f.
    Source: Ranganath et al. (2014), section 3.2, with s_j itself as the control variate.
    """
    images, _, _, eta = draws.score.shape
    squared = draws.score.reshape(images, -1, eta) ** 2  # [I RK m]
    f = draws.f.reshape(images, -1, 1)
    centre = f.mean(1, keepdim=True)
    total = squared.sum(1, keepdim=True)
    excess = (((f - centre) * squared).sum(1, keepdim=True) / total).where(total > 0, 0.0)
    return {"baseline": (centre + excess).unsqueeze(1)}


def evaluate(draws: Draws, coefficients: Coefficients) -> Tensor:
    """Approximates ∂/∂η_j E_q[f] by the mean over K of (f(z) − b_j) ∂ log q(z; η)/∂η_j.

    Unbiased, since b does not depend on the samples: it is fitted on pilot
    draws. Shapes: [I R K], [I R K m] → [I R m].
    Source: Ranganath, Gerrish & Blei (2014), section 3.2.
    """
    return ((draws.f.unsqueeze(-1) - coefficients["baseline"]) * draws.score).mean(2)


OPTIMAL_PER_COORDINATE = Estimator(
    name="score_function_optimal_per_coordinate",
    title="Score function, optimal baseline per coordinate",
    short="the score function with the optimal baseline per coordinate",
    formula=(
        r"\hat g_{\eta_j} = \frac{1}{K} \sum_{k=1}^{K} \bigl(f(z_k) - b_j^{\ast}\bigr)\, s_j(z_k), \qquad"
        r" b_j^{\ast} = \frac{\mathbb{E}\bigl[f\, s_j^2\bigr]}{\mathbb{E}\bigl[s_j^2\bigr]}, \qquad"
        r" s = \nabla_{\eta} \log q_{\varphi}(z \mid x)"
    ),
    spoken=(
        "coordinate j of g hat in eta equals the mean over K samples of a difference, "
        "f of z k minus b j star, times s j of z k; b j star is a fraction, "
        "the expectation of f times s j squared, over the expectation of s j squared; "
        "s is the gradient in eta of log q of z given x"
    ),
    requires="Values of f, and one number for each x and parameter of q, fitted on separate samples.",
    source="ranganath2014",
    evaluate=evaluate,
    averages=True,
    fit=fit,
    fitted="baselines",
)
