"""What `reportgen verify` prints: a table and what differs for people, one object for programs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reportgen.cli.answers import drift_lines
from reportgen.cli.answers.tables import aligned, counted, counts, place_of
from reportgen.cli.live.progress import many
from reportgen.declaration.claims.tests import percent_text
from reportgen.findings import prose
from reportgen.findings.finished import CLAIMS, PUBLISHED
from reportgen.verification.numbers import (
    DIFFERENT,
    EQUIVALENT,
    IDENTICAL,
    NOT_JUDGED,
    STANDINGS,
    UNDECIDED,
    Number,
)
from reportgen.verification.printed import DRAWN

if TYPE_CHECKING:
    from reportgen.execution import Outcome
    from reportgen.verification import Evidence, Verification

SHOWN = 20
"""Most differences that are listed for people."""
LONGEST = 300
"""Most characters of one of them."""
ENDINGS = {
    IDENTICAL: "every number but timings repeats to the bit",
    EQUIVALENT: "no number differs beyond its noise",
    DIFFERENT: "the report is not what this run gives",
    UNDECIDED: "one of the two runs leaves open what the other decides",
}
BROKEN = "a cell broke that did not before"


def lines(found: Verification, outcome: Outcome | None) -> Iterator[str]:
    """The evidence, the second run, the table, what differs, the verdict."""
    evidence = found.evidence
    yield f"{evidence.path}: {evidence.manifest['experiment']}, run {evidence.manifest['run']}"
    if evidence.faults:
        yield "  evidence: contradicts itself"
        yield from (f"    {fault}" for fault in evidence.faults)
    else:
        yield f"  evidence: {len(evidence.files)} files attached, which agree with one another and the pages"
    yield from _unfinished(evidence)
    if outcome is None:
        yield "  run again: no, the evidence cannot be read"
    else:
        yield f"  run again: {counted(outcome)}, at {_precision(found)}"
        yield from (f"    {place_of(of) or f'{of.kind}: '}{of.cause}" for of in outcome.broken[:SHOWN])
        yield from _table(found)
        yield from _differences(found)
    rest = list(others(found))
    yield from (f"  {line}" for line in aligned(rest[:SHOWN]))
    if len(rest) > SHOWN:
        yield f"  and {prose.count(len(rest) - SHOWN)} more; --json lists all"
    unjudged = [item for item in (found.pages.others if found.pages else ()) if item.standing == NOT_JUDGED]
    words = sum(item.reported != DRAWN for item in unjudged)
    if words:
        yield f"  not judged: {many(words, 'thing')} that pages print otherwise; --json lists all"
    if len(unjudged) > words:
        pages = [str(item.page) for item in unjudged if item.reported == DRAWN]
        named = (
            f"page{'s' * (len(pages) > 1)} {', '.join(pages)}"
            if len(pages) <= SHOWN
            else f"{len(pages)} pages"
        )
        yield f"  not judged: what is drawn on {named}; look at them beside those that --output DIR keeps"
    known = {cause.name for cause in found.causes}
    if unjudged:
        yield from (f"  written with: {of}" for of in found.written_with if of.name not in known)
    yield ending(found)


def ending(found: Verification) -> str:
    """The verdict on the report as a whole."""
    return f"{found.verdict}: {BROKEN if found.broken else ENDINGS[found.verdict]}"


def answer(found: Verification, outcome: Outcome | None, *, quick: bool) -> dict[str, Any]:
    """Everything for programs; identical numbers are only counted."""
    evidence, pages = found.evidence, found.pages
    return {
        "report": str(evidence.path),
        "experiment": evidence.manifest["experiment"],
        "run": evidence.manifest["run"],
        "verdict": found.verdict,
        "exit_code": found.exit_code,
        "quick": quick,
        "faults": list(evidence.faults),
        "unfinished": [
            {name: getattr(cell, name) for name in ("key", "kind", "setting", "checkpoint", "cause")}
            for cell in evidence.unfinished
        ],
        "again": None if outcome is None else counts(outcome),
        "counts": None if outcome is None else _counts(found),
        "differs": [asdict(cause) for cause in found.causes],
        "written_with": [asdict(other) for other in found.written_with],
        "claims": [asdict(verdict) for verdict in found.verdicts],
        "published": [asdict(verdict) for verdict in found.published],
        "otherwise": [{"where": where, "how": how} for where, how in found.otherwise],
        "pages": None
        if pages is None
        else {"count": pages.count, "same": pages.same, "others": [asdict(item) for item in pages.others]},
        "numbers": [
            {**drift_lines.plain(number.found), "status": number.standing, "file": number.file,
             "line": number.line}
            for number in found.numbers
            if number.standing != IDENTICAL
        ],
    }  # fmt: skip


def _unfinished(evidence: Evidence) -> Iterator[str]:
    """The cells that a report lacks because its run was stopped."""
    cells = evidence.unfinished
    if cells:
        yield f"  of a run that was stopped: {many(len(cells), 'cell')} unfinished"
        yield from (f"    {place_of(cell) or f'{cell.kind}: '}{cell.cause}" for cell in cells[:SHOWN])
    if len(cells) > SHOWN:
        yield f"    and {prose.count(len(cells) - SHOWN)} more; --json lists all"


def _precision(found: Verification) -> str:
    assert found.evidence.experiment is not None
    declared, taken = found.evidence.experiment.measure.precision, found.precision
    if taken == declared:
        return f"the declared precision, {percent_text(declared)}"
    return (
        f"{percent_text(taken)} precision where {percent_text(declared)} is declared: numbers need not be "
        "identical, and are judged within both intervals"
    )


def _counts(found: Verification) -> dict[str, dict[str, int]]:
    """What was compared → standing → how many have it."""
    assert found.pages is not None
    printed = [item.standing for item in found.pages.others]
    standings = {
        "results.csv": [n.standing for n in found.numbers if n.file == "results.csv"],
        "claims.json": [n.standing for n in found.numbers if n.file == "claims.json"],
        "verdicts": [verdict.standing for verdict in found.verdicts],
        "published": [verdict.standing for verdict in found.published],
        "printed": [*printed, *[IDENTICAL] * found.pages.numbers],
    }
    table = {name: {s: of.count(s) for s in STANDINGS} for name, of in standings.items()}
    table["pages"] = dict.fromkeys(STANDINGS, 0) | {IDENTICAL: found.pages.same}
    return table


def _table(found: Verification) -> Iterable[str]:
    names = {
        "results.csv": "numbers of results.csv",
        "claims.json": "numbers of claims.json",
        "verdicts": "verdicts",
        "published": "on published numbers",
        "pages": "whole pages",
        "printed": "printed on other pages",
    }
    table = _counts(found)
    rows = [{"what": "", **{standing: standing for standing in STANDINGS}}]
    for name, text in names.items():
        if any(table[name].values()):
            rows.append({"what": text, **{s: prose.count(n) if n else "–" for s, n in table[name].items()}})
    used = [
        s for s in STANDINGS if s in (IDENTICAL, EQUIVALENT, DIFFERENT) or any(r[s] != "–" for r in rows[1:])
    ]
    widths = {s: max(len(row[s]) for row in rows) for s in used}
    for row in rows:
        yield f"    {row['what']:<23}" + "".join(f"  {row[s]:>{widths[s]}}" for s in used)


def _differences(found: Verification) -> Iterator[str]:
    """What may be the cause of differences."""
    if found.causes:
        yield from (f"  differs: {cause}" for cause in found.causes)
    elif found.promised and DIFFERENT in found.standings:
        yield (
            "  made with the same: machine, versions, engine, data, settings, seed; "
            "so what differs was changed after it was measured"
        )


def others(found: Verification) -> Iterator[dict[str, str]]:
    """What is not as reported: verdicts, numbers by p-value, files, then what pages print."""
    for file, verdicts in ((CLAIMS, found.verdicts), (PUBLISHED, found.published)):
        for verdict in verdicts:
            if verdict.standing in (DIFFERENT, UNDECIDED):
                change = drift_lines.became(verdict.reported, verdict.again)
                yield _line(verdict.standing, f"{file}: {verdict.id}", change)
    for number in _ranked(found.numbers):
        yield _line(number.standing, f"{_place(number)}: {_name(number)}", _change(number))
    for where, how in found.otherwise:
        yield _line(DIFFERENT, where, how)
    for item in found.pages.others if found.pages else ():
        if item.standing == DIFFERENT or item.page in found.evidence.altered:
            change = f"{item.reported} → {item.again}  in “{item.around}”"
            yield _line(item.standing, f"page {item.page}", change)


def _line(standing: str, where: str, change: str) -> dict[str, str]:
    told = change if len(change) <= LONGEST else f"{change[:LONGEST]} …"
    return {"standing": standing, "where": where, "change": told}


def _ranked(numbers: Sequence[Number]) -> list[Number]:
    found = [number for number in numbers if number.standing == DIFFERENT]
    return sorted(found, key=lambda n: n.found.p_value if n.found.p_value >= 0.0 else 0.0)


def _place(number: Number) -> str:
    return number.file if number.line is None else f"{number.file}:{number.line}"


def _name(number: Number) -> str:
    row = number.found.row
    if number.file == "results.csv":
        return f"{drift_lines.where(number.found)}, {row.statistic}"
    if not row.estimator:
        return f"{row.objective}, {row.statistic}"
    setting = "".join(f", {name} {value}" for name, value in row.setting.items())
    return f"{row.objective}, {row.estimator}, checkpoint {row.checkpoint}{setting}, {row.statistic}"


def _change(number: Number) -> str:
    """Both numbers; to the last digit if they differ by no more than noise."""
    old, new = number.found.old, number.found.new
    if old is None or new is None or number.found.p_value < 0.05:
        return f"{drift_lines.value(old)} → {drift_lines.value(new)}  {drift_lines.why(number.found)}"
    for name, a, b in (("", old.value, new.value), ("from ", old.low, new.low), ("to ", old.high, new.high)):
        if a != b and not (math.isnan(a) and math.isnan(b)):
            return f"{name}{a!r} → {name}{b!r}"
    if old.replicates != new.replicates:
        return f"{prose.count(old.replicates)} → {prose.count(new.replicates)} replicates"
    return f"{old.status} → {new.status}"
