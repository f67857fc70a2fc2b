"""The smallest bias that the test of equal means detects."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import optimize, special

from reportgen.streams import stream

POWER = 0.8
DRAWS = 8192
"""Simulated tests, enough for a distance accurate to half a per cent."""


@lru_cache(maxsize=256)
def smallest_found(rank: int, half: int, level: float) -> float:
    """√(bᵀ C⁻¹ b) of the smallest bias b that is found with 80 % power at `level`, for normal differences.

    `half` is the number of replicates in each half of the test, `rank` the rank
    of their covariance C. It is found by simulation, in coordinates where C is
    the identity and the bias lies along the first axis: u and v are the halves'
    means in units of their standard error. Because C is estimated, C⁻¹ u is
    rotated away from u in a random direction; the squared cosine of the angle is
    Beta((half − rank + 1)/2, (rank − 1)/2).
    """
    noise = stream(0, "power", rank, half)
    along_u, along_v, across_v, turn_u, turn_v = noise.standard_normal((5, DRAWS))
    plane = rank > 1  # whether there is any direction besides that of the bias
    across_u = np.sqrt(noise.chisquare(rank - 1, DRAWS)) if plane else np.zeros(DRAWS)
    beyond = noise.chisquare(rank - 2, DRAWS) if rank > 2 else np.zeros(DRAWS)
    squares = noise.beta((half - rank + 1) / 2, (rank - 1) / 2, (2, DRAWS)) if plane else np.ones((2, DRAWS))
    (cosine_u, cosine_v), (sine_u, sine_v) = np.sqrt(squares), np.sqrt((1.0 - squares) / max(rank - 1, 1))
    critical = float(special.stdtrit(half - 1, 1.0 - level))

    def shortfall(distance: float) -> float:
        a, b = distance + along_u, distance + along_v
        product = a * b + plane * across_u * across_v
        squared_u, squared_v = a**2 + across_u**2, b**2 + plane * across_v**2 + beyond
        apart = np.sqrt(np.maximum(squared_u * squared_v - product**2, 0.0))
        tested_v = (cosine_u * product + sine_u * turn_u * apart) / np.sqrt(squared_u)
        tested_u = (cosine_v * product + sine_v * turn_v * apart) / np.sqrt(squared_v)
        return POWER - float(((tested_u + tested_v) / 2.0 > critical).mean())

    upper = 10.0
    while shortfall(upper) > 0.0:
        upper *= 2.0
    distance = float(optimize.brentq(shortfall, 0.0, upper, xtol=1e-3))
    return distance / float(np.sqrt(half))
