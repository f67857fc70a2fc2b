"""The precision that a channel has reached."""

from __future__ import annotations

import math

import numpy as np
from torch import Tensor

from reportgen.jackknife import degrees_of_freedom, stratum_variances, t_quantile


def relative_half_width(variance: Tensor, without: Tensor) -> float:
    """Half-width of the 95 % interval of the variance, mean over images, on the log scale.

    `variance` [I] and `without` [I S] are each image's total variance with all
    buckets, and with each bucket left out. This is the interval that the report
    prints for `total_variance`. A variance of zero is known exactly.
    """
    values, leave_outs = variance.numpy(), without.numpy()
    mean = float(values.mean())
    if mean <= 0.0:
        return 0.0
    means = mean + (leave_outs - values[:, None]) / len(values)
    if not means.min() > 0.0:
        return math.inf
    spread = stratum_variances(np.log(means))
    reach = t_quantile(0.95, degrees_of_freedom(spread, means.shape[1]))
    return float(reach * math.sqrt(float(spread.sum())))
