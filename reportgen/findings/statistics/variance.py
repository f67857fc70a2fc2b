"""Total variance, its ratios, and its cost.

total_variance(A) of a parameter group is the mean over images of tr Cov of one
image's estimate: the variance over independent replicates of the whole
estimator, ddof 1. In its interval the measured images are fixed, and the
replicates are random.

All intervals here are made on the log scale, by leaving out one bucket of one
image at a time, and the same one of two arms, since they share their draws.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reportgen.estimators import ESTIMATORS
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import Quantity, Sample, exact, exponential, logarithms

Array = NDArray[np.float64]

NOTHING = 1e-20
"""A variance below this part of the estimates' mean square is zero: in double precision, terms that cancel
leave (1e-16)² of it, or a little more if they are large, and nothing random varies so little."""

NO_VARIANCE = "the record has no variance of this arm"


def mean_over_images(value: Array, without: Array) -> tuple[float, Array]:
    """Mean of `value` [I], and that mean with image i's value replaced by each of `without` [I S]."""
    mean = _mean(value)
    return mean, mean + (without - value[:, None]) / value.shape[0]


def _mean(value: Array) -> float:
    return float(np.add.reduce(value) / value.shape[0])


def log_variance(arm: MeasuredArm, group: str = "all") -> Sample:
    """Logarithm of total variance; −inf without leave-outs if it is zero, or zero up to rounding."""
    g = arm.group(group)
    mean, without = mean_over_images(arm.array("variance")[:, g], arm.array("variance_without")[:, :, g])
    if math.isnan(mean):
        raise NotAvailableError(NO_VARIANCE)
    return on_log_scale(0.0 if _is_rounding(arm, group, mean) else mean, without)


def on_log_scale(mean: float, without: Array) -> Sample:
    """A nonnegative number with its leave-outs on the log scale; −inf without leave-outs if it is zero."""
    if mean <= 0.0:
        return Sample(-math.inf, np.empty((0, 0)), exponential)
    return Sample(math.log(mean), logarithms(without), exponential, mean)


def mean_square(arm: MeasuredArm, group: str) -> float:
    """The largest E‖ĝ‖², mean over images, among arms of the same objective, but at least 1."""
    record, g = arm.record, arm.group(group)
    rows = [i for i, other in enumerate(record.arms) if other.objective == arm.about.objective]
    squares = (record.arrays["variance"] + record.arrays["squared_norm"])[rows][:, :, g].mean(1)
    return max(float(np.nanmax(squares)), 1.0)


def _is_rounding(arm: MeasuredArm, group: str, measured: float) -> bool:
    """Whether the exact variance is zero, and the measured one is what double precision leaves of zero.

    Closed forms round as well, so the exact variance may be such a remainder too.
    """
    known = arm.record.arrays.get("exact_variance")
    if known is None:
        return False
    least = NOTHING * mean_square(arm, group)
    return measured <= least and bool((known[arm.index][:, arm.group(group)] <= least).all())


def is_zero(arm: MeasuredArm, group: str) -> bool:
    """Whether total variance is zero, or zero up to rounding."""
    mean = _mean(arm.array("variance")[:, arm.group(group)])
    if math.isnan(mean):
        raise NotAvailableError(NO_VARIANCE)
    return mean <= 0.0 or _is_rounding(arm, group, mean)


def never_differs_from_zero(arm: MeasuredArm, group: str, squared_norm: float) -> bool:
    """Whether an estimate is zero at every draw, up to rounding: both its variance and its mean are."""
    return is_zero(arm, group) and squared_norm <= NOTHING * mean_square(arm, group)


def total_variance(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Mean over images of the variance, summed over the group's coordinates; a zero is exact."""
    sample = log_variance(arm, group)
    return exact(0.0) if math.isinf(sample.working) else sample


def variance_ratio(first: MeasuredArm, second: MeasuredArm, group: str = "all") -> Quantity:
    """Total variance of the first over that of the second, paired.

    An arm against itself is exactly 1. Zero over anything else is 0, anything else
    over zero is infinite, and zero over zero is not available.
    """
    above, below = log_variance(first, group), log_variance(second, group)
    if math.isinf(above.working) and math.isinf(below.working):
        raise NotAvailableError("both variances are zero")
    if math.isinf(above.working):
        return exact(0.0)
    if math.isinf(below.working):
        return exact(math.inf)
    difference = above.minus(below)
    return Sample(difference.working, difference.without, exponential, above.value / below.value)


def gap_closed(arm: MeasuredArm, worst: MeasuredArm, best: MeasuredArm, group: str = "all") -> Quantity:
    """log(V_worst/V_arm) / log(V_worst/V_best): the share of the gap that an arm closes, on the log scale.

    V is total variance times the number of samples in an estimate (K, or 2K if each
    of the K is a pair), so that estimators are compared at equal numbers of samples.
    The share is 0 for the worst and 1 for the best, and lies outside [0, 1] if the arm
    is worse or better than both. It is not available if the gap's own interval
    contains 0.
    """
    above = per_sample(worst, group).minus(per_sample(arm, group))
    below = per_sample(worst, group).minus(per_sample(best, group))
    low, high = below.interval()
    if low <= 0.0 <= high:
        raise NotAvailableError(
            f"the gap between {worst.about.label} and {best.about.label} is lost in the noise"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        return Sample(above.working / below.working, above.without / below.without)


def per_sample(arm: MeasuredArm, group: str) -> Sample:
    """Logarithm of variance times the number of samples in an estimate."""
    kind = ESTIMATORS.get(arm.about.estimator)
    samples = arm.about.num_samples * (kind.samples_each if kind else 1)
    sample, shift = finite_log(arm, group), math.log(samples)
    return Sample(sample.working + shift, sample.without + shift, exponential)


def finite_log(arm: MeasuredArm, group: str = "all") -> Sample:
    """Logarithm of a variance; raises if that is zero."""
    sample = log_variance(arm, group)
    if math.isinf(sample.working):
        raise NotAvailableError(f"the variance of {arm.about.label} is zero, its logarithm has no value")
    return sample


def evaluations(arm: MeasuredArm) -> Quantity:
    """Decoder forward and backward passes per replicate, counted."""
    return exact(arm.about.forward + arm.about.backward)


def seconds_per_replicate(arm: MeasuredArm) -> float:
    """Seconds per replicate, as timed on the machine that ran the cell; without an interval."""
    return arm.about.seconds_per_replicate


def work_normalized_variance(arm: MeasuredArm) -> Quantity:
    """Total variance times decoder passes per replicate: the variance left per pass of work.

    Since passes are counted, it is the same on every machine. Source: Glynn &
    Whitt (1992), on the efficiency of simulation estimators.
    """
    return _scaled(arm, arm.about.forward + arm.about.backward)


def time_normalized_variance(arm: MeasuredArm) -> Quantity:
    """Total variance times seconds per replicate on the machine that ran the cell.

    The interval is that of the variance; the timing is taken as it is.
    """
    return _scaled(arm, seconds_per_replicate(arm))


def _scaled(arm: MeasuredArm, factor: float) -> Quantity:
    if not factor > 0.0 or math.isinf(factor):
        raise NotAvailableError(f"the cost of a replicate must be more than 0, got {factor!r}")
    sample = log_variance(arm)
    if math.isinf(sample.working):
        return exact(0.0)
    shift = math.log(factor)
    return Sample(sample.working + shift, sample.without + shift, exponential, sample.value * factor)


def images_lower(first: MeasuredArm, second: MeasuredArm) -> tuple[int, int]:
    """Number of images in which the first arm's total variance is lower, and of all images."""
    a, b = first.array("variance")[:, 0], second.array("variance")[:, 0]
    return int((a < b).sum()), int(a.shape[0])
