"""DisARM: the difference of f between two samples of mirrored noise, for independent bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


def disarm(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by the mean over K pairs of ½ (f(z) − f(z′)) (z − z′) max(p, 1 − p).

    z′ is the sample from the noise −ε: from the uniforms 1 − u if z is from u.
    It too is distributed as q, and differs from z in as many bits as possible.
    Leave-one-out of the pair has 1 in place of the last factor, and needs
    independent samples. Requires a Bernoulli q, and values of f at both samples
    of each pair; f may be a black box. Unbiased. A constant added to f cancels
    exactly.
    Shapes: ε [I R K d], [I R K] → [I R m].
    Source: Dong, Mnih & Tucker (2020), section 3; U2G of Yin et al. (2020) is the same.
    """
    p: Tensor = draws.q.mean.unsqueeze(1)  # [I 1 1 d]
    mirrored: Tensor = draws.q.sample(-draws.epsilon.flatten(1, 2)).reshape(draws.z.shape)
    difference = 0.5 * (draws.f - draws.evaluate(mirrored)).unsqueeze(-1)
    return (difference * (draws.z - mirrored) * p.maximum(1.0 - p)).mean(2)


DISARM = Estimator(
    name="disarm",
    title="DisARM",
    short="DisARM",
    formula=(
        r"\hat g = \frac{1}{K} \sum_{k=1}^{K} \frac{f(z_k) - f(z'_k)}{2}"
        r" \Bigl(\frac{\partial \eta}{\partial \varphi}\Bigr)^{\!\top}"
        r" \bigl[(z_k - z'_k) \odot \max(p, 1 - p)\bigr],"
        r" \qquad p = \sigma(\eta_{\varphi}(x)), \quad z_k = \mathbb{1}[u_k < p],"
        r" \quad z'_k = \mathbb{1}[1 - u_k < p]"
    ),
    spoken=(
        "g hat equals the mean over K pairs of half the difference of f of z k and f of z prime k, times the "
        "transposed Jacobian of eta in phi, times z k minus z prime k, each bit of it times the greater of p "
        "and one minus p; p is the sigmoid of eta phi of x, z k is one where the uniform u k is below p, and "
        "z prime k where one minus u k is"
    ),
    requires=(
        "Independent bits, and values of f at independent samples and, for each, at the sample of mirrored "
        "noise: K counts such pairs, and each takes as much work as two samples. σ is the sigmoid, "
        "u uniform, ⊙ the elementwise product."
    ),
    source="dong2020, yin2020",
    evaluate=disarm,
    averages=True,
    families=("bernoulli",),
    independent=True,
    samples_each=2,
    forward_per_sample=2,
)
