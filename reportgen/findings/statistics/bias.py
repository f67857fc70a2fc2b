"""Does an estimator have the same mean as the reference? One joint test per image.

bias_statistic is the largest t over images of the cross-fitted test of paired
differences to the reference (`reportgen.engine.equal_means`), which may use a
multiple of the estimator's samples (`reportgen.engine.pairing`).
bias_p_value is the smallest p-value over images after Holm's correction, which
for the smallest is Bonferroni's factor I.
detectable_bias is the median over images of the smallest bias along the image's
own gradient, relative to it, that the test finds with 80 % power; an image whose
gradient is lost in the noise, as a zero gradient is, counts as infinite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.objectives import OBJECTIVES

REPLICATES_A_DIRECTION = 4
"""The engine makes no test with fewer differences per direction."""
Array = NDArray[np.float64]


def _present(arm: MeasuredArm, name: str) -> Array:
    values = arm.array(name)
    if np.isnan(values).any():
        raise NotAvailableError(_why_not(arm))
    return np.asarray(values)


def _why_not(arm: MeasuredArm) -> str:
    """Why there is no joint test."""
    about, objective = arm.about, OBJECTIVES[arm.about.objective]
    if about.reference:
        return "this is the reference"
    if not arm.default:
        return "the joint test is made at an estimator's own number of samples, without a constant"
    if arm.reference.about.status == "broken":
        return "the reference broke"
    if not about.differences and objective.several:
        return (
            f"the {objective.title} has another gradient for each K, and the reference cannot be had "
            f"at K = {about.num_samples}"
        )
    if not about.differences:
        return "no differences to the reference were taken"
    directions, of = _directions(arm)
    if about.differences < REPLICATES_A_DIRECTION * directions:
        return (
            f"the joint test needs {REPLICATES_A_DIRECTION} replicates for each of the {directions} {of}, "
            f"got {about.differences} a data point"
        )
    return "the reference has estimates that are not finite at the K at which it is compared"


def _directions(arm: MeasuredArm) -> tuple[int, str]:
    """Number of directions tested together, and what they are."""
    if arm.about.parameters == "phi" and arm.record.eta:
        return arm.record.eta, "parameters of q"
    seen = arm.array("bias_dimension")
    return int(np.nanmax(seen)) if np.isfinite(seen).any() else 0, "directions in which differences were seen"


def bias_statistic(arm: MeasuredArm) -> float:
    """Largest t over images; infinite if means differ in a direction without noise."""
    return float(_present(arm, "bias_statistic").max())


def bias_p_value(arm: MeasuredArm) -> float:
    """Smallest Holm-adjusted p-value over images."""
    return float(holm(_present(arm, "bias_p_value")).min())


def detectable_bias(arm: MeasuredArm) -> float:
    """Median over images of the detectable bias relative to the image's own gradient, without unit."""
    _present(arm, "bias_p_value")
    values = arm.array("detectable_bias")
    if np.isnan(values).any():
        raise NotAvailableError(
            "differences to the reference do not vary along the gradient of every data point"
        )
    reference = arm.reference
    noise = reference.array("variance")[:, 0] / reference.about.replicates
    known = reference.array("squared_norm")[:, 0] > noise  # as `reportgen.engine.directions` has it
    found = float(np.median(np.where(known, values, np.inf)))
    if np.isinf(found):
        raise NotAvailableError("the gradient that a bias would be relative to is lost in the noise")
    return found


def holm(p_values: Array) -> Array:
    """Holm's (1979) adjusted p-values, in the given order, each to be compared with the family's level."""
    order = np.argsort(p_values, kind="stable")
    count = p_values.size
    stepped = np.maximum.accumulate(p_values[order] * np.arange(count, 0, -1))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
