"""Bias and mean squared error against the exact gradient, of estimators that are biased on purpose.

Where a problem knows its gradient ∇_i exactly, a record holds

        bias_squared           [A I G]     ‖mean ĝ_i − ∇_i‖², with its Monte Carlo noise subtracted
        bias_squared_without   [A I S G]   the same without bucket s of image i

    with NaN for arms for which it was not measured.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm, directions
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.exact import has
from reportgen.findings.statistics.jackknife import Quantity, exact
from reportgen.findings.statistics.squared_length import SquaredLength
from reportgen.findings.statistics.variance import mean_over_images, on_log_scale
from reportgen.jackknife import stratum_variances

Array = NDArray[np.float64]


def _bias(arm: MeasuredArm, group: str) -> tuple[Array, Array]:
    """‖E ĝ_i − ∇_i‖² [I], and without each bucket [I S]."""
    if not has(arm, "bias_squared", group):
        if arm.about.status == "broken":
            raise NotAvailableError(arm.status)
        raise NotAvailableError(f"the exact gradient that {arm.about.label} estimates is not known here")
    g = arm.group(group)
    return arm.array("bias_squared")[:, g], arm.array("bias_squared_without")[:, :, g]


def bias_squared(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Mean over images of ‖E ĝ_i − ∇_i‖².

    Without bias the estimate scatters around zero and can be negative. It is given
    as it is, so that its mean is right; ends of the interval are cut at zero.
    """
    g, value = arm.group(group), mean_over_images(*_bias(arm, group))
    variances = arm.array("variance")[:, g]
    mean, without = mean_over_images(variances, arm.array("variance_without")[:, :, g])
    return SquaredLength(
        *value,
        least=0.0,
        noise=mean / arm.about.replicates,
        of_noise=float(stratum_variances(without).sum()) / (2.0 * mean) if mean > 0.0 else 0.0,
        directions=len(variances) * max(directions(arm, group), 1),
    )


def mean_squared_error(arm: MeasuredArm, group: str = "all") -> Quantity:
    """Mean over images of E‖ĝ_i − ∇_i‖² = squared bias + variance, on the log scale."""
    g = arm.group(group)
    bias, bias_without = _bias(arm, group)
    value = bias + arm.array("variance")[:, g]
    without = bias_without + arm.array("variance_without")[:, :, g]
    sample = on_log_scale(*mean_over_images(value, without))
    return exact(0.0) if math.isinf(sample.working) else sample
