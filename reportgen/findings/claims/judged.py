"""Claims: where each comparison is made, how the verdicts combine, and what is shown for it.

All intervals behind verdicts hold at once: with M comparisons in the whole
experiment each has coverage 1 − 0.05/M (Bonferroni), so the chance that any
confirmed or refuted comparison is wrong is at most 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.claims.tests import ClaimTest, Comparison, Scope, Slope, Trend, curve_of
from reportgen.findings import verdicts
from reportgen.findings.claims.comparisons import (
    ComparisonFinding,
    Place,
    blank,
    judge,
    pieces,
    unmade,
    weight,
)
from reportgen.findings.claims.crossings import judge_crossing
from reportgen.findings.claims.models import judge_models, model_places, setting_of, trend_setting
from reportgen.findings.claims.places import places
from reportgen.findings.claims.sections import section
from reportgen.findings.claims.slopes import judge_slope
from reportgen.findings.statistics.estimate import Estimate, unavailable
from reportgen.plan import JudgementCell, MeasurementCell, Plan
from reportgen.store.records import JudgementRecord, MeasurementRecord

AnyCell = MeasurementCell | JudgementCell
AnyRecord = MeasurementRecord | JudgementRecord
Where = tuple[tuple[AnyCell, ...], ...]
"""The cells of one comparison: a measured cell, or those of a curve, each in its own tuple; or a judged
model as a tuple of one cell per training, or the two models of one step of a trend."""

FAMILY_ERROR = 0.05
RANK = {verdicts.REFUTED: 0, verdicts.BROKEN: 1, verdicts.UNDECIDED: 2, verdicts.CONFIRMED: 3}
"""If a claim must hold in every place, the lowest rank decides (`verdicts.every`)."""
SOME = {**RANK, verdicts.UNDECIDED: 1, verdicts.BROKEN: 2}
"""If it must hold in one place, the highest rank decides (`verdicts.some`)."""


@dataclass(frozen=True)
class ClaimFinding:
    """A claim with its verdict, and the comparisons behind it."""

    id: str
    statement: str
    quote: str | None
    source: str | None
    test: str
    expect: str
    verdict: str
    as_expected: bool
    estimate: Estimate
    """Effect and 95 % interval of the comparison closest to failing (for "at some": to holding)."""
    effect: str
    """What the estimate is: ``variance ratio``."""
    where: str
    """Section of the report in which it is shown."""
    headline: ComparisonFinding | None
    """The comparison from which `estimate` is taken."""
    details: tuple[ComparisonFinding, ...]
    """Every comparison made for it, in the order of the plan."""
    level: float
    """Coverage of each simultaneous interval."""
    cause: str | None = None
    """Why it is broken, or why a number was missing to decide it."""

    @property
    def outcome(self) -> str:
        """The verdict, followed by the expected one if that differs."""
        return self.verdict if self.as_expected else f"{self.verdict} (expected: {self.expect})"


@dataclass(frozen=True)
class _Task:
    claim: Any
    test: ClaimTest
    objective: str
    places: Sequence[Where]
    parts: tuple[Comparison, ...]

    @property
    def looks(self) -> int:
        return len(self.places) * sum(weight(part) for part in self.parts)


def labels(experiment: Any) -> dict[str, str]:
    """Estimator as a claim may name it → its label: the label itself, or a name that only one has."""
    names = [spec.name for spec in experiment.estimators]
    found = {spec.name: spec.label for spec in experiment.estimators if names.count(spec.name) == 1}
    return found | {spec.label: spec.label for spec in experiment.estimators}


def judge_claims(
    experiment: Any, plan: Plan, made: Mapping[str, AnyRecord], causes: Mapping[str, str]
) -> tuple[ClaimFinding, ...]:
    """Judge every claim. `made` are records by the key of their cell.

    `causes` says why other cells have none: “broken: …”, or “not finished: …”
    for those that the next run continues.
    """
    names = labels(experiment)
    tasks = []
    for claim in experiment.claims:
        test = claim.parsed
        objective = test.objective or experiment.objective[0]
        where: Sequence[Where]
        if test.of_models:
            where = model_places(plan, test, experiment.swept)
        else:
            where = [tuple((cell,) for cell in cells) for cells in places(plan, test, objective, names)]
        tasks.append(_Task(claim, test, objective, where, pieces(test.comparison)))
    level = simultaneous_level(sum(task.looks for task in tasks))
    return tuple(_judge(task, made, causes, names, level) for task in tasks)


def simultaneous_level(comparisons: int) -> float:
    """Coverage that each of `comparisons` intervals needs so that all hold at once with 95 %."""
    return 1.0 - FAMILY_ERROR / max(comparisons, 1)


def _judge(
    task: _Task,
    made: Mapping[str, AnyRecord],
    causes: Mapping[str, str],
    names: Mapping[str, str],
    level: float,
) -> ClaimFinding:
    found: list[tuple[AnyCell, ComparisonFinding]] = []
    for place in task.places:
        missing = next((cell for cells in place for cell in cells if cell.key not in made), None)
        for part in task.parts:
            if missing is None:
                records = [[made[cell.key] for cell in cells] for cells in place]
                one = _judge_part(task, part, records, names, level)
            else:
                reason = causes.get(missing.key, "broken: the cell was not measured")
                one = _unjudged(part, place, missing, reason, level)
            found.append((place[0][0], one))
    verdict, headline = combine(found, task.test.scopes)
    claim = task.claim
    cause: str | None = None
    if verdict == verdicts.BROKEN or (headline is not None and headline.cause):
        cause = headline.cause if headline else "the plan has no cell where this could be measured"
    return ClaimFinding(
        id=claim.id,
        statement=claim.statement or claim.quote or claim.test,
        quote=claim.quote,
        source=claim.source,
        test=claim.test,
        expect=claim.expect,
        verdict=verdict,
        as_expected=verdict == claim.expect,
        estimate=headline.estimate if headline else unavailable(cause or "nothing was compared"),
        effect=headline.effect if headline else "",
        where=section(task.test),
        headline=headline,
        details=tuple(finding for _, finding in found),
        level=level,
        cause=cause,
    )


def _judge_part(
    task: _Task,
    part: Comparison,
    records: Sequence[Sequence[AnyRecord]],
    names: Mapping[str, str],
    level: float,
) -> ComparisonFinding:
    if task.test.of_models:
        models = [[one for one in model if isinstance(one, JudgementRecord)] for model in records]
        return judge_models(part, models, task.test.group, level)
    here = [
        Place(record, task.objective, names, task.test.group)
        for cell in records
        for record in cell
        if isinstance(record, MeasurementRecord)
    ]
    curve = curve_of(part)
    if curve is None:
        return judge(part, here[0], level)
    if isinstance(curve, Slope):
        return judge_slope(part, curve, here, level)
    return judge_crossing(part, curve, here, level)


def _unjudged(part: Comparison, place: Where, cell: AnyCell, cause: str, level: float) -> ComparisonFinding:
    """The finding where a cell has no record: broken, or undecided if the cell is merely not finished."""
    if isinstance(part, Trend):
        setting = trend_setting(part, [setting_of(model) for model in place])
    else:  # in a curve, the first cell without a record
        setting = setting_of(next(cells for cells in place if cell in cells))
    return unmade(blank(part, cell.checkpoint, setting, cell.base, level), cause)


def combine(
    found: Sequence[tuple[AnyCell, ComparisonFinding]], scopes: Sequence[Scope]
) -> tuple[str, ComparisonFinding | None]:
    """Verdict over all places, with the first scope outermost, and the comparison that decides it."""
    if not found:
        return verdicts.BROKEN, None
    if not scopes:
        ends = [(finding.verdict, finding) for _, finding in found]
        return verdicts.every([verdict for verdict, _ in ends]), min(ends, key=_order)[1]
    first, rest = scopes[0], scopes[1:]
    groups: dict[Any, list[tuple[AnyCell, ComparisonFinding]]] = {}
    for cell, finding in found:
        key = cell.checkpoint if first.over == "checkpoint" else repr(cell.setting.get(first.over))
        groups.setdefault(key, []).append((cell, finding))
    parts = []
    for group in groups.values():
        verdict, headline = combine(group, rest)
        assert headline is not None
        parts.append((verdict, headline))
    judged = [verdict for verdict, _ in parts]
    if first.quantifier == "some":
        return verdicts.some(judged), max(parts, key=lambda part: _order(part, SOME))[1]
    return verdicts.every(judged), min(parts, key=_order)[1]


def _order(part: tuple[str, ComparisonFinding], rank: Mapping[str, int] = RANK) -> tuple[int, float]:
    """Sort key that puts the comparison closest to failing first."""
    return rank[part[0]], part[1].slack
