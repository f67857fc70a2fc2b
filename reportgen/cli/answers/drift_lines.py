"""What `reportgen compare` prints: lines for people, one object for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reportgen.cli.answers.tables import aligned
from reportgen.findings import causes, drift, prose
from reportgen.findings.drift import ClaimDrift, NumberDrift
from reportgen.findings.finished import CLAIMS, MANIFEST, FinishedRun, read_run
from reportgen.findings.statistics.estimate import Estimate

SHOWN = 20
"""Most numbers that are listed for people."""
NOTES = {drift.NOT_JUDGED: " (timings, p-values, one weight)"}


@dataclass(frozen=True)
class Comparison:
    """Two runs, and all differences found between them."""

    old: FinishedRun
    new: FinishedRun
    numbers: tuple[NumberDrift, ...]
    claims: tuple[ClaimDrift, ...] | None
    """None if one side has no claims.json."""
    causes: tuple[causes.Difference, ...] | None
    """None if one side has no manifest.json."""

    @property
    def exit_code(self) -> int:
        """0, 1 or 4."""
        return drift.exit_code(self.numbers, self.claims or ())

    @property
    def name(self) -> str:
        """Name of the experiment, or of both."""
        old, new = self.old.experiment, self.new.experiment
        return new if old == new else f"{old} → {new}"

    def counts(self) -> dict[str, int]:
        """How many numbers there are of each status."""
        statuses = [number.status for number in self.numbers]
        return {status: statuses.count(status) for status in drift.STATUSES}


def compare(old: Path, new: Path) -> Comparison:
    """Read both runs and compare them. Raises UsageError if a path is wrong or a file damaged."""
    before, after = read_run(old), read_run(new)
    images = None if None in (before.images, after.images) else min(before.images or 0, after.images or 0)
    claims = found = None
    if before.claims is not None and after.claims is not None:
        claims = drift.compare_claims(before.claims, after.claims)
    if before.manifest is not None and after.manifest is not None:
        found = causes.differences(before.manifest, after.manifest)
    return Comparison(before, after, drift.compare_numbers(before.rows, after.rows, images), claims, found)


def lines(found: Comparison) -> Iterable[str]:
    """The summary, what the runs were made with, claims, then numbers, the most significant first."""
    yield summary(found)
    for side, run in (("OLD", found.old), ("NEW", found.new)):
        for path in run.altered:
            yield f"  {side}: {path} was changed after the report was written"
    yield from _left_out("what the runs were made with is not compared", found, MANIFEST, found.causes)
    yield from (f"  differs: {cause}" for cause in found.causes or ())
    yield from _left_out("claims are not compared", found, CLAIMS, found.claims)
    for claim in found.claims or ():
        if claim.status != drift.IDENTICAL:
            yield f"  claim {claim.id}: {became(claim.old, claim.new)}"
    rows = ranked(found.numbers)
    yield from (f"  {line}" for line in aligned([_columns(number) for number in rows[:SHOWN]]))
    if len(rows) > SHOWN:
        yield f"  and {prose.count(len(rows) - SHOWN)} more; --json lists all"


def summary(found: Comparison) -> str:
    """burda2016: 16 541 numbers compared: 12 003 identical, 4538 equivalent, none drifted."""
    counts = found.counts()
    told = {status: prose.count(n) for status, n in counts.items() if n or status == drift.DRIFTED}
    if not counts[drift.DRIFTED]:
        told[drift.DRIFTED] = "none"
    matched = sum(n for status, n in counts.items() if status != drift.VANISHED) - sum(
        number.old is None for number in found.numbers
    )
    parts = ", ".join(f"{number} {status}{NOTES.get(status, '')}" for status, number in told.items())
    return f"{found.name}: {prose.count(matched)} numbers compared: {parts}"


def answer(found: Comparison) -> dict[str, Any]:
    """Everything for programs: identical numbers are only counted; what is missing or not finite is null."""
    others = (n for n in found.numbers if n.status not in (drift.IDENTICAL, *drift.DRIFT))
    return {
        "experiment": found.new.experiment,
        "old": str(found.old.results),
        "new": str(found.new.results),
        "exit_code": found.exit_code,
        "counts": found.counts(),
        "altered": {"old": bool(found.old.altered), "new": bool(found.new.altered)},
        "differs": None if found.causes is None else [asdict(cause) for cause in found.causes],
        "claims": None
        if found.claims is None
        else [{**asdict(claim), "status": claim.status} for claim in found.claims],
        "numbers": [plain(n) for n in (*ranked(found.numbers), *others)],
    }


def ranked(numbers: Sequence[NumberDrift]) -> list[NumberDrift]:
    """Numbers that changed, drifted or vanished, in this order; of each, the smallest p-value first."""
    found = [number for number in numbers if number.status in drift.DRIFT]
    return sorted(found, key=lambda n: (drift.DRIFT.index(n.status), n.p_value if n.p_value >= 0.0 else 0.0))


def _left_out(what: str, found: Comparison, file: str, part: object) -> Iterable[str]:
    if part is None:
        sides = (("OLD", found.old), ("NEW", found.new))
        missing = [side for side, run in sides if getattr(run, file.partition(".")[0]) is None]
        yield f"  {what}: no {file} beside {prose.listing(missing)}"


def became(old: str | None, new: str | None) -> str:
    """The verdict of a claim then and now."""
    return f"{old or 'not made'} → {new or 'no longer made'}"


def _columns(number: NumberDrift) -> Mapping[str, str]:
    return {
        "status": number.status,
        "where": where(number),
        "statistic": number.row.statistic,
        "old": value(number.old),
        "": "→",
        "new": value(number.new),
        "change": _change(number),
        "why": why(number),
    }


def where(number: NumberDrift) -> str:
    """The number's estimator, checkpoint and setting, in words."""
    row = number.row
    parts = [row.objective, row.estimator, f"K {row.num_samples}", f"checkpoint {row.checkpoint}", row.group]
    setting = [
        f"{name.rpartition('.')[2]} {value}"
        for name, value in row.setting.items()
        if (name, value) != ("constant", "0.0")
    ]
    return ", ".join([*parts, *setting])


def value(estimate: Estimate | None) -> str:
    """An estimate with its interval, or in a word why there is none."""
    if estimate is None:
        return "none"
    return "broken" if estimate.status.startswith("broken") else prose.with_interval(estimate)


def _change(number: NumberDrift) -> str:
    """NEW over OLD for statistics that are compared as ratios, NEW minus OLD for others."""
    old, new = number.old, number.new
    if old is None or new is None or not (old.available and new.available):
        return ""
    if drift.is_relative(number.row.statistic) and old.value > 0.0:
        return f"× {prose.number(new.value / old.value, 4)}"
    difference = new.value - old.value
    return f"{'+' if difference > 0.0 else ''}{prose.number(difference)}"


def why(number: NumberDrift) -> str:
    """The p-value of the drift, or what there is instead of one."""
    if not math.isnan(number.p_value):
        return prose.p_value(number.p_value)
    if number.new is None:
        return "no longer measured"
    return "known exactly" if number.new.available else number.new.status


def plain(number: NumberDrift) -> dict[str, Any]:
    """A number and its drift, for programs."""
    row = number.row
    return {
        "status": number.status,
        "dataset": row.dataset,
        "objective": row.objective,
        "estimator": row.estimator,
        "num_samples": row.num_samples,
        "checkpoint": row.checkpoint,
        "group": row.group,
        "setting": dict(row.setting),
        "statistic": row.statistic,
        "old": _estimate(number.old),
        "new": _estimate(number.new),
        "p_value": _finite(number.p_value),
    }


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    ends = {"value": estimate.value, "ci_low": estimate.low, "ci_high": estimate.high}
    return {**{name: _finite(end) for name, end in ends.items()}, "status": estimate.status}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
