"""The mean gradient: its norm, its size relative to the noise, its direction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm, directions
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import LEVEL, Quantity, Sample, exact
from reportgen.findings.statistics.variance import is_zero, mean_over_images, never_differs_from_zero
from reportgen.objectives import OBJECTIVES

Array = NDArray[np.float64]

NO_MEAN = "across the gradient there is one direction, where the ratio has no mean"
"""Why there is no directional signal-to-noise ratio in two dimensions."""
NOTHING_AT_ALL = "every estimate is zero: no signal, and no noise"
"""Why there is no signal-to-noise ratio if all estimates are zero up to rounding."""


def root(value: float) -> float:
    """Square root; zero for negative numbers, which ends of intervals may be."""
    return math.sqrt(max(value, 0.0))


def cosine(value: float) -> float:
    """Clips a number to [−1, 1], where cosines lie."""
    return min(max(value, -1.0), 1.0)


def _squared_norm(arm: MeasuredArm, group: str) -> tuple[float, Array]:
    g = arm.group(group)
    mean, without = mean_over_images(
        arm.array("squared_norm")[:, g], arm.array("squared_norm_without")[:, :, g]
    )
    if math.isnan(mean):
        raise NotAvailableError("the record has no mean of this arm")
    if not (mean > 0.0 or never_differs_from_zero(arm, group, mean)):
        raise NotAvailableError(
            "the mean gradient is lost in the noise: its squared norm, noise taken off, is not positive"
        )
    return mean, without


def mean_norm(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Root of the mean over images of ‖E ĝ_i‖², with its Monte Carlo noise subtracted.

    The interval is made for the square, whose estimate can be negative, and its
    ends are cut at zero. If all estimates are zero, it is exactly zero.
    """
    mean, without = _squared_norm(arm, group)
    if never_differs_from_zero(arm, group, mean):
        return exact(0.0)
    return Sample(mean, without, root)


def signal_to_noise(arm: MeasuredArm, group: str = "all") -> Quantity:
    """√(mean over images of ‖E ĝ_i‖² / mean over images of tr Cov ĝ_i), for one image's estimate."""
    g = arm.group(group)
    signal, signal_without = _squared_norm(arm, group)
    if never_differs_from_zero(arm, group, signal):
        raise NotAvailableError(NOTHING_AT_ALL)
    noise, noise_without = mean_over_images(
        arm.array("variance")[:, g], arm.array("variance_without")[:, :, g]
    )
    if is_zero(arm, group):
        return exact(math.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Sample(signal / noise, signal_without / noise_without, root)


def directional_signal_to_noise(arm: MeasuredArm) -> Quantity:
    """Mean over replicates and images of ‖Δ∥‖ / ‖Δ⊥‖, an estimate's lengths along the gradient and across.

    In two dimensions the part across is a single number with positive density at zero, so its reciprocal has
    no mean. Source: Rainforth et al. (2018).
    """
    if directions(arm) == 2:
        raise NotAvailableError(NO_MEAN)
    ratios, without = arm.array("directional_ratio"), arm.array("directional_ratio_without")
    if np.isnan(ratios).any():
        raise NotAvailableError("the direction of a data point's gradient, or of an estimate of it, is lost")
    if np.isinf(ratios).any():
        return exact(math.inf)
    return Sample(*mean_over_images(ratios, without))


def _require_one_gradient(arm: MeasuredArm, other: MeasuredArm) -> None:
    """Raises unless two means would be the same without bias."""
    if not arm.shares_gradient(other):
        title = OBJECTIVES[arm.about.objective].title
        raise NotAvailableError(
            f"the {title} has another gradient for each K, and {other.about.label} has K = "
            f"{other.about.num_samples}"
        )


def relative_projection(
    arm: MeasuredArm, against: MeasuredArm | None = None, level: float = LEVEL
) -> Quantity:
    """Mean gradient over images along the reference's, relative to it: 1 for an estimator without bias.

    With `against`, it is relative to that arm's projection instead. The same bucket
    of the same image is left out of both, and of the direction, so shared draws
    cancel. Raises if the interval of the denominator at coverage `level` contains 0.
    """
    other = arm.reference if against is None else against
    if other.same_as(arm):
        return exact(1.0)
    _require_one_gradient(arm, other)
    above, above_without = mean_over_images(arm.array("projection"), arm.array("projection_without"))
    below, below_without = mean_over_images(other.array("projection"), other.array("projection_without"))
    if math.isnan(above) or math.isnan(below) or below == 0.0:
        raise NotAvailableError("the record has no projection onto the reference's mean gradient")
    low, high = Sample(below, below_without).interval(level)
    if low <= 0.0 <= high:
        raise NotAvailableError(f"the mean gradient of {other.about.label} is lost in the noise")
    with np.errstate(divide="ignore", invalid="ignore"):
        return Sample(above / below, above_without / below_without)


def cosine_to_reference(arm: MeasuredArm) -> Quantity:
    """Cosine between the mean gradients over images of an arm and of its objective's reference.

    Norms have their Monte Carlo noise subtracted, so the estimate can leave
    [−1, 1] by chance; it is clipped. Each leave-out lacks bucket s of every
    image, which gives S − 1 degrees of freedom.
    """
    reference = arm.reference
    if reference.same_as(arm):
        return exact(1.0)
    _require_one_gradient(arm, reference)
    along, along_without = arm.array("projection"), arm.array("projection_without")
    squares = []
    for one in (arm, reference):
        squared = float(one.array("batch_squared_norm"))
        if not squared > 0.0:
            raise NotAvailableError(
                f"the mean gradient of {one.about.label} over the images is lost in the noise"
            )
        without = one.array("batch_squared_norm_without")
        squares.append((squared, np.where(without > 0.0, without, np.nan)))
    (mine, mine_without), (theirs, theirs_without) = squares
    value = float(along.mean()) / math.sqrt(mine * theirs)
    without = along_without.mean(0) / np.sqrt(mine_without * theirs_without)
    return Sample(value, without[None, :], cosine)
