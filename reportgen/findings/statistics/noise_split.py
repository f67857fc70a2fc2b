"""Two sources of noise in a minibatch gradient: the samples, and the images.

By the law of total variance, one estimate at one image drawn at random has
variance V + D, with V the mean Monte Carlo variance of an image's estimate
and D = tr Cov_x(E ĝ_x), the spread of the images' own gradients. A minibatch
of B independent images has (V + D)/B, so the Monte Carlo share V/(V + D) is
the same for every B. D depends on the objective and not on the estimator, so it
is measured with the reference arm. The exceptions use their own arm: estimators
that are biased for the objective, or a user's own, for which that is not known
here, since their means may differ; and arms with another K than the reference's
under a bound of K samples, which is then another objective.

Here the images are the random draw. One image at a time is left out (I − 1
degrees of freedom), which includes the Monte Carlo noise of each as well. With
few images, whose gradients differ in size, the spread is skewed to the right, so
the interval is made for the logarithm of D + N, where N is the Monte Carlo noise
in D: this is positive even if D is lost in the noise, and close to D if N is small.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from reportgen.estimators import ESTIMATORS
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import Quantity, Sample, exact, exponential, logarithms

Array = NDArray[np.float64]


def _carrier(arm: MeasuredArm) -> MeasuredArm:
    """The arm with which the spread of the images' gradients is measured."""
    kind = ESTIMATORS.get(arm.about.estimator)
    unbiased = kind is not None and kind.is_unbiased(arm.about.objective, arm.about.num_samples)
    return arm.reference if unbiased and arm.shares_gradient(arm.reference) else arm


def _data_variance(arm: MeasuredArm) -> tuple[float, Array, float]:
    """D, D without each image [I], and N.

    D is Σ‖ĝ̄_i − ĝ̄‖²/(I − 1) minus N, the mean Monte Carlo variance of a ĝ̄_i.
    """
    raw, dot = arm.array("image_squared_norm_raw"), arm.array("image_dot")
    noise = raw - arm.array("squared_norm")[:, 0]  # [I] Monte Carlo variance of each ĝ̄_i
    batch = float(arm.array("batch_squared_norm_raw"))
    images = raw.shape[0]
    if images < 3:
        raise NotAvailableError(f"needs 3 images, got {images}")
    value = float((raw.sum() - images * batch) / (images - 1) - noise.mean())
    if not value > 0.0:
        raise NotAvailableError("differences between images are lost in the Monte Carlo noise")
    fewer = images - 1
    batch_without = (images**2 * batch - 2 * images * dot + raw) / fewer**2
    spread_without = (raw.sum() - raw - fewer * batch_without) / (fewer - 1)
    return value, spread_without - (noise.sum() - noise) / fewer, float(noise.mean())


def data_variance(arm: MeasuredArm) -> Quantity:
    """D = tr Cov_x(E ĝ_x), the spread of the images' gradients; ddof 1, Monte Carlo noise subtracted."""
    value, without, noise = _data_variance(_carrier(arm))
    back = partial(_less, noise)
    return Sample(math.log(value + noise), logarithms(without + noise)[None, :], back, value)


def monte_carlo_share(arm: MeasuredArm) -> Quantity:
    """V/(V + D): the part of a minibatch gradient's variance that more samples per image would remove."""
    variance = arm.array("variance")[:, 0]
    mean = float(variance.mean())
    if mean <= 0.0:
        return exact(0.0)
    data, data_without, noise = _data_variance(_carrier(arm))
    mean_without = (variance.sum() - variance) / (variance.shape[0] - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio_without = data_without / mean_without + noise / mean
    back, share = partial(_share, noise / mean), mean / (mean + data)
    return Sample(math.log((data + noise) / mean), logarithms(ratio_without)[None, :], back, share)


def _less(noise: float, logarithm: float) -> float:
    """D from log(D + N)."""
    return max(exponential(logarithm) - noise, 0.0)


def _share(noise: float, logarithm: float) -> float:
    """V/(V + D) from log(D/V + N/V)."""
    return 1.0 / (1.0 + _less(noise, logarithm))
