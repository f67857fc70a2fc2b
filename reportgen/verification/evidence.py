"""The evidence of a report, taken out of its PDF and checked against itself. Nothing is measured here."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any

from reportgen import __version__
from reportgen.declaration import Experiment, load_text, resolved
from reportgen.errors import DeclarationError, UsageError
from reportgen.findings import Row, prose
from reportgen.findings.finished import CLAIMS, MANIFEST, PUBLISHED, RESULTS, read_claims, read_rows
from reportgen.report import EVIDENCE
from reportgen.report.evidence import SOMETIMES
from reportgen.store import BrokenRecord
from reportgen.verification.agreement import disagreements
from reportgen.verification.document import Document, read
from reportgen.verification.numbers import claim_rows
from reportgen.verification.published import published_faults, read_published

DECLARATION = "declaration.yaml"
LINKS = "Link"
"""The only annotation that a report's pages have."""
PARTS: Mapping[str, type | UnionType] = {
    "attached": dict, "cells.judgement": list, "cells.measurement": list, "cells.training": list,
    "cells.unfinished": list, "clocks": dict, "command": str, "data": dict,
    "environment.measured": list, "environment.not_as_locked": dict, "environment.rendered": dict,
    "experiment": str, "files": dict, "finished": str | None, "git_commit": str | None, "pages": list,
    "paper": str, "run": str, "seed": int, "settings.measure.precision": float, "store": dict, "title": str,
}  # fmt: skip
"""Entries of manifest.json that are used here, with their types."""


@dataclass(frozen=True)
class Evidence:
    """What a report says, and the files that it gives as evidence."""

    path: Path
    document: Document
    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]
    experiment: Experiment | None
    """None if the declaration cannot be read."""
    rows: tuple[Row, ...]
    claims: tuple[Mapping[str, Any], ...]
    published: tuple[Mapping[str, Any], ...]
    """Entries of published.json; none if the declaration has no published numbers."""
    faults: tuple[str, ...]
    """Sentences on where it contradicts itself, each with its place."""
    altered: frozenset[int]
    """Pages, from 1, that are not as they were written."""
    readable: bool
    """Whether all of it could be read, so that another run can be compared with it."""
    unfinished: tuple[BrokenRecord, ...]
    """Cells that were not finished in time, as manifest.json names them."""


def gather(path: Path) -> Evidence:
    """The evidence of a report's PDF.

    Raises UsageError if there is none, or none that this version can judge.
    """
    document = read(path)
    files = _attached(path, document)
    manifest = _manifest(path, files[MANIFEST])
    pages = dict(_changed_pages(document, manifest))
    faults = [*_changed_files(files, manifest), *pages.values(), *_foreign(document)]
    experiment: Experiment | None = None
    rows: tuple[Row, ...] = ()
    claims: tuple[Mapping[str, Any], ...] = ()
    published: tuple[Mapping[str, Any], ...] = ()
    unreadable, reading = [], CLAIMS
    try:
        experiment = load_text(files[DECLARATION].decode(), DECLARATION)
        rows = read_rows(files[RESULTS], Path(RESULTS))
        claims = read_claims(files[CLAIMS], Path(CLAIMS))
        tuple(claim_rows(claims))  # raises if something is missing that the second run is compared with
        reading = MANIFEST
        faults += _other_settings(experiment, manifest)
        faults += _other_rows(experiment, rows, manifest)
        reading = CLAIMS
        faults += disagreements(experiment, rows, claims)
        reading = PUBLISHED
        published = read_published(files.get(PUBLISHED), experiment)
        lost = (*manifest["cells"]["unfinished"], *manifest["cells"]["broken"])
        faults += published_faults(experiment, rows, published, {cell["cause"] for cell in lost})
    except (DeclarationError, UsageError) as error:
        unreadable = str(error).splitlines()
    except UnicodeDecodeError as error:
        unreadable = [f"{DECLARATION}: must be UTF-8, found a byte that is not at {error.start}"]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        unreadable = [f"{reading}: must be as reportgen writes it, found otherwise ({error})"]
    return Evidence(
        path,
        document,
        files,
        manifest,
        experiment,
        rows,
        claims,
        published,
        (*faults, *unreadable),
        frozenset(pages),
        not unreadable,
        _unfinished(path, manifest["cells"]),
    )


def _attached(path: Path, document: Document) -> dict[str, bytes]:
    missing = [name for name in EVIDENCE if name not in document.files]
    if missing:
        raise UsageError(
            f"{path}: must have {', '.join(EVIDENCE)} attached, but lacks {', '.join(missing)}. "
            "Name a report.pdf as `reportgen report` wrote it."
        )
    held = [*EVIDENCE, *(name for name in SOMETIMES if name in document.files)]
    for name in held:
        if len(document.files[name]) > 1:
            raise UsageError(
                f"{path}: must have {name} attached once, has it {len(document.files[name])} times. "
                "Get the report as it was made."
            )
    return {name: document.files[name][0] for name in held}


def _manifest(path: Path, content: bytes) -> Mapping[str, Any]:
    try:
        manifest = json.loads(content)
        version = manifest["reportgen"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"{path}: its {MANIFEST} must be the manifest of a report, but is damaged. "
            "Get the report as it was made."
        ) from error
    if version != __version__:
        raise UsageError(
            f"{path}: was made by reportgen {version}, and this is {__version__}. "
            f"Verify it with the other: pip install reportgen=={version}."
        )
    wrong = [name for name, kind in PARTS.items() if not isinstance(_part(manifest, name), kind)]
    if "finished" not in wrong and not _is_date(manifest["finished"]):
        wrong.append("finished")
    if wrong:
        raise UsageError(
            f"{path}: its {MANIFEST} must say {', '.join(wrong)}, but does not. "
            "Get the report as it was made."
        )
    return dict(manifest)


def _unfinished(path: Path, cells: Mapping[str, Any]) -> tuple[BrokenRecord, ...]:
    found = []
    try:
        for entry in cells["unfinished"]:
            cell = next(of for of in cells[entry["kind"]] if of["key"] == entry["key"])
            found.append(
                BrokenRecord(
                    cell["key"], entry["kind"], dict(cell["setting"]), cell.get("checkpoint"),
                    " ".join(entry["cause"].split()), paused=True,
                )
            )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        raise UsageError(
            f"{path}: the unfinished cells in its {MANIFEST} must be cells of it, but are not. "
            "Get the report as it was made."
        ) from error
    return tuple(found)


def _part(manifest: Any, path: str) -> Any:
    """The value at a dotted path; if there is none, a tuple of the path, since no value is a tuple."""
    found = manifest
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return (path,)
        found = found[name]
    return found


def _is_date(text: str | None) -> bool:
    try:
        return text is None or bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def _foreign(document: Document) -> Iterator[str]:
    """Faults of what a PDF has beside its pages, and no report is written with."""
    for name in sorted(document.files.keys() - {*EVIDENCE, *SOMETIMES}):
        yield f"{name}: is attached, which no report is written with"
    for what in sorted(document.acts):
        yield f"the PDF does something when it is opened ({what}), which no report is written to do"


def _changed_files(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[str]:
    """Faults of attached files, whose SHA-256 stand under `attached`, under `files`, or under both."""
    for name, content in files.items():
        if name == MANIFEST:
            continue
        found = hashlib.sha256(content).hexdigest()
        told = {manifest["attached"].get(name), manifest["files"].get(name, found)}
        if told != {found}:
            yield f"{name}: was changed after the report was written: not the file that {MANIFEST} describes"


def _other_settings(experiment: Experiment, manifest: Mapping[str, Any]) -> Iterator[str]:
    declared = json.loads(json.dumps(resolved(experiment)))
    for name, value in manifest["settings"].items():
        if declared.get(name) != value:
            yield f"{MANIFEST}: says {name} {value}, and {DECLARATION} {declared.get(name)}"
    for name in ("experiment", "title", "seed"):
        value = getattr(experiment, name)
        if manifest[name] != value:
            yield f"{MANIFEST}: says {name} {manifest[name]}, and {DECLARATION} {value}"


def _other_rows(experiment: Experiment, rows: Sequence[Row], manifest: Mapping[str, Any]) -> Iterator[str]:
    """Rows of another experiment, of no cell of the manifest, or with a number of an unfinished cell."""
    kinds = ("training", "judgement", "measurement")
    cells = {cell["key"] for kind in kinds for cell in manifest["cells"][kind]}
    unfinished = {cell["key"] for cell in manifest["cells"]["unfinished"]}
    for told, of in (
        ("its experiment is not that of " + DECLARATION, lambda row: row.experiment != experiment.experiment),
        ("its cell is none of " + MANIFEST, lambda row: row.cell not in cells),
        (
            f"has a number, and {MANIFEST} calls its cell unfinished",
            lambda row: row.cell in unfinished and not math.isnan(row.value),
        ),
    ):
        lines = [line for line, row in enumerate(rows, start=2) if of(row)]
        if lines:
            more = f", as {prose.count(len(lines) - 1)} more" if len(lines) > 1 else ""
            yield f"{RESULTS}:{lines[0]}: {told}{more}"


def _changed_pages(document: Document, manifest: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Numbers of pages, from 1, with what is wrong with them; 0 stands for all pages together."""
    told, found = manifest["pages"], document.sums
    if len(told) != len(found):
        yield 0, f"pages: {MANIFEST} describes {len(told)}, the PDF has {len(found)}"
    for number, (expected, here) in enumerate(zip(told, found, strict=False), start=1):
        if expected != here:
            yield (
                number,
                f"page {number}: was changed after the report was written: not as {MANIFEST} describes it",
            )
    for number, kinds in enumerate(document.notes, start=1):
        others = sorted(set(kinds) - {LINKS})
        if others:
            kinds_told = ", ".join(others)
            yield number, f"page {number}: has an annotation ({kinds_told}), which no report is written with"
