"""The spread of a statistic, from leave-outs: what the meter stops on and the findings report.

Replicates lie in S buckets an image. Leaving one bucket of one image out, and
computing the statistic again, shows how much it owes to that bucket; buckets
of one image are exchangeable and images are independent, so the variance of
the statistic is, stratum by stratum,

    Σ_h (S − 1)/S Σ_s (θ_(hs) − θ̄_(h·))²

(the stratified delete-one jackknife: Jones 1974; Shao & Tu 1995, chapter 6).
No moment beyond the variance of a bucket is assumed, so it holds where the
tails are heavy. Strata are the images, or a single one where whole buckets or
whole images are left out.

The quantile is Student's t. Its degrees of freedom are Satterthwaite's,
(Σ v_h)² / Σ v_h²/(S − 1) with v_h the terms above: at most H·(S − 1), fewer
where a few images carry most of the variance, S − 1 with one stratum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


def stratum_variances(without: Array) -> Array:
    """(S − 1)/S Σ_s (θ_(hs) − θ̄_(h·))² of each stratum, [H S] → [H]."""
    if without.size == 0:
        return np.zeros(0)
    units = without.shape[1]
    with np.errstate(invalid="ignore"):
        deviation = without - np.add.reduce(without, 1, keepdims=True) / units
        return np.asarray((units - 1) / units * np.add.reduce(deviation * deviation, 1))


def degrees_of_freedom(variances: Array, units: int) -> float:
    """Satterthwaite's, from the strata's terms [H] with units − 1 each."""
    total = float(np.add.reduce(variances))
    if total == 0.0:
        return float((units - 1) * variances.size)
    share = variances / total
    return (units - 1) / float(np.add.reduce(share * share))


def t_quantile(level: float, dof: float) -> float:
    """Quantile of |t| at this two-sided coverage."""
    return float(special.stdtrit(dof, 0.5 + level / 2.0))
