"""The measure-valued estimator for a Gaussian, with the two sides of each difference coupled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator
from reportgen.estimators.halves import below, maxwell, replaced, weibull

if TYPE_CHECKING:
    from torch import Tensor


def measure_valued(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by differences of f at points that differ in one coordinate j alone.

    Mean: c (f(μ_j + σ_j W) − f(μ_j − σ_j W)) with c = 1 / (σ_j √(2π)) and
    W ~ Weibull(2, ½). Log scale: f(μ_j + σ_j M) − f(μ_j + σ_j M U), with M
    double-sided Maxwell and U uniform, so that M U is standard normal. The other
    coordinates are those of the sample. The coupling is that both sides share W
    or M. The estimates for mean and scale share noise too.

    Requires a mean-field Gaussian q, and values of f at 4d points per sample; f
    need not be differentiable, nor even continuous. Unbiased.
    Shapes: ε [I R K d] and two further normals for each → [I R 2d].
    Source: Mohamed et al. (2020), section 6 and table 1, with their coupling.
    """
    d = draws.z.shape[3]
    mean, scale = draws.q.mean.unsqueeze(1), draws.q.scale.unsqueeze(1)  # [I 1 1 d]
    size, side = draws.auxiliary.reshape(*draws.z.shape[:3], 2, d).unbind(3)
    away = weibull(size)
    wide = maxwell(size) * (1.0 - 2.0 * (side < 0).to(size.dtype))
    narrow = wide * below(draws.epsilon)
    gradient = draws.z.new_empty(*draws.z.shape[:2], 2 * d)
    for j in range(d):
        steps = [away[..., j], -away[..., j], wide[..., j], narrow[..., j]]
        places = draws.z.new_empty(*draws.z.shape[:3], 4)
        for v, step in enumerate(steps):
            places[..., v] = mean[..., j] + scale[..., j] * step
        f = draws.evaluate(replaced(draws.z, j, places)).reshape(*draws.z.shape[:3], 4).mean(2)
        gradient[..., j] = (f[..., 0] - f[..., 1]) / (scale[..., 0, j] * math.sqrt(2.0 * math.pi))
        gradient[..., d + j] = f[..., 2] - f[..., 3]
    return gradient


MEASURE_VALUED = Estimator(
    name="measure_valued",
    title="Measure-valued (coupled)",
    short="the measure-valued estimator",
    formula=(
        r"\hat g_{\mu_j} = \frac{f_j(\mu_j + \sigma_j W) - f_j(\mu_j - \sigma_j W)}{\sigma_j \sqrt{2 \pi}},"
        r" \qquad \hat g_{\log \sigma_j} = f_j(\mu_j + \sigma_j M) - f_j(\mu_j + \sigma_j M U),"
        r" \qquad W \sim \text{Weibull}(2, \tfrac{1}{2}), \quad M \sim \text{double-sided Maxwell},"
        r" \quad U \sim \text{Uniform}(0, 1)"
    ),
    spoken=(
        "g hat for mu j equals f j of mu j plus sigma j W, minus f j of mu j minus sigma j W, over sigma j "
        "times the square root of two pi; g hat for log sigma j equals f j of mu j plus sigma j M minus "
        "f j of mu j plus sigma j M U; f j is f with the other coordinates at the sample, W follows "
        "the Weibull distribution of two and one half, M the double-sided Maxwell and U the uniform one from "
        "zero to one"
    ),
    requires=(
        "A mean-field Gaussian, and values of f at four points per sample and coordinate of z; averaged over "
        "K samples. f may be a black box with jumps; with index j it is a function of coordinate j, with the "
        "others held at the sample."
    ),
    source="mohamed2020",
    evaluate=measure_valued,
    averages=True,
    at_samples=False,
    families=("gaussian",),
    auxiliary=2,
    signs=1,
    forward_per_sample=0,
    forward_per_latent=4,
)
