"""Local expectation gradients: for each bit of a sample, f is summed over both of its values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator
from reportgen.estimators.halves import replaced

if TYPE_CHECKING:
    from torch import Tensor


def local_expectation(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K of p_j (1 − p_j) (f(z with z_j = 1) − f(z with z_j = 0)).

    Given the other bits, the expectation over bit j is a sum of two terms, so
    its gradient is exact: this is REINFORCE, Rao–Blackwellized bit by bit. One
    of the two points is the sample itself. Requires a Bernoulli q, and values of
    f at the sample and at the d points that differ from it in one bit; f may be
    a black box. Unbiased, and exact if d = 1. A constant added to f cancels.
    Shapes: z [I R K d], f [I R K] → [I R m].
    Source: Titsias & Lázaro-Gredilla (2015).
    """
    difference = draws.z.new_empty(draws.z.shape)
    for j in range(draws.z.shape[3]):
        bit = draws.z[..., j]
        other = draws.evaluate(replaced(draws.z, j, 1.0 - bit.unsqueeze(3)))
        difference[..., j] = (draws.f - other) * (2.0 * bit - 1.0)
    return draws.mean_pullback(difference).mean(2)


LOCAL_EXPECTATION = Estimator(
    name="local_expectation",
    title="Local expectation gradient",
    short="the local expectation gradient",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \Bigl(\frac{\partial \bar z}{\partial \varphi}\Bigr)^{\!\top}"
        r" \bigl[f(z_k^{(j \to 1)}) - f(z_k^{(j \to 0)})\bigr]_{j = 1}^{d},"
        r" \qquad \bar z = \mathbb{E}_{q}[z]"
    ),
    spoken=(
        "g hat equals the mean over K samples of the transposed Jacobian of z bar in phi times the vector "
        "whose entry j is f of z k with its bit j set to one minus f of z k with its bit j set to zero; "
        "z bar is the mean of q"
    ),
    requires=(
        "Independent bits, and values of f at each sample and at the d points that differ from it in one "
        "bit; z with the superscript j → 1 is z with its bit j set to one."
    ),
    source="titsias2015",
    evaluate=local_expectation,
    averages=True,
    families=("bernoulli",),
    forward_per_latent=1,
)
