"""One comparison of a claim in one measured cell: estimate, simultaneous interval, verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reportgen.declaration.claims.tests import (
    EVERYTHING,
    Comparison,
    Contrast,
    Crossing,
    EqualMeans,
    Equivalence,
    Ordering,
    Slope,
    Statistic,
    Threshold,
    along,
    arms_under,
    quantities_of,
    statistic_of,
)
from reportgen.declaration.complaints import listing
from reportgen.findings import verdicts
from reportgen.findings.statistics import bias, curves, signal, variance
from reportgen.findings.statistics.arm import MeasuredArm, find
from reportgen.findings.statistics.arm import arms as all_arms
from reportgen.findings.statistics.contrasts import RATIOS, contrast
from reportgen.findings.statistics.estimate import NAN, Estimate, NotAvailableError, unavailable
from reportgen.findings.statistics.jackknife import LEVEL, Quantity, exact
from reportgen.findings.statistics.named import STATISTICS
from reportgen.findings.statistics.source import OfArms
from reportgen.store.records import MeasurementRecord


@dataclass(frozen=True)
class ComparisonFinding:
    """What one comparison found in one cell."""

    text: str
    """The comparison as the declaration writes it."""
    effect: str
    """What `estimate` is, in words: ``variance ratio``."""
    checkpoint: int
    setting: Mapping[str, Any] = field(compare=False)
    base: bool
    verdict: str
    estimate: Estimate
    """Effect with its own 95 % interval."""
    low: float = NAN
    """Lower end of the simultaneous interval, on which the verdict rests."""
    high: float = NAN
    level: float = LEVEL
    """Coverage of the simultaneous interval: 1 − 0.05 / comparisons of the experiment."""
    p_value: float = NAN
    """p-value of the joint test of equal means, Holm-adjusted over images; NaN for other comparisons."""
    bound: float = NAN
    """The number with which the estimate is compared; 1 for ratios and equal means, 0 for differences."""
    slack: float = -math.inf
    """How far the interval's nearer end is from failing the comparison; negative if it fails."""
    cause: str | None = None
    """Why there is no verdict: a broken cell, a statistic that is not available, too little of something."""


@dataclass(frozen=True)
class Place:
    """A measured cell, and what the names in a claim mean there."""

    record: MeasurementRecord
    objective: str
    label_of: Mapping[str, str]
    """Estimator as a claim names it → label."""
    group: str = EVERYTHING
    """Parameter group that the claim is about."""

    def arm(self, name: str) -> MeasuredArm:
        """The default arm of the estimator that a claim names. Raises if the arm or the group is missing."""
        if self.group not in self.record.groups:
            known = listing(self.record.groups, "and")
            raise NotAvailableError(f"broken: no parameter group {self.group!r}, the groups are {known}")
        found = find(self.record, self.objective, self.label_of.get(name, name))
        if found is None:
            raise NotAvailableError(f"{name} was not measured here under {self.objective}")
        if found.about.status == "broken":
            raise NotAvailableError(found.status)
        return found

    def all(self, name: str) -> list[MeasuredArm]:
        """Every arm of the estimator that a claim names."""
        self.arm(name)
        return all_arms(self.record, self.objective, self.label_of.get(name, name))


def pieces(comparison: Comparison) -> tuple[Comparison, ...]:
    """Splits a comparison into single ones: an ordering makes one for each neighbouring pair."""
    if not isinstance(comparison, Ordering):
        return (comparison,)
    pairs = zip(comparison.arms, comparison.arms[1:], strict=False)
    name = comparison.statistic
    return tuple(Contrast(Statistic(name, (a,)), "<", Statistic(name, (b,))) for a, b in pairs)


def weight(comparison: Comparison) -> int:
    """Number of tests a piece makes: equal means are tested twice, jointly and along the gradient."""
    return 2 if isinstance(comparison, EqualMeans) else 1


def words(name: str) -> str:
    """A statistic's name in words."""
    return name.replace("_", " ")


def quantity_of(quantity: Statistic | Slope | Crossing, place: Place) -> Quantity:
    """The measured value of a quantity of the claims' grammar in a place."""
    assert not isinstance(quantity, Crossing) and not along(quantity), "this takes a curve of places"
    if isinstance(quantity, Slope):
        return curves.slope(place.all(quantity.of.arms[0]), place.group, quantity.of.name)
    name = quantity.name
    if name == "constant_effect":
        return curves.constant_effect(place.all(quantity.arms[0]))
    if name == "objective_ratio":
        first, second = (replace(place, objective=o).arm(quantity.arms[0]) for o in quantity.objectives)
        return variance.variance_ratio(first, second, place.group)
    arms = [place.arm(arm) for arm in quantity.arms]
    if name == "variance_ratio":
        return variance.variance_ratio(arms[0], arms[1], place.group)
    if name == "gap_closed":
        return variance.gap_closed(arms[0], arms[1], arms[2], place.group)
    made = STATISTICS[name].of(arms[0], place.group)
    return exact(made) if isinstance(made, int | float) else made


def _source(comparison: Comparison, place: Place) -> OfArms:
    """The arms and statistics that a comparison uses in a place."""
    if isinstance(comparison, EqualMeans):
        means, both = ("relative_projection", "bias_p_value"), _arms(comparison, place)
        return OfArms(means, EVERYTHING, tuple(arm for arm in both if not arm.about.reference) or tuple(both))
    names: dict[str, None] = {}
    arms: list[MeasuredArm] = []
    for quantity in quantities_of(comparison):
        statistic = statistic_of(quantity)
        names[statistic.name] = None
        if isinstance(quantity, Slope):
            arms += [arm for arm in place.all(statistic.arms[0]) if not arm.about.constant]
        elif statistic.name == "constant_effect":
            arms += curves.at_constants(place.all(statistic.arms[0]))
        else:
            under = statistic.objectives or (place.objective,)
            arms += [replace(place, objective=o).arm(name) for name in statistic.arms for o in under]
    return OfArms(tuple(names), place.group, tuple(arms))


def _arms(comparison: Comparison, place: Place) -> list[MeasuredArm]:
    named = arms_under(comparison, place.objective)
    return [replace(place, objective=objective).arm(name) for name, objective in named]


@dataclass(frozen=True)
class _Reading:
    effect: str
    quantity: Quantity
    asked: verdicts.Criterion
    p_value: float = NAN


def judge(comparison: Comparison, place: Place, level: float) -> ComparisonFinding:
    """Judge one piece in one place, on an interval of coverage `level`."""
    record = place.record
    made = blank(comparison, record.checkpoint, record.setting, record.base, level)
    try:
        reading = _read(comparison, place, level)
        low, high = reading.quantity.interval(level)
        near_low, near_high = reading.quantity.interval(LEVEL)
        value = reading.quantity.value
        if math.isnan(value):
            raise NotAvailableError("the statistic has no value here")
        return replace(
            made,
            effect=reading.effect,
            verdict=reading.asked.verdict(low, high),
            estimate=Estimate(
                value, near_low, near_high, *made_with(_arms(comparison, place)), _source(comparison, place)
            ),
            low=low,
            high=high,
            p_value=reading.p_value,
            bound=reading.asked.bound,
            slack=reading.asked.slack(low, high),
        )
    except NotAvailableError as reason:
        return unmade(made, str(reason))


def made_with(arms: Sequence[MeasuredArm]) -> tuple[int, str]:
    """For a number made of several arms: their fewest replicates, and ``met`` unless one is at ``budget``."""
    short = any(arm.about.status == "budget" for arm in arms)
    return min(arm.about.replicates for arm in arms), "budget" if short else "met"


def blank(
    comparison: Comparison, checkpoint: int, setting: Mapping[str, Any], base: bool, level: float
) -> ComparisonFinding:
    """A finding without a result: undecided, and no estimate."""
    return ComparisonFinding(
        text=str(comparison),
        effect="",
        checkpoint=checkpoint,
        setting=setting,
        base=base,
        verdict=verdicts.UNDECIDED,
        estimate=unavailable("nothing was compared"),
        level=level,
    )


def along_curve(
    comparison: Comparison, over: str, places: Sequence[Place], level: float
) -> ComparisonFinding:
    """`blank` for a curve of cells; its setting leaves out the one along which the curve runs."""
    record = places[0].record
    others = {name: value for name, value in record.setting.items() if name != over}
    return blank(comparison, record.checkpoint, others, False, level)


def unmade(finding: ComparisonFinding, cause: str) -> ComparisonFinding:
    """The finding without numbers, for the reason given: broken if something broke, else undecided."""
    verdict = verdicts.BROKEN if cause.startswith("broken") else verdicts.UNDECIDED
    return replace(finding, verdict=verdict, estimate=unavailable(cause), cause=cause)


def _read(comparison: Comparison, place: Place, level: float) -> _Reading:
    if isinstance(comparison, EqualMeans):
        return _equal_means(comparison, place, level)
    if isinstance(comparison, Contrast):
        left, right = quantity_of(comparison.left, place), quantity_of(comparison.right, place)
        as_ratio = comparison.left.name in RATIOS and comparison.right.name in RATIOS
        effect, quantity, bound = contrast(left, right, as_ratio)
        named = listing(dict.fromkeys(words(of.name) for of in (comparison.left, comparison.right)), "and")
        return _Reading(f"{effect} of {named}", quantity, verdicts.order(comparison.operator, bound))
    assert isinstance(comparison, Threshold | Equivalence)
    quantity = quantity_of(comparison.quantity, place)
    return _Reading(_effect(comparison.quantity), quantity, criterion(comparison))


def criterion(comparison: Threshold | Equivalence) -> verdicts.Criterion:
    """The criterion for a quantity that is compared with a number."""
    if isinstance(comparison, Equivalence):
        return verdicts.equivalence(comparison.value, comparison.low, comparison.high)
    return verdicts.order(comparison.operator, comparison.bound)


def _effect(quantity: Statistic | Slope | Crossing) -> str:
    return words(quantity.name) if isinstance(quantity, Statistic) else "slope"


def _equal_means(comparison: EqualMeans, place: Place, level: float) -> _Reading:
    first, second = place.arm(comparison.first), place.arm(comparison.second)
    if first.about.reference:
        first, second = second, first
    projection = signal.relative_projection(first, second, level)
    p_value = NAN
    if second.about.reference and not first.same_as(second):
        try:
            p_value = bias.bias_p_value(first)
        except NotAvailableError:
            # Along the gradient alone means can be shown to differ, never to be equal.
            low, high = projection.interval(level)
            if low <= 1.0 <= high:
                raise
    margin = comparison.margin
    asked = verdicts.Criterion(
        1.0,
        lambda low, high: margin - max(abs(low - 1.0), abs(high - 1.0)),
        lambda low, high: verdicts.equal_means(p_value, 1.0 - level, low, high, margin),
    )
    return _Reading("relative projection", projection, asked, p_value)
