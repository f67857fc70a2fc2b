"""Pathwise without the score of q: sticking the landing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def sticking_the_landing(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of (∂z/∂η)ᵀ ∇_z f with η in f held fixed.

    This is the pathwise estimate without ∂f/∂η at fixed z, which for the ELBO is
    minus the score and has expectation zero: unbiased. Its variance is zero if q
    is the exact posterior, but may exceed that of pathwise elsewhere. For a bound
    of K > 1 samples the normalized importance weights take the place of 1/K, and
    the omitted term no longer has expectation zero: biased. Requires a
    reparameterizable q.
    Shapes: [I R K d] → [I R m].
    Source: Roeder, Wu & Duvenaud (2017), their path derivative; the bias is noted by Tucker et al. (2019).
    """
    return draws.weighted(draws.pullback(draws.gradient))


STICKING_THE_LANDING = Estimator(
    name="sticking_the_landing",
    title="Sticking the landing",
    short="sticking the landing",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \Bigl(\frac{\partial z_k}{\partial \varphi}\Bigr)^{\!\top}"
        r" \nabla_{z}\, f(z_k)"
    ),
    spoken=(
        "g hat equals the mean over K samples of the transposed Jacobian of z k in phi times the gradient "
        "in z of f at z k, the parameters of q inside f held fixed"
    ),
    bound_formula=(
        r"\hat g = \sum_{k=1}^{K} \omega_k \Bigl(\frac{\partial z_k}{\partial \varphi}\Bigr)^{\!\top}"
        r" \nabla_{z} \log w(z_k), \qquad \omega_k = \frac{w(z_k)}{\sum_{j} w(z_j)}"
    ),
    bound_spoken=(
        "g hat equals the sum over K samples of omega k times the transposed Jacobian of z k in phi times "
        "the gradient in z of log w at z k; omega k is w of z k over the sum of w over all samples"
    ),
    requires="∂f/∂z at every sample: q reparameterizable, f absolutely continuous in z.",
    source="roeder2017",
    evaluate=sticking_the_landing,
    bound=sticking_the_landing,
    averages=True,
    bound_unbiased=False,
    needs_gradient=True,
    reparameterizes=True,
    instead=("score_function", "leave_one_out", "gumbel_softmax"),
)
