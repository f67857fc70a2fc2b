"""Findings → the files of a report, written so that none is ever seen incomplete."""

from __future__ import annotations

import base64
import csv
import gc
import hashlib
import io
import json
import re
import textwrap
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from reportgen import __version__, resources
from reportgen.declaration import resolved, to_yaml
from reportgen.figures import Drawing
from reportgen.figures.captions import samples_sentence
from reportgen.findings import Findings, prose
from reportgen.findings.files import claims_text
from reportgen.findings.finished import MANIFEST, PUBLISHED
from reportgen.findings.marks import plain
from reportgen.findings.models.published import published_text
from reportgen.plan import ENGINE_VERSION, JudgementCell, MeasurementCell
from reportgen.report import evidence, front, provenance
from reportgen.report.files import clear, write
from reportgen.report.pdf.layout import Layout, Resources, lay_out, require_weasyprint
from reportgen.report.pdf.paper import A4, PAGES
from reportgen.report.provenance import Provenance
from reportgen.report.script import script
from reportgen.report.sections import SECTIONS
from reportgen.report.style import font_files, sheet
from reportgen.report.text import words
from reportgen.report.text.mathematics import Medium
from reportgen.report.text.numbering import Numbering
from reportgen.report.text.section import Section
from reportgen.report.text.writer import Writer, numbered
from reportgen.report.together import making
from reportgen.report.unchanged import fingerprint, is_current
from reportgen.store.records import BrokenRecord

WRITTEN = ("report.html", "report.pdf", "results.csv", "claims.json", MANIFEST)
"""Files of every report besides figures; one with published numbers has published.json too."""

Filled = tuple[tuple[Section, Mapping[str, Any]], ...]


def render(
    findings: Findings,
    folder: Path,
    *,
    command: str | None = None,
    timestamp: datetime | None = None,
    data: Mapping[str, str] | None = None,
    store_info: Mapping[str, Any] | None = None,
    inputs: Sequence[str] = (),
    keep: bool = False,
    paper: str = A4,
) -> tuple[Path, ...]:
    """Writes the page, the PDF, results.csv, claims.json, manifest.json and figures/* into `folder`.

    It also writes published.json if the declaration has published numbers.
    `command` made the report; `timestamp` is the run's date (default: the latest
    ``finished`` of its records); `data` gives each data set's SHA-256; `store_info`
    is kept in the manifest; the PDF is set for `paper`. `inputs` identify the findings
    (the declaration, the records' checksums): with `keep`, an intact report made from
    the same inputs is left as it is. The same findings and arguments give the same
    bytes. Returns the paths written, without figures, report.html first. Raises
    RenderError if anything would be missing, and UnwritableError if the folder is
    not writable; then an older report is left as it is.
    """
    source = provenance.gather(
        findings, command=command, timestamp=timestamp, data=data, store=store_info, paper=paper
    )
    theirs = published_files(findings)
    written = tuple(folder / name for name in (*WRITTEN, *theirs))
    lock = resources.lock().read_bytes()
    mark = fingerprint(source, (*inputs, lock.decode()))
    if keep and is_current(folder, mark):
        clear(folder)
        return written
    declaration = declaration_text(findings)
    files = {"claims.json": claims_text(findings).encode(), **theirs}
    with making(findings) as made, _without_collector():
        sections = fill(findings)
        shared = shared_context(findings, source, declaration, sections)
        require_weasyprint()
        drawings = made.drawings()
        numbering = numbered(sections, drawings, **shared)
        layout = pdf_layout(sections, shared, drawings, source, numbering)
        files["results.csv"] = made.results_csv()
        files |= {f"figures/{name}.svg": figure.svg for name, figure in drawings.items()}
        files |= {f"figures/{name}.csv": figure.table.csv for name, figure in drawings.items()}
        files["report.html"] = html_page(sections, shared, drawings, files, declaration, numbering)
        about = manifest(findings, source, mark)
        attached = {
            "claims.json": files["claims.json"],
            "declaration.yaml": declaration.encode(),
            "requirements.lock": lock,
            "results.csv": files["results.csv"],
            **theirs,
        }

        def sealed(pages: Sequence[str]) -> bytes:
            """The manifest inside the PDF, which has everything except the PDF's own hash."""
            about.update(attached=_sums(attached), pages=list(pages))
            return as_json({**about, "files": _sums(files)})

        files["report.pdf"] = layout.pdf(evidence.attachments({**attached, MANIFEST: sealed}))
    files[MANIFEST] = as_json({**about, "files": _sums(files)})
    write(folder, files, replacing=("figures/*.svg", "figures/*.csv", "figures/*.pdf", PUBLISHED))
    return written


def published_files(findings: Findings) -> dict[str, bytes]:
    """published.json by its name; empty if the declaration has no published numbers."""
    experiment = findings.experiment
    if experiment.published is None:
        return {}
    return {PUBLISHED: published_text(experiment, findings.models).encode()}


def declaration_text(findings: Findings) -> str:
    """The declaration with every default, as YAML that loads to the same experiment."""
    return to_yaml(resolved(findings.experiment))


def fill(findings: Findings) -> Filled:
    """The sections that are not left out, with their contexts."""
    filled = ((section, section.context(findings)) for section in SECTIONS)
    return tuple((section, context) for section, context in filled if context is not None)


def shared_context(
    findings: Findings, source: Provenance, declaration: str, sections: Filled
) -> dict[str, Any]:
    """Context shared by the first page and all sections."""
    ids = frozenset(section.id for section, _ in sections)
    abstract = front.abstract(findings)
    others = provenance.unlocked(source)
    return {
        **front.context(findings, source, ids),
        "description": plain(abstract[0]) if abstract else findings.experiment.title,
        "compared_with": json.dumps(findings.compared_with, ensure_ascii=False),
        "samples_note": samples_sentence(findings, findings.labels),
        "seed": findings.experiment.seed,
        "version": __version__,
        "timestamp": f"{source.stamp:%Y-%m-%dT%H:%M:%SZ}",
        "declaration": declaration,
        "listing": items(declaration.partition("\nclaims:\n")[0]),
        "command": source.command,
        "provenance": provenance.table(findings, source),
        "unlocked": words.counted(len(others), "package") if others else "",
    }


NESTED = re.compile(r"  - [\w.]+:")
"""An item, itself with keys, of a list below a top-level key."""


LISTING = 55
"""Most letters in a line of a listing on paper."""


CONTINUED = re.compile(r",\n +(?=[^\s:\[\]{}]+[,\]])")
"""Where a list in brackets continues on the next line."""


def items(text: str) -> list[str]:
    """A listing for paper with wrapped lines, in pieces (keys, items of lists) that columns do not split."""
    found: list[list[str]] = []
    for line in CONTINUED.sub(", ", text).splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        lines = textwrap.wrap(line, LISTING, subsequent_indent=indent, drop_whitespace=True) or [""]
        if found and line.startswith(" ") and not NESTED.match(line):
            found[-1] += lines
        else:
            found.append(lines)
    return ["\n".join(lines) for lines in found]


def html_page(
    sections: Filled,
    shared: Mapping[str, Any],
    drawings: Mapping[str, Drawing],
    files: Mapping[str, bytes],
    yaml: str,
    numbering: Numbering | None = None,
) -> bytes:
    """A single file that needs no network: fonts, figures and data are inside."""
    return (
        _writer("screen", drawings, numbering)
        .page(
            "page.html",
            sections,
            **shared,
            style=sheet("screen", "figures.css"),
            script=script(),
            downloads=downloads(files, yaml),
            count=prose.count(files["results.csv"].count(b"\n") - 1),
        )
        .encode()
    )


def pdf_layout(
    sections: Filled,
    shared: Mapping[str, Any],
    drawings: Mapping[str, Drawing],
    source: Provenance,
    numbering: Numbering | None = None,
) -> Layout:
    """The PDF's pages, laid out."""
    writer = _writer("paper", drawings, numbering)
    style = sheet("paper", rules=PAGES[source.paper])
    html = writer.page("page.html", sections, **shared, style=style, script=None, downloads=[])
    return lay_out(html, Resources(font_files(), writer.images), source.stamp)


def paper(findings: Findings, source: Provenance) -> Layout:
    """Only the PDF's pages for these findings; no file is made."""
    with making(findings) as made, _without_collector():
        sections = fill(findings)
        shared = shared_context(findings, source, declaration_text(findings), sections)
        require_weasyprint()
        return pdf_layout(sections, shared, made.drawings(), source)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Context without Python's cycle collector: layout makes millions of objects that live to its end."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _writer(medium: Medium, drawings: Mapping[str, Drawing], numbering: Numbering | None) -> Writer:
    """A writer for one of the documents with this numbering, which each count anew."""
    return Writer(medium, drawings, numbering.second_pass() if numbering else Numbering())


def downloads(files: Mapping[str, bytes], declaration: str) -> list[dict[str, str]]:
    """The evidence as links that save it, data compressed; the large table by column, which is smaller."""
    judged = [name for name in ("claims.json", PUBLISHED) if name in files]
    offers = (
        ("declaration.yaml", declaration.encode(), "text/yaml"),
        ("results.json.gz", by_column(files["results.csv"]), "application/gzip"),
        *((f"{name}.gz", compressed(files[name]), "application/gzip") for name in judged),
    )
    return [
        {
            "name": name,
            "uri": f"data:{media};base64,{base64.b64encode(content).decode()}",
            "size": f"{max(round(len(content) / 1000), 1)} kB",
        }
        for name, content, media in offers
    ]


def by_column(table: bytes) -> bytes:
    """results.csv as compressed JSON: each column's name and its cells, as in the file."""
    columns = list(zip(*csv.reader(io.StringIO(table.decode(), newline="")), strict=True))
    content = {name: cells for name, *cells in columns}
    return compressed(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def compressed(content: bytes) -> bytes:
    """Compressed as gzip, without a date. Short repetitions among digits are chance and are not encoded."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + 16, 9, zlib.Z_FILTERED)
    return packer.compress(content) + packer.flush()


def _lost(record: BrokenRecord) -> Mapping[str, str]:
    return {"key": record.key, "kind": record.kind, "cause": record.cause}


def _of_training(cell: JudgementCell | MeasurementCell) -> Mapping[str, Any]:
    return {
        "key": cell.key,
        "training": cell.training_key,
        "setting": cell.setting,
        "base": cell.base,
        "checkpoint": cell.checkpoint,
    }


def manifest(findings: Findings, source: Provenance, mark: str) -> dict[str, Any]:
    """manifest.json, without the hashes of written files: what made the report."""
    return {
        "experiment": findings.experiment.experiment,
        "title": findings.experiment.title,
        "run": source.run_id,
        "finished": source.finished.isoformat() if source.finished else None,
        "command": source.command,
        "reportgen": __version__,
        "engine": ENGINE_VERSION,
        "git_commit": source.commit,
        "seed": findings.experiment.seed,
        "paper": source.paper,
        "data": dict(source.data),
        "settings": {
            name: value
            for name, value in resolved(findings.experiment).items()
            if name not in ("experiment", "title", "seed", "claims")
        },
        "environment": {
            "measured": [dict(e) for e in source.measured_on],
            "rendered": dict(source.rendered_with),
            "not_as_locked": dict(source.not_as_locked),
        },
        "exit_code": findings.exit_code,
        "cells": {
            "training": [
                {"key": cell.key, "setting": cell.setting, "base": cell.base}
                for cell in findings.plan.trainings
            ],
            "judgement": [_of_training(cell) for cell in findings.plan.judgements],
            "measurement": [_of_training(cell) for cell in findings.plan.measurements],
            "broken": [_lost(record) for record in findings.broken if not record.paused],
            "unfinished": [_lost(record) for record in findings.broken if record.paused],
        },
        "clocks": evidence.clocks(findings, source.measured_on),
        "store": dict(source.store),
        "inputs": mark,
    }


def as_json(manifest: Mapping[str, Any]) -> bytes:
    """A manifest as bytes."""
    return (json.dumps(manifest, indent=2, ensure_ascii=False, default=str) + "\n").encode()


def _sums(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}
