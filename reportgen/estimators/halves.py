"""Weibull and Maxwell variables as smooth functions of standard normals, for measure-valued estimators.

The derivative of a density in one of its parameters is c (p⁺ − p⁻), where p⁺
and p⁻ are densities too; for a Gaussian they are built from the Weibull and
Maxwell distributions below. Smooth maps, in place of the usual sums of squares,
let a quadrature over the normals converge.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 6
"""Newton steps; each doubles the number of correct digits, so this is more than float64 needs."""
FARTHEST = 11.0
"""Normals are clamped to ± this (they exceed it with probability 4e-28), as far as float32 allows."""


def below(g: Tensor) -> Tensor:
    """Φ(g), the standard normal distribution function: uniform on (0, 1) for standard normal g."""
    return 0.5 * (g * -math.sqrt(0.5)).erfc()


def weibull(g: Tensor) -> Tensor:
    """W > 0 with density w exp(−w²/2), Weibull(2, ½), increasing in the standard normal g."""
    g = g.clamp(-FARTHEST, FARTHEST)
    # log Φ(−g), in whichever form does not cancel.
    log_above = below(-g).log().where(g > 0, (-below(g)).log1p())
    return (-2.0 * log_above).sqrt()


def maxwell(g: Tensor) -> Tensor:
    """|M| > 0 with density √(2/π) m² exp(−m²/2), increasing in the standard normal g.

    |M|²/2 follows Gamma(3/2), whose distribution function is inverted by Newton's
    method on the logarithm of the smaller tail. That is concave, and the start
    lies on the side from which the method converges.
    """
    g = g.clamp(-FARTHEST, FARTHEST)
    shape, zero = g.new_tensor(1.5), g.new_tensor(0.0)
    upper = g > 0
    log_tail = below(-g.abs()).log()
    # P(x) ≤ x^1.5 / Γ(2.5) for the lower tail; Wilson & Hilferty (1931) for the upper one.
    start = (log_tail + math.lgamma(2.5)) / 1.5
    wilson_hilferty = 3.0 * (25.0 / 27.0 + g.abs() * math.sqrt(2.0 / 27.0)).log() + math.log(1.5)
    log_x = wilson_hilferty.where(upper, start)
    for _ in range(STEPS):
        x = log_x.exp()
        log_slope = 1.5 * log_x - x - math.lgamma(1.5)  # log |d tail / d log x|, the same for both tails
        # Compute each tail only where it is used; elsewhere at 0, which costs nothing.
        above, beneath = shape.igammac(x.where(upper, zero)), shape.igamma(zero.where(upper, x))
        log_now = above.where(upper, beneath).log()
        step = (log_now - log_tail) * (log_now - log_slope).exp()
        log_x = log_x + step.where(upper, -step)
    return (0.5 * (log_x + math.log(2.0))).exp()


def replaced(z: Tensor, j: int, value: Tensor) -> Tensor:
    """z [I R K d] with coordinate j set to each of V values [I R K V]: [I R K·V d]."""
    points = z.unsqueeze(3).repeat(1, 1, 1, value.shape[3], 1)
    points[..., j] = value
    return points.flatten(2, 3)
