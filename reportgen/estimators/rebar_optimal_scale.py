"""REBAR with the optimal scale of its control variate, one number per data point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator
from reportgen.estimators.relaxations import relaxations

if TYPE_CHECKING:
    from torch import Tensor


def fit(draws: Draws) -> Coefficients:
    """λ* = −E⟨g, c⟩ / E‖c‖² for each data point, [I 1 1].

    g = f(z) ∇_φ log q(z) is REINFORCE's estimate, and c = −f(ζ̃) ∇_φ log q(z) + (∂ζ/∂φ)ᵀ ∇f(ζ) −
    (∂ζ̃/∂φ)ᵀ ∇f(ζ̃) the control variate, whose mean is zero. The norm in φ is computed in η from the
    Gram matrix of the encoder's Jacobian. Of all constants λ this one minimises the total variance over
    φ if the samples of an estimate are independent, but not for antithetic pairs. Where c is always
    zero, any λ would do, and it is 1.
    Source: Tucker et al. (2017), section 3, who optimise one scale for all x by gradient steps during
    training.
    """
    images, _, _, eta = draws.score.shape
    f_given, correction = relaxations(draws)
    c = (correction - f_given.unsqueeze(-1) * draws.score).reshape(images, -1, eta)  # [I RK m]
    g = (draws.f.unsqueeze(-1) * draws.score).reshape(images, -1, eta)
    seen = c @ draws.gram
    squared = (seen * c).sum((1, 2))
    scale = -(seen * (g - g.mean(1, keepdim=True))).sum((1, 2)) / squared
    return {"scale": scale.where(squared > 0, 1.0).reshape(images, 1, 1)}


def evaluate(draws: Draws, coefficients: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by REINFORCE plus λ times the control variate of REBAR.

    Unbiased, since λ does not depend on the samples: it is fitted on pilot
    draws. Shapes: [I R K n], [I R K d] → [I R m].
    Source: Tucker et al. (2017), section 3.
    """
    scale = coefficients["scale"]
    f_given, correction = relaxations(draws)
    residual = (draws.f - scale * f_given).unsqueeze(-1) * draws.score
    return (residual + scale.unsqueeze(-1) * correction).mean(2)


REBAR_OPTIMAL_SCALE = Estimator(
    name="rebar_optimal_scale",
    title="REBAR of optimal scale",
    short="REBAR of optimal scale",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \bigl[f(z_k)\, \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)"
        r" + \lambda^{\ast} c_k\bigr], \qquad"
        r" \lambda^{\ast} = -\frac{\mathbb{E}\bigl[f(z)\, \nabla_{\varphi} \log q_{\varphi}(z \mid x)^{\top}"
        r" c\bigr]}{\mathbb{E}\bigl[\lVert c \rVert^2\bigr]}, \qquad"
        r" c_k = -f(\tilde \zeta_k)\, \nabla_{\varphi} \log q_{\varphi}(z_k \mid x)"
        r" + \Bigl(\frac{\partial \zeta_k}{\partial \varphi}\Bigr)^{\!\top} \nabla_{z} f(\zeta_k)"
        r" - \Bigl(\frac{\partial \tilde \zeta_k}{\partial \varphi}\Bigr)^{\!\top}"
        r" \nabla_{z} f(\tilde \zeta_k), \qquad"
        r" \zeta_k = \sigma\Bigl(\frac{\eta_{\varphi}(x) + g_k}{\tau}\Bigr), \quad"
        r" z_k = \lim_{\tau \to 0} \zeta_k, \quad \tilde \zeta_k \sim q_{\varphi}(\zeta \mid z_k)"
    ),
    spoken=(
        "g hat equals the mean over K samples of f of z k times the gradient in phi of log q of z k given x, "
        "plus lambda star times c k; lambda star is minus the expectation of the inner product of that "
        "gradient, times f, with c, over the expectation of the squared norm of c; c k is minus f of zeta "
        "tilde k times the gradient in phi of log q, plus the transposed Jacobian of zeta k in phi times the "
        "gradient in z of f at zeta k, minus the same with zeta tilde k; zeta k is the sigmoid of eta phi of "
        "x plus noise g k, over the temperature tau, z k its limit as tau falls to zero, and zeta tilde k a "
        "relaxed sample given the hard one, z k"
    ),
    requires=(
        "∂f/∂z at two relaxed samples for every hard one, and one number for each x, fitted on separate "
        "samples. σ is the sigmoid, g logistic noise; the hard sample and all noise are held fixed in the "
        "derivatives of relaxed ones. With λ = 1 it is REBAR without a fit. The paper fits λ and τ during "
        "training, the same for all x, and couples the noise of the two relaxed samples; its code has a λ "
        "for each array of weights, and also subtracts a baseline that depends on x."
    ),
    source="tucker2017",
    evaluate=evaluate,
    averages=True,
    fit=fit,
    fitted="scales of REBAR",
    families=("bernoulli",),
    instead=("leave_one_out", "taylor_control_variate"),
    temperature=0.5,
    auxiliary=1,
    forward_per_sample=3,
    backward_per_sample=2,
)
