"""Prepares the second run of a declaration, and writes it with the dates and timings of the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reportgen import workflow
from reportgen.declaration import Experiment, load_text
from reportgen.declaration.checks.measuring import least_budget
from reportgen.errors import RenderError, UsageError
from reportgen.findings import Findings, claims_data, collect, csv_text
from reportgen.findings.files import claims_text
from reportgen.findings.finished import CLAIMS, MANIFEST, RESULTS
from reportgen.findings.models.published import published_data
from reportgen.report import provenance
from reportgen.report.evidence import attachments, with_clocks
from reportgen.report.pdf.paper import A4, PAGES
from reportgen.report.provenance import Provenance
from reportgen.report.render import paper, published_files
from reportgen.report.text import about
from reportgen.store import Record
from reportgen.usercode import UserCode
from reportgen.verification.document import Document, parse
from reportgen.verification.evidence import DECLARATION, Evidence
from reportgen.workflow import Job

QUICK = 5
"""Factor by which `quick` widens the declared precision; the budget falls by its square."""
WIDEST = 0.5
"""The widest precision that `quick` asks for."""
PDF = "report.pdf"
ADJUSTED = ("measure.precision", "measure.budget")
"""Settings that `quick` changes."""


def again(evidence: Evidence, folder: Path, *, quick: bool, code: Path | None) -> Job:
    """The declaration, ready to be run in the store under `folder`.

    The author's own code is looked for in `code`, by default the current folder.
    Raises UsageError if it is not there, DataError if a data set is not.
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
                f"{evidence.path}: runs {reference}, the author's own code, which is not in the PDF, and in "
                f"{place} {error} Get it from the author and name its folder with --code DIR."
            ) from error
    return workflow.planned(experiment.experiment, experiment, folder, code_folder=place)


def quicker(experiment: Experiment) -> tuple[str, ...]:
    """The settings that `quick` changes, as ``path=value``: a wider precision, and fewer draws for it."""
    measure = experiment.measure
    precision = min(QUICK * measure.precision, max(WIDEST, measure.precision))
    budget = max(round(measure.budget * (measure.precision / precision) ** 2), least_budget(experiment))
    return tuple(f"{path}={value!r}" for path, value in zip(ADJUSTED, (precision, budget), strict=True))


@dataclass(frozen=True)
class Second:
    """The second run, written with the first one's dates and timings."""

    findings: Findings
    source: Provenance
    claims: Sequence[Mapping[str, Any]]
    published: Sequence[Mapping[str, Any]]
    files: Mapping[str, bytes]
    """results.csv, claims.json, published.json if there is one, report.pdf."""
    document: Document


def written(evidence: Evidence, job: Job, measured: Mapping[str, Record]) -> Second:
    """The report of a finished run. Raises UsageError if clocks or origin of the first are damaged."""
    findings = collect(job.experiment, job.plan, _with_clocks(evidence, measured))
    source = _source(evidence.manifest, findings)
    files = {RESULTS: csv_text(findings).encode(), CLAIMS: claims_text(findings).encode()}
    files |= published_files(findings) | {PDF: _laid_out(evidence, findings, source)}
    published = published_data(job.experiment, findings.models)
    return Second(findings, source, claims_data(findings), published, files, parse(files[PDF], Path(PDF)))


def _with_clocks(evidence: Evidence, measured: Mapping[str, Record]) -> dict[str, Record]:
    try:
        return with_clocks(measured, evidence.manifest)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UsageError(
            f"{evidence.path}: the clocks in its {MANIFEST} must be those of its cells, but are damaged. "
            "Get the report as it was made."
        ) from error


def _source(told: Mapping[str, Any], findings: Findings) -> Provenance:
    """The origin that the report states, except for what follows from the second run's findings."""
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


def _laid_out(evidence: Evidence, findings: Findings, source: Provenance) -> bytes:
    try:
        return paper(findings, source).pdf(attachments(evidence.files))
    except RenderError as error:
        raise UsageError(
            f"{evidence.path}: what its {MANIFEST} says of its origin must be what a page can print, "
            f"but is not ({error}) Get the report as it was made."
        ) from error
