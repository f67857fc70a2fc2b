"""The pathwise (reparameterization) estimator: the standard VAE gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def pathwise(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of d/dη f(g(ε; η); η).

    The total derivative is (∂z/∂η)ᵀ ∇_z f, plus ∂f/∂η at fixed z if f depends
    on η. For a bound of several samples the normalized importance weights take
    the place of 1/K, which is the gradient of IWAE. Requires a reparameterizable
    q, z = g(ε; η), and f absolutely continuous in z; unbiased then.
    Shapes: [I R K d] (and [I R K m]) → [I R m].
    Source: Kingma & Welling (2013), section 2.4; Rezende et al. (2014), section 3.2, by a
    transformation of coordinates; Titsias & Lázaro-Gredilla (2014), section 2; Burda et al.
    (2016), section 2, and eq. 14 for the bound.
    """
    estimate = draws.pullback(draws.gradient)
    if draws.explicit is not None:
        estimate = estimate + draws.explicit
    return draws.weighted(estimate)


PATHWISE = Estimator(
    name="pathwise",
    title="Pathwise (standard VAE gradient)",
    short="pathwise",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \nabla_{\varphi}\, f\bigl(g_{\varphi}(x, \epsilon_k)\bigr),"
        r" \qquad \epsilon_k \sim p(\epsilon)"
    ),
    spoken=(
        "g hat equals the mean over K noise samples of the gradient in phi of f of z, "
        "where z is g phi of x and epsilon k, and epsilon k is drawn from a fixed distribution"
    ),
    bound_formula=(
        r"\hat g = \sum_{k=1}^{K} \omega_k\, \nabla_{\varphi} \log w\bigl(g_{\varphi}(x, \epsilon_k)\bigr),"
        r" \qquad \omega_k = \frac{w(z_k)}{\sum_{j} w(z_j)}, \quad \epsilon_k \sim p(\epsilon)"
    ),
    bound_spoken=(
        "g hat equals the sum over K noise samples of omega k times the gradient in phi of log w of z k, "
        "where z k is g phi of x and epsilon k; omega k is w of z k over the sum of w over all samples, "
        "and epsilon k is drawn from a fixed distribution"
    ),
    requires="∂f/∂z at every sample: q reparameterizable, f absolutely continuous in z.",
    source="kingma2013, rezende2014, titsias2014, burda2016",
    evaluate=pathwise,
    bound=pathwise,
    averages=True,
    needs_gradient=True,
    reparameterizes=True,
    instead=("score_function", "leave_one_out", "gumbel_softmax"),
)
