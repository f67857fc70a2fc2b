"""Claims: where each comparison is made, how the verdicts combine, and what is shown for it.

All intervals behind verdicts hold at once: with M comparisons in the whole
experiment each has coverage 1 − 0.05/M (Bonferroni), so the chance that any
confirmed or refuted comparison is wrong is at most 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.claim_tests import (
    ClaimTest,
    Comparison,
    Contrast,
    Crossing,
    EqualMeans,
    Ordering,
    Scope,
    Slope,
    crossing_of,
)
from reportgen.findings import verdicts
from reportgen.findings.claim_places import Cells, places
from reportgen.findings.comparisons import ComparisonFinding, Place, judge, pieces, weight
from reportgen.findings.crossing_claims import judge_crossing
from reportgen.findings.estimate import Estimate, unavailable
from reportgen.plan import MeasurementCell, Plan
from reportgen.store.records import MeasurementRecord

FAMILY_ERROR = 0.05
RANK = {verdicts.REFUTED: 0, verdicts.BROKEN: 1, verdicts.UNDECIDED: 2, verdicts.CONFIRMED: 3}


@dataclass(frozen=True)
class ClaimFinding:
    """A claim and what became of it."""

    id: str
    statement: str
    quote: str | None
    source: str | None
    test: str
    expect: str
    verdict: str
    as_expected: bool
    estimate: Estimate
    """Effect and 95 % interval of the comparison closest to failing (of "at some": to holding)."""
    effect: str
    """What the estimate is: ``variance ratio``."""
    where: str
    """Section of the report where it is shown."""
    headline: ComparisonFinding | None
    """The comparison that `estimate` is of."""
    details: tuple[ComparisonFinding, ...]
    """Every comparison made for it, in the order of the plan."""
    level: float
    """Coverage of each simultaneous interval."""
    cause: str | None = None
    """Why it is broken."""


@dataclass(frozen=True)
class _Task:
    claim: Any
    test: ClaimTest
    objective: str
    places: tuple[Cells, ...]
    parts: tuple[Comparison, ...]

    @property
    def looks(self) -> int:
        return len(self.places) * sum(weight(part) for part in self.parts)


def labels(experiment: Any) -> dict[str, str]:
    """What a claim may call an estimator → its label: the label itself, or a name only one has."""
    names = [spec.name for spec in experiment.estimators]
    found = {spec.name: spec.label for spec in experiment.estimators if names.count(spec.name) == 1}
    return found | {spec.label: spec.label for spec in experiment.estimators}


def judge_claims(
    experiment: Any, plan: Plan, measured: Mapping[str, MeasurementRecord], causes: Mapping[str, str]
) -> tuple[ClaimFinding, ...]:
    """Judge every claim. `measured` by cell key; `causes` says why other cells have no record."""
    names = labels(experiment)
    tasks = []
    for claim in experiment.claims:
        test = claim.parsed
        objective = test.objective or experiment.objective[0]
        where = places(plan, test, objective, names)
        tasks.append(_Task(claim, test, objective, where, pieces(test.comparison)))
    level = simultaneous_level(sum(task.looks for task in tasks))
    return tuple(_judge(task, measured, causes, names, level) for task in tasks)


def simultaneous_level(comparisons: int) -> float:
    """Coverage of each of so many intervals that all hold at once with 95 %."""
    return 1.0 - FAMILY_ERROR / max(comparisons, 1)


def _judge(
    task: _Task,
    measured: Mapping[str, MeasurementRecord],
    causes: Mapping[str, str],
    names: Mapping[str, str],
    level: float,
) -> ClaimFinding:
    found: list[tuple[MeasurementCell, ComparisonFinding]] = []
    for cells in task.places:
        missing = next((cell for cell in cells if cell.key not in measured), None)
        for part in task.parts:
            if missing is None:
                here = [Place(measured[c.key], task.objective, names, task.test.group) for c in cells]
                found.append((cells[0], _judge_part(part, here, level)))
            else:
                broken = f"broken: {causes.get(missing.key, 'the cell was not measured')}"
                found.append((cells[0], _broken(part, missing, broken, level)))
    verdict, headline = combine(found, task.test.scopes)
    claim = task.claim
    cause: str | None = None
    if verdict == verdicts.BROKEN:
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


def _judge_part(part: Comparison, here: Sequence[Place], level: float) -> ComparisonFinding:
    crossing = crossing_of(part)
    return judge(part, here[0], level) if crossing is None else judge_crossing(part, crossing, here, level)


def _broken(part: Comparison, cell: MeasurementCell, cause: str, level: float) -> ComparisonFinding:
    return ComparisonFinding(
        text=str(part),
        effect="",
        checkpoint=cell.checkpoint,
        setting=cell.setting,
        base=cell.base,
        verdict=verdicts.BROKEN,
        estimate=unavailable(cause),
        level=level,
        cause=cause,
    )


def combine(
    found: Sequence[tuple[MeasurementCell, ComparisonFinding]], scopes: Sequence[Scope]
) -> tuple[str, ComparisonFinding | None]:
    """Verdict over all places, the first scope outermost, and the comparison that decides it."""
    if not found:
        return verdicts.BROKEN, None
    if not scopes:
        ends = [(finding.verdict, finding) for _, finding in found]
        return verdicts.every([verdict for verdict, _ in ends]), min(ends, key=_order)[1]
    first, rest = scopes[0], scopes[1:]
    groups: dict[Any, list[tuple[MeasurementCell, ComparisonFinding]]] = {}
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
        return verdicts.some(judged), max(parts, key=_order)[1]
    return verdicts.every(judged), min(parts, key=_order)[1]


def _order(part: tuple[str, ComparisonFinding]) -> tuple[int, float]:
    """Closest to failing first."""
    return RANK[part[0]], part[1].slack


SECTIONS = {
    "gap_closed": "why",
    "constant_effect": "why",
    "monte_carlo_share": "noise",
    "work_normalized_variance": "cost",
    "evaluations": "cost",
    "relative_projection": "unbiasedness",
    "cosine_to_reference": "unbiasedness",
    "bias_squared": "exact",
    "exact_bias_squared": "exact",
    "mean_squared_error": "exact",
    "exact_total_variance": "exact",
    "exact_mean_norm": "exact",
    "variance_to_exact": "exact",
    "mean_norm": "signal",
    "signal_to_noise": "signal",
    "directional_signal_to_noise": "signal",
    "coordinate_lower": "layers",
}
"""Statistic → section of the report; the others stand with variance over training."""


def section(test: ClaimTest) -> str:
    """Section where a claim is shown."""
    comparison = test.comparison
    if isinstance(comparison, EqualMeans):
        return "unbiasedness"
    if crossing_of(comparison) or any(scope.over != "checkpoint" for scope in test.scopes):
        return "settings"
    if isinstance(comparison, Ordering):
        return SECTIONS.get(comparison.statistic, "training")
    first = comparison.left if isinstance(comparison, Contrast) else comparison.quantity
    assert not isinstance(first, Crossing)
    if isinstance(first, Slope):
        return SECTIONS.get(first.of.name, "samples")
    return SECTIONS.get(first.name, "training")
