"""The judgement on a report: compares all that it says and shows with what a second run gives."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

from reportgen import resources, workflow
from reportgen.findings import Findings, causes, collect, drift
from reportgen.findings.causes import Difference
from reportgen.findings.finished import MANIFEST, RESULTS, read_rows
from reportgen.findings.models import verdict
from reportgen.locked import locked, not_as_locked
from reportgen.report import provenance
from reportgen.report.render import as_json, declaration_text, manifest
from reportgen.store import Record
from reportgen.verification import printed
from reportgen.verification.evidence import DECLARATION, Evidence
from reportgen.verification.numbers import (
    DIFFERENT,
    EQUIVALENT,
    IDENTICAL,
    UNDECIDED,
    Number,
    Verdict,
    compare,
    compare_verdicts,
)
from reportgen.verification.printed import Pages
from reportgen.verification.published import as_verdicts, otherwise_trained
from reportgen.verification.second import ADJUSTED, PDF, Second, written
from reportgen.workflow import Job

LOCK = "requirements.lock"
COMMIT = "commit"
"""No number depends on the commit: a change to numbers raises the engine's version. Words of pages may."""
STEADY = ("Title", "Author", "XMP dc:title", "XMP dc:creator")
"""What a PDF says about itself whatever its numbers are, and whatever wrote it."""


@dataclass(frozen=True)
class Verification:
    """What was found about a report."""

    evidence: Evidence
    numbers: tuple[Number, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    published: tuple[Verdict, ...] = ()
    """Verdicts on published numbers, named by the settings of their models."""
    pages: Pages | None = None
    """None if nothing was run again."""
    causes: tuple[Difference, ...] = ()
    """Differences in what the two runs were made with, without those that `quick` makes."""
    promised: bool = False
    """Whether every number had to repeat to the bit: nothing differs that numbers may depend on."""
    broken: bool = False
    """Whether a cell broke that did not before."""
    otherwise: tuple[tuple[str, str], ...] = ()
    """What differs beside numbers, verdicts and pages, and had to be the same: where, and how."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The second run's results.csv, claims.json, published.json and report.pdf, with the first one's dates
    and timings."""
    written_with: tuple[Difference, ...] = ()
    """Differences in what bytes and pages may depend on, then and here."""
    precision: float = math.nan
    """The precision that was asked of the second run."""

    @property
    def standings(self) -> tuple[str, ...]:
        """Standings of every number and verdict, and of everything that is printed otherwise."""
        others = self.pages.others if self.pages else ()
        return (
            *(number.standing for number in self.numbers),
            *(verdict.standing for verdict in (*self.verdicts, *self.published)),
            *(item.standing for item in others),
            *(DIFFERENT for _ in self.otherwise),
        )

    @property
    def verdict(self) -> str:
        """The worst of all that was found."""
        if self.evidence.faults:
            return DIFFERENT
        return next((s for s in (DIFFERENT, UNDECIDED, EQUIVALENT) if s in self.standings), IDENTICAL)

    @property
    def exit_code(self) -> int:
        """0, 1, 3 or 4."""
        return 4 if self.broken else {DIFFERENT: 1, UNDECIDED: 3}.get(self.verdict, 0)


def judge(evidence: Evidence, job: Job, *, quick: bool) -> Verification:
    """Compare a report with the finished second run of its declaration."""
    measured = workflow.records(job)
    terms = _terms(evidence, job, measured, quick)
    second = written(evidence, job, measured)
    again = read_rows(second.files[RESULTS], Path(RESULTS))
    numbers = compare(
        evidence.rows,
        again,
        (evidence.claims, second.claims),
        evidence.manifest["settings"]["measure"].get("images"),
        promised=terms.promised,
        quick=quick,
        same_commit=terms.same_commit,
    )
    repeated = terms.promised or all(number.found.status == drift.IDENTICAL for number in numbers)
    verdicts = compare_verdicts(evidence.claims, second.claims, promised=terms.promised)
    pages = printed.compare(
        evidence.document,
        second.document,
        numbers,
        promised=repeated and terms.same_writer,
        repeated=repeated,
        same_verdicts=all(of.standing == IDENTICAL for of in verdicts),
        counted=None if terms.same_commit else (len(evidence.rows), len(again)),
    )
    return Verification(
        evidence,
        numbers,
        verdicts,
        _on_published(evidence, second, terms),
        pages,
        terms.differs,
        terms.promised,
        broken=any(number.found.newly_broken for number in numbers),
        otherwise=tuple(_otherwise(evidence, second, terms, numbers)),
        files=second.files,
        written_with=terms.written_with,
        precision=job.experiment.measure.precision,
    )


@dataclass(frozen=True)
class _Terms:
    """What the two runs have in common, and so what must come out the same."""

    differs: tuple[Difference, ...]
    written_with: tuple[Difference, ...]
    promised: bool
    """Whether numbers must repeat to the bit."""
    same_commit: bool

    @property
    def same_writer(self) -> bool:
        """Whether bytes and pages must be the same if all that they say is."""
        return self.same_commit and not self.written_with


def _terms(evidence: Evidence, job: Job, measured: Mapping[str, Record], quick: bool) -> _Terms:
    told = evidence.manifest
    differs = _differences(told, collect(job.experiment, job.plan, measured), job, quick)
    changed = [of for of in differs if of.name != COMMIT]
    as_declared = evidence.experiment is not None and job.experiment.measure == evidence.experiment.measure
    return _Terms(
        differs,
        _written_with(told["environment"]),
        promised=as_declared and not changed and not evidence.unfinished,
        same_commit=len(changed) == len(differs),
    )


def _on_published(evidence: Evidence, second: Second, terms: _Terms) -> tuple[Verdict, ...]:
    """Verdicts on published numbers; one that a stopped run leaves open contradicts no other."""
    return compare_verdicts(
        as_verdicts(evidence.published),
        as_verdicts(second.published),
        promised=terms.promised,
        open_words=verdict.OPEN if evidence.unfinished else verdict.UNTOLD,
        of_others=otherwise_trained(evidence.published, second.published),
    )


def _otherwise(
    evidence: Evidence, second: Second, terms: _Terms, numbers: Sequence[Number]
) -> Iterator[tuple[str, str]]:
    """What differs beside numbers, verdicts and pages, and had to be the same: where, and how."""
    here, there = evidence.document, second.document
    if terms.promised:
        yield from _other_cells(evidence.manifest, manifest(second.findings, second.source, ""))
    if terms.promised and terms.same_writer:
        declared = declaration_text(second.findings).encode()
        made = {**second.files, DECLARATION: declared, LOCK: resources.lock().read_bytes()}
        untrue = {PDF, *(number.file for number in numbers if number.standing == DIFFERENT)}
        yield from _other_bytes(evidence, {n: c for n, c in made.items() if n not in untrue})
        if there.frame != here.frame:
            yield "the PDF", "its outline, page numbers or tags are not what this run gives"
    names = None if terms.promised and terms.same_writer else STEADY
    yield from _otherwise_about(here.about, there.about, names)


def _other_cells(told: Mapping[str, Any], mine: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Entries of a manifest that follow from the declaration and the verdicts, and differ."""
    for name in ("run", "exit_code"):
        if told.get(name) != mine[name]:
            yield MANIFEST, f"says {name} {told.get(name)}, and this run gives {mine[name]}"
    if told["cells"] != json.loads(as_json(mine["cells"])):
        yield MANIFEST, "its cells are not those of this run"


def _other_bytes(evidence: Evidence, written: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Attached files that are not, byte for byte, those of this run."""
    for name, content in written.items():
        if evidence.files[name] != content and not any(of.startswith(name) for of in evidence.faults):
            yield name, "is not, to the byte, the file that this run writes"


def _otherwise_about(
    told: Mapping[str, str], mine: Mapping[str, str], names: Collection[str] | None
) -> Iterator[tuple[str, str]]:
    """What the PDF says about itself that this run's does not: under these names, or under any."""
    for name in {**mine, **told}:
        here, there = (shorten(of.get(name, "none"), 60, placeholder="…") for of in (told, mine))
        if told.get(name) != mine.get(name) and (names is None or name in names):
            yield "the PDF", f"says {name} {here}, and this run gives {there}"


def _differences(
    told: Mapping[str, Any], findings: Findings, job: Job, quick: bool
) -> tuple[Difference, ...]:
    """How the two runs differ in what numbers may depend on; a run stopped at once names no machine."""
    if not told["environment"]["measured"]:
        told = {name: part for name, part in told.items() if name != "environment"}
    mine = manifest(findings, provenance.gather(findings, data=job.digests), "")
    found = causes.differences(told, json.loads(as_json(mine)))
    return tuple(cause for cause in found if not (quick and cause.name in ADJUSTED))


def _written_with(told: Mapping[str, Any]) -> tuple[Difference, ...]:
    there = {**locked(), **told["not_as_locked"], **told["rendered"]}
    return causes.changes(there, {**locked(), **not_as_locked(), **provenance.press()})
