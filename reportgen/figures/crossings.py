"""Pairs of lines whose crossings are sought, and the texts for where they cross."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from reportgen.figures.reading import title_of, unbiased
from reportgen.findings import Findings, prose
from reportgen.findings.series import Series
from reportgen.findings.statistics.source import OfArms

Arm = tuple[str, str]
"""A label and an objective."""


@dataclass(frozen=True)
class Crossing:
    """A value of a swept setting at which two lines have the same variance."""

    arms: tuple[Arm, Arm]
    lower_before: str
    """Title of the line with the lower variance below `at`."""
    lower_beyond: str
    at: float
    low: float
    """Ends of the interval, infinite if no measured value bounds it."""
    high: float
    exact: float
    """Where the exact variances cross; NaN if they are not known."""
    sure: bool
    """Whether it is established that they change places there."""
    source: OfArms | None


def pairs(findings: Findings) -> Iterator[tuple[Arm, Arm]]:
    """Each objective's reference with every other unbiased estimator, then pairs of objectives by estimator.

    Objectives that differ only by a closed-form term are compared too.
    """
    for objective in findings.objectives:
        reference = findings.reference(objective)
        for label in findings.compared(objective):
            if label != reference and unbiased(findings, label, objective):
                yield (label, objective), (reference, objective)
    if not findings.vocabulary.trained:
        for first, second in combinations(findings.objectives, 2):
            for label in findings.compared(first):
                if label in findings.compared(second):
                    yield (label, first), (label, second)


def crossings(findings: Findings, run: Series, group: str) -> tuple[Crossing, ...]:
    """Every crossing of those pairs along one series of the sweep, in one block of parameters."""
    found = []
    for first, second in pairs(findings):
        for one in findings.crossovers(
            first[0],
            second[0],
            run.path,
            group=group,
            setting=run.fixed,
            objective=(first[1], second[1]),
        ):
            beyond = first if one.loses_beyond in first else second
            other = second if beyond is first else first
            several = first[1] != second[1]
            found.append(
                Crossing(
                    (first, second),
                    _title(findings, beyond, several),
                    _title(findings, other, several),
                    one.at,
                    one.low,
                    one.high,
                    one.exact,
                    one.sure,
                    one.source,
                )
            )
    return tuple(found)


def _title(findings: Findings, arm: Arm, several: bool) -> str:
    title = title_of(findings, arm[0])
    return f"{title}, {findings.vocabulary.objective(arm[1])}" if several else title


def place_text(at: float, low: float, high: float) -> str:
    """A place with the digits that its interval warrants; a missing end is taken as far off as the other."""
    low, high = (end if math.isfinite(end) else 2 * at - other for end, other in ((low, high), (high, low)))
    return prose.number(at) if _far(low, high) else prose.fixed(at, _digits(low, high))


def interval_text(low: float, high: float) -> str:
    """The interval of a place, open at an end that no measured value bounds."""
    if _far(low, high):
        return f"{prose.number(low)} to {prose.number(high)}"
    if math.isfinite(low) and math.isfinite(high):
        return f"{prose.fixed(low, _digits(low, high))} to {prose.fixed(high, _digits(low, high))}"
    if math.isfinite(low):
        return f"above {prose.number(low)}"
    return f"below {prose.number(high)}" if math.isfinite(high) else "not bounded"


def _far(low: float, high: float) -> bool:
    """Whether both ends are known and are too small or too large to write without a power of ten."""
    largest = max(abs(low), abs(high))
    return math.isfinite(largest) and not 1e-3 <= largest < 1e6


def _digits(low: float, high: float) -> int:
    """Decimals that show two digits of the interval's width."""
    width = high - low
    return max(0, min(4, 1 - math.floor(math.log10(width)))) if math.isfinite(width) and width > 0 else 3
