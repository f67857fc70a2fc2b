"""The gradient in θ, the parameters of the model p."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def generative(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_θ E_q[log p_θ(x, z)] by the mean over K of ∇_θ log p_θ(x, z_k).

    For a bound of several samples the normalized importance weights take the
    place of 1/K. q does not depend on θ, so this is the derivative of the
    estimate itself: unbiased for either objective. Requires a model that
    offers ∇_θ log p. Shapes: [I R K |θ|] → [I R |θ|].
    Source: Burda et al. (2016), eq. 14; Rainforth et al. (2018).
    """
    return draws.weighted(draws.generative)


GENERATIVE = Estimator(
    name="generative",
    title="Gradient of the model’s parameters",
    short="the gradient in θ",
    formula=r"\hat g_{\theta} = \frac{1}{K} \sum_{k=1}^{K} \nabla_{\theta} \log p_{\theta}(x, z_k)",
    spoken="g hat theta equals the mean over K samples of the gradient in theta of log p theta of x and z k",
    bound_formula=(
        r"\hat g_{\theta} = \sum_{k=1}^{K} \omega_k \nabla_{\theta} \log p_{\theta}(x, z_k),"
        r" \qquad \omega_k = \frac{w(z_k)}{\sum_{j} w(z_j)}"
    ),
    bound_spoken=(
        "g hat theta equals the sum over K samples of omega k times the gradient in theta of log p theta "
        "of x and z k; omega k is w of z k over the sum of w over all samples"
    ),
    requires="∂ log p/∂θ at every sample.",
    source="burda2016, rainforth2018",
    evaluate=generative,
    bound=generative,
    averages=True,
    parameters="theta",
    integrands=("log_weight",),
    backward_per_sample=1,
)
