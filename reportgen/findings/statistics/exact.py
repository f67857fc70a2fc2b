"""What is known without measuring, and the measured variance against it.

A problem may know its estimators' moments: by closed form, by quadrature, by
enumeration. A record then holds, beside what was measured,

    exact_variance       [A I G]   tr Cov of the estimate of image i's gradient, group g
    exact_squared_norm   [A I G]   ‖E ĝ_i‖²
    exact_bias_squared   [A I G]   ‖E ĝ_i − ∇_i‖², ∇_i the exact gradient

with NaN where a number is not known. A record of a problem that knows nothing
does not have the arrays at all.
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
"""Below this part it may still be what single precision leaves of such terms: (1e-7)², and a little more."""


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
    """Whether the exact mean of an estimate is the exact gradient, but for `ROUNDING` of its size."""
    size = (_mean(arm, name, "all", "the exact mean") for name in ("exact_squared_norm", "exact_variance"))
    return _mean(arm, "exact_bias_squared", "all", "the exact bias") <= ROUNDING * sum(size)


def variance_to_exact(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Measured total variance over the exact one; the interval is that of the measured one.

    Where the exact variance is zero, all that can be measured is rounding,
    and the ratio says nothing about it. Rounding is judged by its size beside
    E‖ĝ‖², the largest of the objective's arms, which are made of the same
    draws, so that what cancels in one is as large as what is left in another;
    and beside 1, about the size of the terms, where all of them cancel. With r
    the measured variance over the larger,

        r ≤ 1e-20           as zero as it is in double precision: 1 exactly
        1e-20 < r < 1e-10   not available: rounding of single precision, or a little variance
        r ≥ 1e-10           infinite: there is variance where there should be none

    An exact variance below 1e-20 of it is such a zero too: closed forms round
    as well. No variance measured where there should be some is 0.
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
