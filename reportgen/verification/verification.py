"""The re-run of a report's declaration, and the judgement on the report."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from textwrap import shorten
from typing import Any

from reportgen import resources, workflow
from reportgen.declaration import Experiment, load_text
from reportgen.declaration.checks.measuring import least_budget
from reportgen.errors import RenderError, UsageError
from reportgen.findings import Findings, causes, claims_data, collect, csv_text, drift
from reportgen.findings.causes import Difference
from reportgen.findings.files import claims_text
from reportgen.findings.finished import CLAIMS, MANIFEST, RESULTS, read_rows
from reportgen.findings.models import verdict
from reportgen.findings.models.published import published_data
from reportgen.locked import locked, not_as_locked
from reportgen.report import provenance
from reportgen.report.evidence import attachments, with_clocks
from reportgen.report.pdf.paper import A4, PAGES
from reportgen.report.provenance import Provenance
from reportgen.report.render import as_json, declaration_text, manifest, paper, published_files
from reportgen.report.text import about
from reportgen.store import Record
from reportgen.usercode import UserCode
from reportgen.verification import printed
from reportgen.verification.document import parse
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
from reportgen.workflow import Job

QUICK = 5
"""By how much `quick` widens the declared precision; draws go with its square."""
WIDEST = 0.5
"""The widest precision that `quick` asks for."""
LOCK = "requirements.lock"
COMMIT = "commit"
"""No number depends on it: where one does, the engine's version is raised. Words of a page may."""
STEADY = ("Title", "Author", "XMP dc:title", "XMP dc:creator")
"""What a PDF says of itself whatever its numbers are, and whatever wrote it."""
ADJUSTED = ("measure.precision", "measure.budget")
"""Settings that `quick` changes."""


@dataclass(frozen=True)
class Verification:
    """What was found of a report."""

    evidence: Evidence
    numbers: tuple[Number, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    published: tuple[Verdict, ...] = ()
    """Of published numbers, by the settings of their models."""
    pages: Pages | None = None
    """None where nothing was run again."""
    causes: tuple[Difference, ...] = ()
    """What the two runs were made with, where that differs; what `quick` changes is not among it."""
    promised: bool = False
    """Whether every number had to repeat to the bit: nothing differs that numbers may depend on."""
    broken: bool = False
    """Whether a cell broke that did not before."""
    otherwise: tuple[tuple[str, str], ...] = ()
    """What had to be the same beside numbers, verdicts and pages, and is not: where, and how."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The second run's results.csv, claims.json, published.json and report.pdf, with the first one's dates
    and timings."""
    written_with: tuple[Difference, ...] = ()
    """What bytes and pages may depend on, then and here, where that differs."""

    @property
    def standings(self) -> tuple[str, ...]:
        """Of every number, claim, and thing printed otherwise."""
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


def again(evidence: Evidence, folder: Path, *, quick: bool, code: Path | None) -> Job:
    """The declaration, ready to be run in the store under `folder`.

    The user's own code is looked for in `code`, the current folder if that is
    left out. Raises UsageError where it is not there, DataError where a data
    set is not.
    """
    assert evidence.experiment is not None
    experiment = load_text(
        evidence.experiment.text, DECLARATION, quicker(evidence.experiment) if quick else ()
    )
    place = code or Path.cwd()
    for reference in experiment.code.values():
        try:
            UserCode.read([reference], place)
        except UsageError as error:
            raise UsageError(
                f"{evidence.path}: runs {reference}, code of its author's that is not in the PDF, and in "
                f"{place} {error} Get it from the author and name its folder with --code DIR."
            ) from error
    return workflow.planned(experiment.experiment, experiment, folder, code_folder=place)


def quicker(experiment: Experiment) -> tuple[str, ...]:
    """The settings that `quick` changes, as ``path=value``: a wider precision, and fewer draws for it."""
    measure = experiment.measure
    precision = min(QUICK * measure.precision, max(WIDEST, measure.precision))
    budget = max(round(measure.budget * (measure.precision / precision) ** 2), least_budget(experiment))
    return tuple(f"{path}={value!r}" for path, value in zip(ADJUSTED, (precision, budget), strict=True))


def judge(evidence: Evidence, job: Job, *, quick: bool) -> Verification:
    """A report against the finished run of its declaration."""
    told, measured = evidence.manifest, workflow.records(job)
    differs = _differences(told, collect(job.experiment, job.plan, measured), job, quick)
    as_declared = evidence.experiment is not None and job.experiment.measure == evidence.experiment.measure
    changed = [of for of in differs if of.name != COMMIT]
    stopped = bool(told["cells"]["unfinished"])
    promised = as_declared and not changed and not stopped
    findings = collect(job.experiment, job.plan, _with_clocks(evidence, measured))
    results, claims = csv_text(findings).encode(), claims_data(findings)
    again, same_commit = read_rows(results, Path(RESULTS)), len(changed) == len(differs)
    published, theirs = published_data(job.experiment, findings.models), published_files(findings)
    numbers = compare(
        evidence.rows,
        again,
        (evidence.claims, claims),
        told["settings"]["measure"].get("images"),
        promised=promised,
        quick=quick,
        same_commit=same_commit,
    )
    repeated = promised or all(number.found.status == drift.IDENTICAL for number in numbers)
    source = _source(told, findings)
    written_with = _written_with(told["environment"])
    same_writer = not written_with and same_commit
    pdf = _laid_out(evidence, findings, source)
    document = parse(pdf, Path("report.pdf"))
    judged = compare_verdicts(evidence.claims, claims, promised=promised)
    pages = printed.compare(
        evidence.document,
        document,
        numbers,
        promised=repeated and same_writer,
        repeated=repeated,
        same_verdicts=all(of.standing == IDENTICAL for of in judged),
        counted=None if same_commit else (len(evidence.rows), len(again)),
    )
    otherwise: list[tuple[str, str]] = []
    if promised:
        otherwise += _other_cells(told, manifest(findings, source, ""))
    if promised and same_writer:
        written = {RESULTS: results, CLAIMS: claims_text(findings).encode(), **theirs}
        written |= {DECLARATION: declaration_text(findings).encode(), LOCK: resources.lock().read_bytes()}
        untrue = {number.file for number in numbers if number.standing == DIFFERENT}
        otherwise += _other_bytes(evidence, {n: c for n, c in written.items() if n not in untrue})
        if document.frame != evidence.document.frame:
            otherwise.append(("the PDF", "its outline, page numbers or tags are not what this run gives"))
    otherwise += _otherwise_about(
        evidence.document.about, document.about, None if promised and same_writer else STEADY
    )
    return Verification(
        evidence,
        numbers,
        judged,
        compare_verdicts(
            as_verdicts(evidence.published),
            as_verdicts(published),
            promised=promised,
            open_words=verdict.OPEN if stopped else verdict.UNTOLD,
            of_others=otherwise_trained(evidence.published, published),
        ),
        pages,
        differs,
        promised,
        any(number.found.newly_broken for number in numbers),
        tuple(otherwise),
        {RESULTS: results, CLAIMS: claims_text(findings).encode(), **theirs, "report.pdf": pdf},
        written_with,
    )


def _other_cells(told: Mapping[str, Any], mine: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a manifest says of its run that follows from the declaration and its verdicts."""
    for name in ("run", "exit_code"):
        if told.get(name) != mine[name]:
            yield MANIFEST, f"says {name} {told.get(name)}, and this run gives {mine[name]}"
    if told["cells"] != json.loads(as_json(mine["cells"])):
        yield MANIFEST, "its cells are not those of this run"


def _other_bytes(evidence: Evidence, written: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Attached files that are otherwise written, whatever their numbers say."""
    for name, content in written.items():
        if evidence.files[name] != content and not any(of.startswith(name) for of in evidence.faults):
            yield name, "is not, to the byte, the file that this run writes"


def _otherwise_about(
    told: Mapping[str, str], mine: Mapping[str, str], names: Collection[str] | None
) -> Iterator[tuple[str, str]]:
    """What the PDF says of itself that this run's does not; of these names, or of all."""
    for name in {**mine, **told}:
        here, there = (shorten(of.get(name, "none"), 60, placeholder="…") for of in (told, mine))
        if told.get(name) != mine.get(name) and (names is None or name in names):
            yield "the PDF", f"says {name} {here}, and this run gives {there}"


def _laid_out(evidence: Evidence, findings: Findings, source: Provenance) -> bytes:
    try:
        return paper(findings, source).pdf(attachments(evidence.files))
    except RenderError as error:
        raise UsageError(
            f"{evidence.path}: what its {MANIFEST} says of its origin must be what a page can print, "
            f"but is not ({error}) Get the report as it was made."
        ) from error


def _differences(
    told: Mapping[str, Any], findings: Findings, job: Job, quick: bool
) -> tuple[Difference, ...]:
    """What numbers may depend on, where the two runs differ in it; a run stopped at once has no machine."""
    if not told["environment"]["measured"]:
        told = {name: part for name, part in told.items() if name != "environment"}
    mine = manifest(findings, provenance.gather(findings, data=job.digests), "")
    found = causes.differences(told, json.loads(as_json(mine)))
    return tuple(cause for cause in found if not (quick and cause.name in ADJUSTED))


def _written_with(told: Mapping[str, Any]) -> tuple[Difference, ...]:
    there = {**locked(), **told["not_as_locked"], **told["rendered"]}
    return causes.changes(there, {**locked(), **not_as_locked(), **provenance.press()})


def _with_clocks(evidence: Evidence, measured: Mapping[str, Record]) -> dict[str, Record]:
    try:
        return with_clocks(measured, evidence.manifest)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UsageError(
            f"{evidence.path}: the clocks in its {MANIFEST} must be those of its cells, but are damaged. "
            "Get the report as it was made."
        ) from error


def _source(told: Mapping[str, Any], findings: Findings) -> Provenance:
    """Where the report says it comes from, but for its numbers."""
    return Provenance(
        run_id=about.run_id(findings),
        finished=datetime.fromisoformat(told["finished"]) if told["finished"] else None,
        command=told["command"],
        commit=told["git_commit"],
        data=told["data"],
        measured_on=provenance.environments(findings),
        rendered_with=told["environment"]["rendered"],
        not_as_locked=told["environment"]["not_as_locked"],
        paper=told["paper"] if told["paper"] in PAGES else A4,
        store=told["store"],
    )
