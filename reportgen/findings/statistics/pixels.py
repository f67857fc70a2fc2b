"""Where in the image the noise of the first layer lies.

In every estimate, the gradient of the weight from pixel p to unit o is x_p times
that of the unit's bias. So the weights at pixel p have the part x_p² / (|x|² + b)
of the layer's variance V_i at image i, where b is 1 if the units have biases and
else 0. The map of the variance by pixel, mean over images, thus follows from the
V_i and their leave-outs, and has intervals like those of total variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import LEVEL, Sample, exponential
from reportgen.findings.statistics.variance import mean_over_images, on_log_scale
from reportgen.jackknife import degrees_of_freedom, stratum_variances, t_quantile
from reportgen.store.records import MeasurementRecord

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PixelNoise:
    """The variance of the first layer's weights by pixel, summed over units, mean over images."""

    variance: Array
    """[H W]; 0 for pixels that are off in every image."""
    error: Array
    """Half-width of the 95 % interval relative to the variance, [H W]; NaN where that is zero."""
    units: Array
    """The variance for single units, [U H W]."""


@dataclass(frozen=True)
class FirstLayer:
    """The layer that sees the images, in one measured cell."""

    group: str
    units: int
    shape: tuple[int, int]
    mean: Array
    """The mean of the images measured, [H W]."""
    dead: int
    """Number of pixels that are off in all of them."""
    shown: tuple[int, ...]
    """Numbers, counted from 1, of the units in `PixelNoise.units`."""
    bright: NDArray[np.bool_]
    """The brighter half of the pixels of the mean image, [H W]; the first of equal ones."""


def first_layer(record: MeasurementRecord) -> FirstLayer | None:
    """The layer that sees images; None if there is none."""
    if not record.first_layer:
        return None
    pixels = record.arrays["pixels"]
    mean = pixels.mean(0)
    return FirstLayer(
        record.first_layer,
        record.units,
        (mean.shape[0], mean.shape[1]),
        mean,
        int((pixels == 0).all(0).sum()),
        tuple(int(unit) + 1 for unit in record.arrays["units"]),
        brighter_half(mean),
    )


def brighter_half(mean: Array) -> NDArray[np.bool_]:
    """Which pixels are in the brighter half of an image."""
    bright = np.zeros(mean.size, dtype=np.bool_)
    bright[np.argsort(-mean.ravel(), kind="stable")[: (mean.size + 1) // 2]] = True
    return bright.reshape(mean.shape)


def _squares(record: MeasurementRecord) -> tuple[Array, Array]:
    """x_p² [I P] and |x|² + b [I 1]."""
    squares = record.arrays["pixels"].reshape(len(record.images), -1) ** 2
    count = record.arrays["coordinate_count"][record.groups.index(record.first_layer)]
    biased = count > record.units * squares.shape[1]
    return squares, np.maximum(squares.sum(1, keepdims=True) + biased, np.finfo(float).tiny)


def _of_images(arm: MeasuredArm) -> tuple[Array, Array]:
    """The layer's variance at each image [I], and without each bucket [I S]."""
    g = arm.group(arm.record.first_layer)
    return arm.array("variance")[:, g], arm.array("variance_without")[:, :, g]


def noise(arm: MeasuredArm) -> PixelNoise:
    """The map of one arm. Raises NotAvailableError if it broke."""
    shape = arm.record.arrays["pixels"].shape[1:]
    squares, whole = _squares(arm.record)
    of_pixel = squares / whole
    value, without = _of_images(arm)
    # Sums instead of matrix products, whose rounding depends on where their operands lie in memory.
    variance = (value[:, None] * of_pixel).sum(0) / len(value)
    of_images = stratum_variances(without)[:, None] * (of_pixel / len(value)) ** 2
    reach = [
        t_quantile(LEVEL, degrees_of_freedom(own, without.shape[1])) * math.sqrt(float(own.sum()))
        for own in of_images.T
    ]
    error = np.full_like(variance, math.nan)
    np.divide(reach, variance, out=error, where=variance > 0)
    return PixelNoise(variance.reshape(shape), error.reshape(shape), arm.array("unit_pixels"))


def log_part(arm: MeasuredArm, chosen: NDArray[np.bool_]) -> Sample:
    """Logarithm of the total variance of the weights at the chosen pixels, given by a mask [H W]."""
    squares, whole = _squares(arm.record)
    of_image = squares[:, chosen.ravel()].sum(1) / whole[:, 0]
    value, without = _of_images(arm)
    mean, left_out = mean_over_images(value * of_image, without * of_image[:, None])
    if math.isnan(mean):
        raise NotAvailableError("the record has no variance of this arm")
    sample = on_log_scale(mean, left_out)
    if math.isinf(sample.working):
        raise NotAvailableError("the variance there is zero")
    return sample


def share(arm: MeasuredArm, chosen: NDArray[np.bool_]) -> Sample:
    """The chosen pixels' share of the weights' variance."""
    return _over(log_part(arm, chosen), log_part(arm, np.ones_like(chosen)))


def bright_share(arm: MeasuredArm) -> Sample:
    """The share of the brighter half of the pixels."""
    return share(arm, brighter_half(arm.record.arrays["pixels"].mean(0)))


def ratio(first: MeasuredArm, second: MeasuredArm) -> Sample:
    """The first's variance over the second's, of all weights of the layer without biases, paired."""
    everywhere = np.ones(first.record.arrays["pixels"].shape[1:], dtype=np.bool_)
    return _over(log_part(first, everywhere), log_part(second, everywhere))


def _over(above: Sample, below: Sample) -> Sample:
    difference = above.minus(below)
    return Sample(difference.working, difference.without, exponential)
