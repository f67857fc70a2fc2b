"""The measure-valued estimator for a Gaussian, with the two sides of each difference independent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reportgen.estimators.estimator import Coefficients, Draws, Estimator
from reportgen.estimators.halves import maxwell, replaced, weibull

if TYPE_CHECKING:
    from torch import Tensor


def measure_valued_independent(draws: Draws, _: Coefficients) -> Tensor:
    """Approximates ∇_η E_q[f] by differences of f at points drawn independently in one coordinate j.

    Mean: c (f(μ_j + σ_j W) − f(μ_j − σ_j W′)) with c = 1 / (σ_j √(2π)) and
    W, W′ ~ Weibull(2, ½). Log scale: f(μ_j + σ_j M) − f(z), with M double-sided
    Maxwell and z the sample itself. The other coordinates are those of the
    sample. In coordinate j the two sides of a difference are independent; the
    estimates for mean and scale are not, since they share noise.

    Requires a mean-field Gaussian q, and values of f at 3d + 1 points per
    sample; f need not be differentiable, nor even continuous. Unbiased.
    Shapes: ε [I R K d] and two further normals for each → [I R 2d].
    Source: Mohamed et al. (2020), section 6 and table 1.
    """
    d = draws.z.shape[3]
    mean, scale = draws.q.mean.unsqueeze(1), draws.q.scale.unsqueeze(1)  # [I 1 1 d]
    size, side = draws.auxiliary.reshape(*draws.z.shape[:3], 2, d).unbind(3)
    right, left = weibull(size), weibull(draws.epsilon)  # ε_j is free to make W′, since z_j is replaced
    wide = maxwell(size) * (1.0 - 2.0 * (side < 0).to(size.dtype))
    at_sample = draws.f.mean(2)
    gradient = draws.z.new_empty(*draws.z.shape[:2], 2 * d)
    for j in range(d):
        places = draws.z.new_empty(*draws.z.shape[:3], 3)
        for v, step in enumerate([right[..., j], -left[..., j], wide[..., j]]):
            places[..., v] = mean[..., j] + scale[..., j] * step
        f = draws.evaluate(replaced(draws.z, j, places)).reshape(*draws.z.shape[:3], 3).mean(2)
        gradient[..., j] = (f[..., 0] - f[..., 1]) / (scale[..., 0, j] * math.sqrt(2.0 * math.pi))
        gradient[..., d + j] = f[..., 2] - at_sample
    return gradient


MEASURE_VALUED_INDEPENDENT = Estimator(
    name="measure_valued_independent",
    title="Independent measure-valued",
    short="the measure-valued estimator with independent sides",
    formula=(
        r"\hat g_{\mu_j} = \frac{f_j(\mu_j + \sigma_j W) - f_j(\mu_j - \sigma_j W')}{\sigma_j \sqrt{2 \pi}},"
        r" \qquad \hat g_{\log \sigma_j} = f_j(\mu_j + \sigma_j M) - f(z),"
        r" \qquad W, W' \sim \text{Weibull}(2, \tfrac{1}{2}), \quad M \sim \text{double-sided Maxwell}"
    ),
    spoken=(
        "g hat for mu j equals f j of mu j plus sigma j W, minus f j of mu j minus sigma j W prime, over "
        "sigma j times the square root of two pi; g hat for log sigma j equals f j of mu j plus sigma j M "
        "minus f of z; f j is f with the other coordinates at the sample, W and W prime follow the Weibull "
        "distribution of two and one half and M the double-sided Maxwell one, W independent of W prime and "
        "M of z"
    ),
    requires=(
        "A mean-field Gaussian, and values of f at the sample and at three points per latent unit; averaged "
        "over K samples. f may be a black box with jumps; with index j it is a function of coordinate j, "
        "with the others held at the sample. The two sides of a difference are independent."
    ),
    source="mohamed2020",
    evaluate=measure_valued_independent,
    averages=True,
    families=("gaussian",),
    auxiliary=2,
    signs=1,
    forward_per_latent=3,
)
