"""Jackknife variance of a statistic: the stopping rule and the reported intervals both use it.

The replicates of each image are divided into S buckets. Recomputing the
statistic θ without bucket s of image h gives θ_(hs). The buckets of an image
are exchangeable and the images independent, so the variance of the statistic
is estimated by a sum over strata h,

    Σ_h (S − 1)/S Σ_s (θ_(hs) − θ̄_(h·))²

(the stratified delete-one jackknife: Jones 1974; Shao & Tu 1995, chapter 6).
It assumes no moment beyond the variance of a bucket, so it holds for heavy
tails. The strata are the images; there is a single stratum where a bucket of
all images, or a whole image, is left out at a time.

Intervals use Student's t with Satterthwaite's degrees of freedom,
(Σ v_h)² / Σ v_h²/(S − 1) with v_h the terms above: at most H·(S − 1), fewer
where a few images carry most of the variance, S − 1 with one stratum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


def stratum_variances(without: Array) -> Array:
    """(S − 1)/S Σ_s (θ_(hs) − θ̄_(h·))² for each stratum h, from leave-outs [H S] → [H]."""
    if without.size == 0:
        return np.zeros(0)
    units = without.shape[1]
    with np.errstate(invalid="ignore"):
        deviation = without - np.add.reduce(without, 1, keepdims=True) / units
        return np.asarray((units - 1) / units * np.add.reduce(deviation * deviation, 1))


def degrees_of_freedom(variances: Array, units: int) -> float:
    """Satterthwaite's degrees of freedom from the strata's variances [H], with `units` leave-outs each."""
    total = float(np.add.reduce(variances))
    if total == 0.0:
        return float((units - 1) * variances.size)
    share = variances / total
    return (units - 1) / float(np.add.reduce(share * share))


def t_quantile(level: float, dof: float) -> float:
    """Quantile of |t| for a two-sided interval of this coverage."""
    return float(special.stdtrit(dof, 0.5 + level / 2.0))
