"""A claim about how a statistic grows along a swept setting, judged along a curve of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reportgen.declaration.claims.tests import Comparison, Equivalence, Slope, Threshold
from reportgen.findings.claims.comparisons import (
    ComparisonFinding,
    Place,
    along_curve,
    criterion,
    made_with,
    unmade,
)
from reportgen.findings.statistics import curves
from reportgen.findings.statistics.estimate import Estimate, NotAvailableError
from reportgen.findings.statistics.jackknife import LEVEL
from reportgen.findings.statistics.source import OfArms


def judge_slope(
    comparison: Comparison, slope: Slope, places: Sequence[Place], level: float
) -> ComparisonFinding:
    """Judge a claim about a slope on log-log axes; `places` differ in the setting along which it is taken."""
    assert isinstance(comparison, Threshold | Equivalence)
    made, of = replace(along_curve(comparison, slope.over, places, level), effect="slope"), slope.of
    try:
        points = [(float(place.record.setting[slope.over]), place.arm(of.arms[0])) for place in places]
        found = curves.slope_along(points, places[0].group, of.name)
    except NotAvailableError as reason:
        return unmade(made, str(reason))
    arms = tuple(arm for _, arm in points)
    source = OfArms((of.name,), places[0].group, arms)
    asked, (low, high) = criterion(comparison), found.interval(level)
    return replace(
        made,
        verdict=asked.verdict(low, high),
        estimate=Estimate(found.value, *found.interval(LEVEL), *made_with(arms), source),
        low=low,
        high=high,
        bound=asked.bound,
        slack=asked.slack(low, high),
    )
