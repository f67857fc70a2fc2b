"""A claim about where two estimators change places, judged along a curve of cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reportgen.declaration.claims.tests import Comparison, Crossing, Equivalence, Threshold
from reportgen.findings import verdicts
from reportgen.findings.claims.comparisons import ComparisonFinding, Place, along_curve, made_with, unmade
from reportgen.findings.statistics import crossovers
from reportgen.findings.statistics.crossovers import Crossover, Pair, Stretch
from reportgen.findings.statistics.estimate import Estimate, NotAvailableError, unavailable


def judge_crossing(
    comparison: Comparison, crossing: Crossing, places: Sequence[Place], level: float
) -> ComparisonFinding:
    """Judge a claim that there is exactly one crossover, and that it lies within the ends claimed.

    `places` differ in the setting along which the two estimators cross. The
    verdict rests on bounds that hold at all its values together with coverage
    `level`. The claim is confirmed if the only stretch in which the two can cross
    lies within the ends and they surely cross there, once. It is refuted if they
    cannot cross within the ends, surely cross outside of them, or surely cross twice.
    """
    effect = f"crossover in {crossing.over.rpartition('.')[2].replace('_', ' ')}"
    made = replace(along_curve(comparison, crossing.over, places, level), effect=effect)
    try:
        pairs = [_pair(crossing, place) for place in sorted(places, key=lambda p: _value(crossing, p))]
        group = places[0].group
        shown = crossovers.crossovers(pairs, crossing.over, group)
        judged = crossovers.crossovers(pairs, crossing.over, group, level)
        stretches = crossovers.curve(pairs, group, level).stretches()
    except NotAvailableError as reason:
        return unmade(made, str(reason))
    least, most, bound = _ends(comparison)
    made = replace(made, verdict=verdict(stretches, len(judged), least, most), bound=bound)
    if len(judged) != 1:
        cause = _how_many(crossing, pairs, judged)
        return replace(made, estimate=unavailable(cause), cause=cause)
    (one,), (near,) = judged, shown
    arms = [arm for _, *two in pairs for arm in two]
    return replace(
        made,
        estimate=Estimate(near.at, near.low, near.high, *made_with(arms), near.source),
        low=one.low,
        high=one.high,
        slack=min(gap for gap in (one.low - least, most - one.high) if not math.isnan(gap)),
    )


def verdict(stretches: Sequence[Stretch], crossings: int, least: float, most: float) -> str:
    """Is there exactly one crossover, and does it lie in [least, most]?

    A crossover is possible only in `stretches`; `crossings` is how often the estimate crosses.
    """
    sure = [stretch for stretch in stretches if stretch.sure]
    if len(stretches) == len(sure) == crossings == 1 and least <= sure[0].low and sure[0].high <= most:
        return verdicts.CONFIRMED
    outside = [stretch for stretch in stretches if stretch.high < least or stretch.low > most]
    if len(sure) > 1 or len(outside) == len(stretches) or any(stretch.sure for stretch in outside):
        return verdicts.REFUTED
    return verdicts.UNDECIDED


def _value(crossing: Crossing, place: Place) -> float:
    return float(place.record.setting[crossing.over])


def _pair(crossing: Crossing, place: Place) -> Pair:
    return _value(crossing, place), place.arm(crossing.first), place.arm(crossing.second)


def _ends(comparison: Comparison) -> tuple[float, float, float]:
    """Both ends of where the crossover is claimed to lie, and the number with which it is compared."""
    if isinstance(comparison, Equivalence):
        return comparison.low, comparison.high, comparison.value
    assert isinstance(comparison, Threshold)
    bound = comparison.bound
    return (bound, math.inf, bound) if comparison.operator in (">", ">=") else (-math.inf, bound, bound)


def _how_many(crossing: Crossing, pairs: Sequence[Pair], found: Sequence[Crossover]) -> str:
    where = f"along {crossing.over} from {pairs[0][0]:g} to {pairs[-1][0]:g}"
    if not found:
        return f"the variances of {crossing.first} and {crossing.second} do not cross {where}"
    places = ", ".join(f"{one.at:.3g}" for one in found)
    return (
        f"the variances of {crossing.first} and {crossing.second} cross more than once {where}: at {places}"
    )
