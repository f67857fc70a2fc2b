"""Crossovers: where, along a swept setting, two estimators change places.

At every value of the setting the log ratio of their variances is measured,
with an interval. Between values it is interpolated linearly, on the setting's
own scale or on the log scale if its values suit that (see `scales`); a crossover
is where that line crosses 0. All statements are about the interpolated curve;
more closely spaced values locate the crossover better.

The intervals hold at all values at once (Bonferroni). So the interpolated true
curve lies between their interpolated ends, and can cross 0 only in the stretches
where the lower end is below 0 and the upper one above: the interval of a
crossover is its stretch. If the curve is surely below 0 on one side of a stretch
and surely above on the other, there is a crossover in it; a stretch that reaches
the last value on a side is unbounded there. So a crossover of the estimate is
sure if it is the only one in such a stretch, or if the exact variances are known
to cross there too; any other may be chance.

If one variance is zero at a value, the log ratio has a sign but is infinite; if
both are, it has neither. Then nothing is said about where the curve crosses
between this value and its neighbours.
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
    """Label of the estimator whose variance is lower below `at` and higher beyond; the objective if one
    estimator is compared under two."""
    at: float
    low: float
    """Ends of the interval, −∞ or ∞ if no measured value bounds it."""
    high: float
    exact: float = NAN
    """Where the exact variances cross in the same direction, nearest to `at`; NaN if not known."""
    sure: bool = True
    """Whether the intervals or the exact variances show that the two change places there."""
    source: OfArms | None = field(default=None, compare=False, repr=False)
    """The arms of the whole curve."""


@dataclass(frozen=True)
class Stretch:
    """An interval of the setting in which the curve may cross 0; next to it, it surely does not."""

    low: float
    high: float
    before: int
    """Sign of the curve below `low`; 0 if no measured value lies there."""
    after: int

    @property
    def sure(self) -> bool:
        """Whether there surely is a crossover in it."""
        return self.before * self.after < 0


@dataclass(frozen=True, eq=False)
class Curve:
    """Log ratios at the n values of a setting, [n] each; `x` are the values on the scale of interpolation."""

    x: Array
    value: Array
    """NaN where not available, infinite where one variance is zero."""
    low: Array
    """Simultaneous ends."""
    high: Array
    exact: Array
    """Log ratio of the exact variances; NaN where they are not known."""
    back: Callable[[float], float]
    """From the scale of interpolation to the setting's own."""

    def zeros(self) -> tuple[tuple[float, int], ...]:
        """(value of the setting, direction) for every zero of the estimate."""
        return tuple((self.back(at), direction) for at, direction in sign_changes(self.x, self.value))

    def stretches(self) -> tuple[Stretch, ...]:
        """Where the true curve may cross 0, ascending."""
        return tuple(
            Stretch(self._back(s.low), self._back(s.high), s.before, s.after)
            for s in possible(self.x, self.low, self.high)
        )

    def _back(self, end: float) -> float:
        """`back` for an end that may be infinite, and then stays so."""
        return self.back(end) if math.isfinite(end) else end


def curve(pairs: Sequence[Pair], group: str = "all", level: float = LEVEL) -> Curve:
    """The curve through pairs with ascending values; its intervals hold together with coverage `level`."""
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
    """Every crossover of the two arms in `pairs`, whose values ascend; none with fewer than two values."""
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

    Points without a value are skipped. A line that stays at 0 crosses in the
    middle of that stretch, if it leaves on the other side. Next to an infinite
    point it crosses midway between the two.
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
    """Stretches in which a curve that lies between the lines through `low` and `high` may cross 0."""
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
    """The ratio and the ends of its interval; NaN, 0 and ∞ if it is not available."""
    try:
        ratio = variance.variance_ratio(first, second, group)
    except NotAvailableError:
        return NAN, 0.0, math.inf
    return (ratio.value, *ratio.interval(level))


def _exact_ratio(first: MeasuredArm, second: MeasuredArm, group: str) -> float:
    """The ratio of the exact variances; NaN if either is not known, or both are zero."""
    try:
        made: list[Quantity] = [exact.exact_total_variance(arm, group) for arm in (first, second)]
    except NotAvailableError:
        return NAN
    above, below = made[0].value, made[1].value
    if below > 0.0:
        return above / below
    return math.inf if above > 0.0 else NAN


def _exact_zeros(found: Curve) -> tuple[tuple[float, int], ...]:
    """Zeros of the exact curve, if all of it is known."""
    if np.isnan(found.exact).any():
        return ()
    return tuple((found.back(at), direction) for at, direction in sign_changes(found.x, found.exact))
