"""Exact moments, known without measuring, and the measured variance relative to them.

A problem may know its estimators' moments in closed form, by quadrature or by
enumeration. A record then holds, beside what was measured,

    exact_variance       [A I G]   tr Cov of the estimate of image i's gradient, group g
    exact_squared_norm   [A I G]   ‖E ĝ_i‖²
    exact_bias_squared   [A I G]   ‖E ĝ_i − ∇_i‖², ∇_i the exact gradient

with NaN where a number is not known. If the problem knows none, its records
lack the arrays.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import Quantity, Sample, exact, exponential
from reportgen.findings.statistics.variance import NOTHING, log_variance, mean_square

Array = NDArray[np.float64]

ROUNDING = 1e-10
"""Relative size below which a number may be what single precision leaves of a zero: (1e-7)² and a little."""


def has(arm: MeasuredArm, name: str, group: str = "all") -> bool:
    """Whether the record has an optional array, with a number for every image of this arm and group."""
    values = arm.record.arrays.get(name)
    return values is not None and not np.isnan(values[arm.index][..., arm.group(group)]).any()


def _mean(arm: MeasuredArm, name: str, group: str, what: str) -> float:
    if not has(arm, name, group):
        raise NotAvailableError(f"{what} of {arm.about.label} is not known here")
    return float(arm.record.arrays[name][arm.index][:, arm.group(group)].mean())


def exact_total_variance(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Mean over images of the exact variance, summed over the group's coordinates."""
    return exact(_mean(arm, "exact_variance", group, "the exact variance"))


def exact_mean_norm(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Root of the mean over images of ‖E ĝ_i‖², exact."""
    squared = _mean(arm, "exact_squared_norm", group, "the exact mean gradient")
    return exact(math.sqrt(max(squared, 0.0)))


def exact_bias_squared(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Mean over images of ‖E ĝ_i − ∇_i‖², exact."""
    return exact(_mean(arm, "exact_bias_squared", group, "the exact bias"))


def is_unbiased(arm: MeasuredArm) -> bool:
    """Whether the exact mean of an estimate is the exact gradient, up to `ROUNDING` of its mean square."""
    size = (_mean(arm, name, "all", "the exact mean") for name in ("exact_squared_norm", "exact_variance"))
    return _mean(arm, "exact_bias_squared", "all", "the exact bias") <= ROUNDING * sum(size)


def variance_to_exact(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Measured total variance over the exact one, with the interval of the measured one.

    If the exact variance is zero, only rounding can be measured, and the ratio
    says nothing about it. Rounding is recognised by its size relative to the largest
    E‖ĝ‖² among the objective's arms: they use the same draws, so what cancels in one
    is as large as what remains in another. If everything cancels in all of them, it
    is taken relative to 1, roughly the size of the terms. With r the measured
    variance over the larger of the two,

            r ≤ 1e-20           zero in double precision: the ratio is exactly 1
            1e-20 < r < 1e-10   not available: single-precision rounding, or a little variance
            r ≥ 1e-10           infinite: there is variance where there should be none

        An exact variance up to 1e-20 of that size counts as zero too, since closed forms
        also round. If no variance is measured where there should be some, the ratio is 0.
    """
    known = _mean(arm, "exact_variance", group, "the exact variance")
    measured = log_variance(arm, group)
    size = mean_square(arm, group)
    if known <= NOTHING * size:
        if measured.value <= NOTHING * size:
            return exact(1.0)
        if measured.value < ROUNDING * size:
            raise NotAvailableError(
                f"the exact variance of {arm.about.label} is zero, and the measured one, "
                f"{measured.value:.1e}, may be rounding"
            )
        return exact(math.inf)
    if math.isinf(measured.working):
        return exact(0.0)
    shift = math.log(known)
    return Sample(measured.working - shift, measured.without - shift, exponential, measured.value / known)
