"""Has an estimator the same mean as the reference? One joint test an image.

bias_statistic is the largest z over images of the cross-fitted test of
paired differences to the reference (`reportgen.engine.equal_means`);
bias_p_value the smallest p-value over images after Holm's correction, which
for the smallest is Bonferroni's factor I;
detectable_bias the median over images of the smallest bias along the image's
own gradient, relative to it, that the test finds with 80 % power.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.arm import MeasuredArm
from reportgen.findings.estimate import NotAvailableError

Array = NDArray[np.float64]


def _present(arm: MeasuredArm, name: str) -> Array:
    values = arm.array(name)
    if np.isnan(values).any():
        raise NotAvailableError(_why_not(arm))
    return np.asarray(values)


def _why_not(arm: MeasuredArm) -> str:
    """Why there is no joint test."""
    if arm.about.reference:
        return "this is the reference"
    parameters, replicates = arm.record.eta, arm.about.replicates
    if replicates < 4 * parameters:
        return (
            f"the joint test needs 4 replicates for each of the {parameters} parameters of q, "
            f"got {replicates} an image"
        )
    return "the joint test needs the reference at the same number of samples, which it cannot have"


def bias_statistic(arm: MeasuredArm) -> float:
    """Largest z over images; infinite where means differ in a direction without noise."""
    return float(_present(arm, "bias_statistic").max())


def bias_p_value(arm: MeasuredArm) -> float:
    """Smallest Holm-adjusted p-value over images."""
    return float(holm(_present(arm, "bias_p_value")).min())


def detectable_bias(arm: MeasuredArm) -> float:
    """Median over images, relative to the image's own gradient, no unit."""
    return float(np.median(_present(arm, "detectable_bias")))


def holm(p_values: Array) -> Array:
    """Holm's (1979) step-down adjustment, in the given order: compare each with the family's level."""
    order = np.argsort(p_values, kind="stable")
    count = p_values.size
    stepped = np.maximum.accumulate(p_values[order] * np.arange(count, 0, -1))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
