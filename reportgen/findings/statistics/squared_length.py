"""The squared length of a mean, with an interval that holds even if the mean is lost in its own noise.

For the mean d̄ of n replicates, A = ‖d̄‖² has expectation ‖δ‖² + N, where N = tr C/n is the noise in it.
Its distribution is about w χ′²(ν, ‖δ‖²/w), a noncentral χ² with ν = N/w degrees of freedom, which has the
same expectation and variance 2wN + 4w‖δ‖². Ends of the interval are the ‖δ‖² for which A lies at the
quantiles. This is exact for one coordinate, and for any number of equal and independent ones; otherwise w
is chosen so that the variance is right, as the larger of

        J/4A                    d̄ᵀ(C/n)d̄/‖d̄‖², the noise along d̄, from the jackknife variance J of A − N,
                                widened by Student's t for its degrees of freedom
        (w₀N + wθ)/(N + θ)      the mean of that and w₀ = tr C²/(n tr C), which counts the more, the less
                                θ = A − N is above the noise; w₀ is from the jackknife variance of tr C,
                                which is 2 tr C²/n for normal replicates, and at least N/m for m directions

    and at most N. A plain jackknife takes the noise along d̄ for that along δ, and finds hardly any if d̄ is
    near zero by chance: for one coordinate its interval covers the truth four times in five.
Source: Patnaik (1949), on fitting a noncentral χ²; Satterthwaite (1946).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from reportgen.findings.statistics.jackknife import LEVEL, Sample
from reportgen.jackknife import degrees_of_freedom, stratum_variances, t_quantile

Array = NDArray[np.float64]

FAR = 1e6
"""A/w above which its root is taken as normal, ν (at most m) being far smaller; χ′² is slow there."""


@dataclass(frozen=True, kw_only=True)
class SquaredLength(Sample):
    """‖δ‖², estimated by A − N, with leave-outs of this difference."""

    noise: float
    """N"""
    of_noise: float
    """w₀, as for normal replicates"""
    directions: int
    """m"""

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Two-sided interval, low end first, not below zero unless the estimate is.

        Its upper end is at least that of an estimate of zero.
        """
        variances = stratum_variances(self.without)
        error = math.sqrt(float(variances.sum()))
        if error == 0.0 or self.noise <= 0.0 or not math.isfinite(error):
            return super().interval(level)
        reach = t_quantile(level, degrees_of_freedom(variances, self.without.shape[1]))
        scale = self._scale(error * reach / float(special.ndtri(0.5 + level / 2.0)))
        degrees, tail = self.noise / scale, 0.5 - level / 2.0
        low = scale * _noncentrality((self.working + self.noise) / scale, degrees, 1.0 - tail)
        high = scale * _noncentrality((max(self.working, 0.0) + self.noise) / scale, degrees, tail)
        return min(low, self.working), max(high, self.working)

    def _scale(self, error: float) -> float:
        """w"""
        above = max(self.working, 0.0)
        along = error**2 / (4.0 * (above + self.noise))
        spread = max(self.of_noise, self.noise / self.directions)
        shared = (spread * self.noise + along * above) / (self.noise + above)
        return min(max(along, shared), self.noise)


def _noncentrality(value: float, degrees: float, level: float) -> float:
    """Noncentrality at which χ′² is below `value` with probability `level`; 0 if at 0 it is so less often."""
    if value > FAR:
        return (math.sqrt(value) - float(special.ndtri(level))) ** 2 - degrees + 1.0
    if value <= 0.0 or special.chdtr(degrees, value) <= level:
        return 0.0
    return float(special.chndtrinc(value, degrees, level))
