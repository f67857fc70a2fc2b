"""REINFORCE with the optimal constant baseline, one number per data point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def best_constant(f: Tensor, squared_norm: Tensor) -> Tensor:
    """b* = E[f ‖∇_φ log q‖²] / E[‖∇_φ log q‖²] for each data point: [I N], [I N] → [I 1 1].

    Of all constants b it minimises the total variance over φ if the samples of
    an estimate are independent. For antithetic pairs the minimiser would be
    E[⟨mean f s, mean s⟩] / E[‖mean s‖²], with s = ∇_φ log q and means over a
    pair. Where the norm is always zero, any b would do, and b is the mean of f.
    Source: Greensmith, Bartlett & Baxter (2004), their optimal constant baseline.
    """
    # Centre f first: where b* matters most, f is a large constant plus a small variation.
    centre = f.mean(1, keepdim=True)
    total = squared_norm.sum(1, keepdim=True)
    excess = (((f - centre) * squared_norm).sum(1, keepdim=True) / total).where(total > 0, 0.0)
    return (centre + excess).unsqueeze(-1)


def fit(draws: Draws) -> Coefficients:
    """`best_constant`, with the norm in φ computed in η from the Gram matrix of the encoder's Jacobian."""
    images, _, _, eta = draws.score.shape
    score = draws.score.reshape(images, -1, eta)  # [I RK m]
    squared_norm = ((score @ draws.gram) * score).sum(-1)
    return {"baseline": best_constant(draws.f.reshape(images, -1), squared_norm)}


def evaluate(draws: Draws, coefficients: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of (f(z) − b) ∇_η log q(z; η).

    Unbiased, since b does not depend on the samples: it is fitted on pilot
    draws, as if samples were independent. Shapes: [I R K], [I R K m] → [I R m].
    Source: Williams (1992), section 4; Greensmith et al. (2004).
    """
    return ((draws.f - coefficients["baseline"]).unsqueeze(-1) * draws.score).mean(2)


OPTIMAL_CONSTANT = Estimator(
    name="score_function_optimal_constant",
    title="Score function, optimal constant baseline",
    short="the score function with the optimal constant baseline",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \bigl(f(z_k) - b^{\ast}\bigr)\,"
        r" \nabla_{\varphi} \log q_{\varphi}(z_k \mid x), \qquad"
        r" b^{\ast} = \frac{\mathbb{E}\bigl[f\, \lVert \nabla_{\varphi} \log q_{\varphi} \rVert^2\bigr]}"
        r"{\mathbb{E}\bigl[\lVert \nabla_{\varphi} \log q_{\varphi} \rVert^2\bigr]}"
    ),
    spoken=(
        "g hat equals the mean over K samples of a difference, f of z k minus b star, times the gradient in "
        "phi of log q of z k given x; b star is a fraction, the expectation of f times the squared norm of "
        "that gradient, over the expectation of the squared norm"
    ),
    requires="Values of f, and one number for each x, fitted on separate samples.",
    source="williams1992, greensmith2004",
    evaluate=evaluate,
    averages=True,
    fit=fit,
    fitted="baselines",
)
