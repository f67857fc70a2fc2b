"""The doubly reparameterized gradient of a bound of several samples (DReG)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def doubly_reparameterized(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E[log mean_k w_k] by Σ_k ω_k² (∂z_k/∂η)ᵀ ∇_z log w(z_k), η in w held fixed.

    ω are the normalized importance weights. The score that remains in the
    pathwise gradient of the bound is reparameterized once more, which gives the
    square. Unbiased for every K; with K = 1 it is sticking the landing. Its
    signal-to-noise ratio does not fall with K. Requires a reparameterizable q.
    Shapes: [I R K], [I R K d] → [I R m].
    Source: Tucker, Lawson, Gu & Maddison (2019), their IWAE-DReG.
    """
    return draws.weighted(draws.weights.unsqueeze(-1) * draws.pullback(draws.gradient))


DOUBLY_REPARAMETERIZED = Estimator(
    name="doubly_reparameterized",
    title="Doubly reparameterized (DReG)",
    short="the doubly reparameterized gradient",
    formula=(
        r"\hat g = \sum_{k=1}^{K} \omega_k^2 \Bigl(\frac{\partial z_k}{\partial \varphi}\Bigr)^{\!\top}"
        r" \nabla_{z} \log w(z_k), \qquad \omega_k = \frac{w(z_k)}{\sum_{j} w(z_j)}"
    ),
    spoken=(
        "g hat equals the sum over K samples of omega k squared times the transposed Jacobian of z k in phi "
        "times the gradient in z of log w at z k; omega k is w of z k over the sum of w over all samples"
    ),
    requires="∂ log w/∂z at every sample: q reparameterizable, log w absolutely continuous in z.",
    source="tucker2019",
    evaluate=None,
    bound=doubly_reparameterized,
    needs_gradient=True,
    reparameterizes=True,
    instead=("score_function", "vimco"),
)
