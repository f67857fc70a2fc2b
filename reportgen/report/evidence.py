"""The evidence inside the PDF: its files, and the clocks, which differ from run to run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from reportgen.findings import Findings
from reportgen.findings.finished import PUBLISHED
from reportgen.report.pdf.layout import Attachment
from reportgen.report.provenance import recorded
from reportgen.store import MeasurementRecord, Record
from reportgen.store.records import BrokenRecord

KINDS: Mapping[str, tuple[str, str, str]] = {
    "claims.json": ("application/json", "Data", "Verdicts, with every comparison made"),
    "declaration.yaml": ("application/yaml", "Source", "The declaration, with every default"),
    "manifest.json": ("application/json", "Supplement", "Versions, keys, clocks, and the hash of every file"),
    "requirements.lock": (
        "text/plain",
        "Supplement",
        "The version of every package that reportgen is tested with",
    ),
    "results.csv": ("text/csv", "Data", "Every statistic of every cell, with its interval"),
}
"""File → media type, relationship to the document, description."""
SOMETIMES: Mapping[str, tuple[str, str, str]] = {
    PUBLISHED: ("application/json", "Data", "Every published number beside ours, with its verdict"),
}
"""The same for files that not every report has."""


def attachments(
    files: Mapping[str, bytes | Callable[[Sequence[str]], bytes]],
) -> tuple[Attachment, ...]:
    """The files of `KINDS`, and those of `SOMETIMES` that exist, as attachments of the PDF.

    They are in the order of a name tree.
    """
    kinds = {**KINDS, **{name: kind for name, kind in SOMETIMES.items() if name in files}}
    return tuple(
        Attachment(name, files[name], description, media, relationship)
        for name, (media, relationship, description) in sorted(kinds.items())
    )


def clocks(findings: Findings, machines: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By cell, what differs from run to run: machine, date and timings.

    `machine` is an index into `machines`, times are in seconds; None where one is missing.
    """
    known = list(machines)
    found: dict[str, dict[str, Any]] = {}
    for record in recorded(findings):
        about = {name: value for name, value in record.environment.items() if name != "finished"}
        found[record.key] = {
            "machine": known.index(about) if about else None,
            "finished": record.environment.get("finished"),
            "seconds": record.seconds,
        }
        if isinstance(record, MeasurementRecord):
            timings = [arm.seconds_per_replicate for arm in record.arms]
            found[record.key]["seconds_per_replicate"] = [t if math.isfinite(t) else None for t in timings]
    return found


def with_clocks(records: Mapping[str, Record], manifest: Mapping[str, Any]) -> dict[str, Record]:
    """The records of another run with the machines, dates and timings that a manifest gives for the first.

    What the manifest lacks is left unchanged.
    """
    return {key: _with_clock(record, manifest) for key, record in records.items()}


def _with_clock(record: Record, manifest: Mapping[str, Any]) -> Record:
    clock = manifest["clocks"].get(record.key)
    if clock is None or isinstance(record, BrokenRecord):
        return record
    machine = clock["machine"]
    about = {} if machine is None else manifest["environment"]["measured"][machine]
    finished = {} if clock["finished"] is None else {"finished": _date(clock["finished"])}
    taken: dict[str, Any] = {"seconds": float(clock["seconds"]), "environment": {**about, **finished}}
    if isinstance(record, MeasurementRecord):
        taken["arms"] = tuple(
            replace(arm, seconds_per_replicate=math.nan if seconds is None else float(seconds))
            for arm, seconds in zip(record.arms, clock["seconds_per_replicate"], strict=True)
        )
    return replace(record, **taken)


def _date(text: str) -> str:
    """The date unchanged; raises ValueError unless it is ISO 8601."""
    datetime.fromisoformat(text)
    return text
