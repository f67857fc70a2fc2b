"""From intervals to verdicts.

A comparison is judged only on an interval: *confirmed* if all of it agrees
with what is claimed, *refuted* if none of it does, *undecided* otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CONFIRMED = "confirmed"
REFUTED = "refuted"
UNDECIDED = "undecided"
BROKEN = "broken"
VERDICTS = (CONFIRMED, REFUTED, UNDECIDED, BROKEN)


def beyond(low: float, high: float, operator: str, bound: float) -> str:
    """Is a quantity with this interval < > <= >= the bound?

    An end that lies on the bound satisfies <= and >=, but not < and >.
    """
    if math.isnan(low) or math.isnan(high):
        return UNDECIDED
    if low == high:
        holds = {"<": low < bound, ">": low > bound, "<=": low <= bound, ">=": low >= bound}[operator]
        return CONFIRMED if holds else REFUTED
    if operator in ("<", "<="):
        low, high, bound = -high, -low, -bound
    if low > bound or (low == bound and operator in (">=", "<=")):
        return CONFIRMED
    return REFUTED if high < bound or (high == bound and operator in (">", "<")) else UNDECIDED


def inside(low: float, high: float, least: float, most: float) -> str:
    """Is a quantity with this interval within [least, most]?"""
    if math.isnan(low) or math.isnan(high):
        return UNDECIDED
    if least <= low and high <= most:
        return CONFIRMED
    return REFUTED if high < least or low > most else UNDECIDED


@dataclass(frozen=True)
class Criterion:
    """A condition on an interval."""

    bound: float
    """The number with which the quantity is compared."""
    slack: Callable[[float, float], float]
    """How far the interval's nearer end is from failing; negative if it fails."""
    verdict: Callable[[float, float], str]


def order(operator: str, bound: float) -> Criterion:
    """The criterion that a quantity be < > <= >= the bound."""
    upwards = operator in (">", ">=")
    return Criterion(
        bound,
        lambda low, high: low - bound if upwards else bound - high,
        lambda low, high: beyond(low, high, operator, bound),
    )


def equivalence(value: float, least: float, most: float) -> Criterion:
    """The criterion that a quantity be `value`, within [least, most]."""
    return Criterion(
        value,
        lambda low, high: min(low - least, most - high),
        lambda low, high: inside(low, high, least, most),
    )


def equal_means(p_value: float, level: float, low: float, high: float, margin: float) -> str:
    """Do two estimators have the same mean?

    Refuted if the joint test rejects at `level`, or the interval of the relative
    projection excludes 1; confirmed if neither is so and the interval lies inside
    1 ± margin. `p_value` is NaN if there is no joint test.
    """
    if p_value < level or low > 1.0 or high < 1.0:
        return REFUTED
    if math.isnan(low) or math.isnan(high):
        return UNDECIDED
    return CONFIRMED if 1.0 - margin <= low and high <= 1.0 + margin else UNDECIDED


def every(verdicts: Sequence[str]) -> str:
    """All must hold: refuted if any is, confirmed if all are; else broken if any is."""
    if REFUTED in verdicts:
        return REFUTED
    if BROKEN in verdicts or not verdicts:
        return BROKEN
    return UNDECIDED if UNDECIDED in verdicts else CONFIRMED


def some(verdicts: Sequence[str]) -> str:
    """One must hold: confirmed if any is, refuted if all are; else broken if any is."""
    if CONFIRMED in verdicts:
        return CONFIRMED
    if BROKEN in verdicts or not verdicts:
        return BROKEN
    return UNDECIDED if UNDECIDED in verdicts else REFUTED


def exit_code(claims: Sequence[tuple[str, str]], broken_cells: int, *, unfinished: bool = False) -> int:
    """Exit code for pairs (verdict, expected): 4 a cell broke, 1 not as declared, 3 undecided, else 0.

    If cells are `unfinished`, claims are counted as undecided rather than broken.
    """
    unexpected = [verdict for verdict, expected in claims if verdict != expected]
    if broken_cells or (BROKEN in unexpected and not unfinished):
        return 4
    if any(verdict not in (UNDECIDED, BROKEN) for verdict in unexpected):
        return 1
    return 3 if unexpected or unfinished else 0
