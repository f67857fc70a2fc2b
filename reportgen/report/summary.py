"""Several experiments on one page: their claims in one table, as HTML, as PDF and for programs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from reportgen import __version__
from reportgen.locked import not_as_locked
from reportgen.report import ledger, provenance
from reportgen.report.entry import Entry, entry_data
from reportgen.report.files import clear, write
from reportgen.report.pdf.layout import Attachment, Resources, lay_out
from reportgen.report.pdf.paper import A4, SHEETS
from reportgen.report.style import font_files, sheet
from reportgen.report.text import words
from reportgen.report.text.mathematics import Medium
from reportgen.report.text.writer import Writer
from reportgen.report.unchanged import fingerprint, is_current

TITLE = "Every claim and its verdict"
TEMPLATE = "summary.html"
PAGE, PDF, DATA = "summary.html", "summary.pdf", "summary.json"
WIDE = "summary_wide.css"
"""Additional style for all sheets except the smallest."""


@dataclass(frozen=True)
class Summary:
    """What the summary is made of; its repr identifies it."""

    entries: tuple[Entry, ...]
    exit_code: int
    """The worst of the experiments' exit codes."""
    command: str
    left_out: Mapping[str, str]
    """Experiment → the missing data set for lack of which it was not measured."""
    failed: Mapping[str, str]
    """Experiment → cause, for those without a report."""
    paper: str = A4
    commit: str | None = field(default_factory=provenance.git_commit)
    rendered_with: Mapping[str, str] = field(default_factory=provenance.press)
    not_as_locked: Mapping[str, str] = field(default_factory=not_as_locked)

    @property
    def finished(self) -> datetime | None:
        """When the last cell of all experiments was finished."""
        return max((of.finished for of in self.entries if of.finished), default=None)


def render_summary(
    entries: Sequence[Entry],
    folder: Path,
    *,
    exit_code: int,
    command: str,
    left_out: Mapping[str, str] | None = None,
    failed: Mapping[str, str] | None = None,
    keep: bool = False,
    paper: str = A4,
) -> tuple[Path, ...]:
    """Writes summary.html, summary.pdf and summary.json into `folder`, where the reports' folders are.

    `exit_code` is the worst of the experiments'; `command` made their reports;
    `left_out` maps experiments that could not be measured to the data set that they
    lack; `failed` maps those without a report to the reason; `paper` is a name in
    `paper.SHEETS`. With `keep`, a summary that would come out the same is left as it
    is. The same arguments give the same bytes. Returns the paths written, the page
    first. Raises as `render` does.
    """
    summary = Summary(tuple(entries), exit_code, command, dict(left_out or {}), dict(failed or {}), paper)
    written = tuple(folder / name for name in (PAGE, PDF, DATA))
    mark = fingerprint(summary, ())
    if keep and is_current(folder, mark, DATA):
        clear(folder)
        return written
    experiments = [entry_data(of) for of in summary.entries]
    context = _context(summary)
    evidence = Attachment(
        "claims.json", _json(experiments), "Every claim with its verdict", "application/json"
    )
    files = {PAGE: _text("screen", context).encode(), PDF: _pdf(summary, context, evidence)}
    files[DATA] = _json(_data(summary, experiments, files, mark))
    write(folder, files)
    return written


def _context(summary: Summary) -> dict[str, Any]:
    """The template's context, except the medium's style."""
    said, finished = ledger.sentences(summary.entries, summary.left_out, summary.failed), summary.finished
    return {
        "title": TITLE,
        "description": said[0],
        "version": __version__,
        "timestamp": f"{finished or provenance.UNDATED:%Y-%m-%dT%H:%M:%SZ}",
        "date": f"{finished.day} {finished:%B %Y}" if finished else "",
        "commit": (summary.commit or "")[:12],
        "command": summary.command,
        "said": " ".join(said),
        "experiments": ledger.groups(summary.entries),
    }


def _text(medium: Medium, context: Mapping[str, Any], *more: str, rules: str = "") -> str:
    style = sheet(medium, "summary.css", f"summary_{medium}.css", *more, rules=rules)
    return Writer(medium, {}).single(TEMPLATE, style=style, script=None, **context)


def _pdf(summary: Summary, context: Mapping[str, Any], evidence: Attachment) -> bytes:
    when = summary.finished or provenance.UNDATED
    for i, size in enumerate(SHEETS[summary.paper]):
        text = _text("paper", context, *((WIDE,) if i else ()), rules=f"@page {{ size: {size} }}")
        layout = lay_out(text, Resources(font_files(), {}, PDF), when)
        if layout.pages == 1:
            break
    return layout.pdf((evidence,))


def _data(
    summary: Summary, experiments: list[dict[str, Any]], files: Mapping[str, bytes], mark: str
) -> dict[str, Any]:
    """summary.json: the table for programs, and the hash of every file beside it."""
    claims = [claim for of in summary.entries for claim in of.claims]
    return {
        "title": TITLE,
        "finished": summary.finished.isoformat() if summary.finished else None,
        "command": summary.command,
        "reportgen": __version__,
        "git_commit": summary.commit,
        "rendered_with": dict(summary.rendered_with),
        "not_as_locked": dict(summary.not_as_locked),
        "paper": summary.paper,
        "exit_code": summary.exit_code,
        "verdicts": {word: sum(claim.verdict == word for claim in claims) for word in words.SHAPES},
        "not_as_declared": sum(not claim.as_expected for claim in claims),
        "experiments": experiments,
        "left_out": [{"experiment": name, "data": data} for name, data in summary.left_out.items()],
        "failed": [{"experiment": name, "cause": cause} for name, cause in summary.failed.items()],
        "inputs": mark,
        "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
