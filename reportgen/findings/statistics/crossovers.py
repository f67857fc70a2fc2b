"""Where, along a swept setting, two estimators change places.

At every value of the setting the log ratio of their variances is measured,
with an interval. Between values it is interpolated linearly, on the setting's
own scale, or on the log scale where values belong there (see `scales`); a
crossover is where that line crosses 0. What is said of it is said of the
interpolated curve: values closer to it place it better.

The intervals hold at all values at once (Bonferroni). So the interpolated
true curve lies between their interpolated ends, and can cross only in the
stretches where the lower end is below 0 and the upper one above: the interval
of a crossover is its stretch. Where the curve is surely below on one side of a
stretch and surely above on the other, there is a crossover in it; where a
stretch reaches the last value on a side, it has no end there. So a crossover
of the estimate is sure where it is the only one in such a stretch, or where the
exact variances are known to cross there too; any other may be chance.

A value where a variance is zero has a sign but no logarithm, one where both
are has neither: then nothing is said of where, between it and its neighbours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics import exact, variance
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NAN, NotAvailableError
from reportgen.findings.statistics.jackknife import LEVEL, Quantity, exponential, identity
from reportgen.findings.statistics.scales import is_logarithmic
from reportgen.findings.statistics.source import OfArms

Array = NDArray[np.float64]
Pair = tuple[float, MeasuredArm, MeasuredArm]
"""A setting's value and the two arms measured there."""


@dataclass(frozen=True)
class Crossover:
    """A value of a setting at which two estimators have the same variance."""

    setting: str
    loses_beyond: str
    """Label of the estimator with the lower variance below `at` and the higher one beyond; the objective
    where it is one estimator under two."""
    at: float
    low: float
    """Ends of the interval, −∞ or ∞ where no value measured bounds it."""
    high: float
    exact: float = NAN
    """Where the exact variances cross in the same direction, nearest to `at`; NaN where that is not known."""
    sure: bool = True
    """Whether the intervals, or the exact variances, tell that the two change places there."""
    source: OfArms | None = field(default=None, compare=False, repr=False)
    """The arms of the whole curve."""


@dataclass(frozen=True)
class Stretch:
    """Where the curve may cross 0, between places where it surely does not."""

    low: float
    high: float
    before: int
    """Sign of the curve below `low`, 0 if that is beyond the values."""
    after: int

    @property
    def sure(self) -> bool:
        """Whether there is a crossover in it."""
        return self.before * self.after < 0


@dataclass(frozen=True, eq=False)
class Curve:
    """Log ratios along a setting, [n] each; `x` are its values, ascending, on the scale of interpolation."""

    x: Array
    value: Array
    """NaN where it is not available, infinite where one variance is zero."""
    low: Array
    """Simultaneous ends."""
    high: Array
    exact: Array
    """Log ratio of the exact variances; NaN where they are not known."""
    back: Callable[[float], float]
    """From the scale of interpolation to the setting's own."""

    def zeros(self) -> tuple[tuple[float, int], ...]:
        """(value of the setting, direction) of every crossing of the estimate."""
        return tuple((self.back(at), direction) for at, direction in sign_changes(self.x, self.value))

    def stretches(self) -> tuple[Stretch, ...]:
        """Where the true curve may cross 0, ascending."""
        return tuple(
            Stretch(self._back(s.low), self._back(s.high), s.before, s.after)
            for s in possible(self.x, self.low, self.high)
        )

    def _back(self, end: float) -> float:
        """An end that is none stays so on either scale."""
        return self.back(end) if math.isfinite(end) else end


def curve(pairs: Sequence[Pair], group: str = "all", level: float = LEVEL) -> Curve:
    """The curve of pairs with ascending values; its intervals hold together with coverage `level`."""
    each = 1.0 - (1.0 - level) / len(pairs)
    values = np.array([value for value, _, _ in pairs], dtype=np.float64)
    log = is_logarithmic([value for value, _, _ in pairs])
    with np.errstate(divide="ignore"):
        measured = np.log([_ends(first, second, group, each) for _, first, second in pairs])
        known = np.log([_exact_ratio(first, second, group) for _, first, second in pairs])
    return Curve(
        x=np.log(values) if log else values,
        value=measured[:, 0],
        low=measured[:, 1],
        high=measured[:, 2],
        exact=known,
        back=exponential if log else identity,
    )


def crossovers(
    pairs: Sequence[Pair], setting: str, group: str = "all", level: float = LEVEL
) -> tuple[Crossover, ...]:
    """Every crossover of the two arms of `pairs`, whose values ascend; none with fewer than two values."""
    if len(pairs) < 2:
        return ()
    first, second = (arm.about.label for arm in pairs[0][1:])
    if first == second:
        first, second = (arm.about.objective for arm in pairs[0][1:])
    found = curve(pairs, group, level)
    stretches, known = found.stretches(), _exact_zeros(found)
    source = OfArms(("variance_ratio",), group, tuple(arm for _, *two in pairs for arm in two))
    zeros = found.zeros()
    around_each = [min(stretches, key=lambda one: max(one.low - at, at - one.high)) for at, _ in zeros]
    made = []
    for (at, direction), around in zip(zeros, around_each, strict=True):
        near = [zero for zero, same in known if same == direction]
        exactly = min(near, key=lambda zero: abs(zero - at), default=NAN)
        made.append(
            Crossover(
                setting=setting,
                loses_beyond=first if direction > 0 else second,
                at=at,
                low=min(around.low, at),
                high=max(around.high, at),
                exact=exactly,
                sure=(around.sure and around_each.count(around) == 1) or around.low <= exactly <= around.high,
                source=source,
            )
        )
    return tuple(made)


def sign_changes(x: Array, y: Array) -> list[tuple[float, int]]:
    """Where the line through the points crosses 0, and its direction, 1 up or −1 down.

    Points without a value are passed over. A line that stays at 0 for a while
    crosses in the middle of it, one that comes back from 0 does not cross;
    next to an infinite point, in the middle between the two.
    """
    signed = [j for j in range(len(y)) if y[j] < 0.0 or y[j] > 0.0]
    found = []
    for i, j in pairwise(signed):
        if y[i] * y[j] > 0.0:
            continue
        zero = [x[k] for k in range(i + 1, j) if y[k] == 0.0]
        ends = (zero[0], zero[-1]) if zero else (x[i], x[j])
        at = (ends[0] + ends[1]) / 2.0 if zero else _zero(x[[i, j]], y[[i, j]], (ends[0] + ends[1]) / 2.0)
        found.append((float(at), 1 if y[j] > 0.0 else -1))
    return found


def possible(x: Array, low: Array, high: Array) -> list[Stretch]:
    """Stretches in which a line between the lines through `low` and `high` may cross 0."""
    signs = [1 if a > 0.0 else -1 if b < 0.0 else 0 for a, b in zip(low, high, strict=True)]
    found: list[Stretch] = []
    start, before = -math.inf, 0
    for j, (here, there) in enumerate(pairwise(signs)):
        if here == there:
            continue
        between = slice(j, j + 2)
        if here:
            bound = low if here > 0 else high
            start, before = _zero(x[between], bound[between], float(x[j])), here
        if there:
            bound = low if there > 0 else high
            end = _zero(x[between], bound[between], float(x[j + 1]))
            found.append(Stretch(start, end, before, there))
    if signs[-1] == 0:
        found.append(Stretch(start, math.inf, before, 0))
    return found


def _zero(x: Array, y: Array, otherwise: float) -> float:
    """Where the line through two points crosses 0; `otherwise` if one of them is infinite."""
    if not np.isfinite(y).all():
        return otherwise
    return float(x[0] + (x[1] - x[0]) * y[0] / (y[0] - y[1]))


def _ends(first: MeasuredArm, second: MeasuredArm, group: str, level: float) -> tuple[float, float, float]:
    """The ratio and the ends of its interval; everything where it is not available."""
    try:
        ratio = variance.variance_ratio(first, second, group)
    except NotAvailableError:
        return NAN, 0.0, math.inf
    return (ratio.value, *ratio.interval(level))


def _exact_ratio(first: MeasuredArm, second: MeasuredArm, group: str) -> float:
    """NaN where an exact variance is not known, or where both are zero."""
    try:
        made: list[Quantity] = [exact.exact_total_variance(arm, group) for arm in (first, second)]
    except NotAvailableError:
        return NAN
    above, below = made[0].value, made[1].value
    if below > 0.0:
        return above / below
    return math.inf if above > 0.0 else NAN


def _exact_zeros(found: Curve) -> tuple[tuple[float, int], ...]:
    """Crossings of the exact curve, where all of it is known."""
    if np.isnan(found.exact).any():
        return ()
    return tuple((found.back(at), direction) for at, direction in sign_changes(found.x, found.exact))
