"""A finished run, read back from the files of its report: results.csv, claims.json, manifest.json.

The inverse of `files`. Nothing else is needed: no torch, no store, no data set.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any

from reportgen.errors import UsageError
from reportgen.findings.rows import COLUMNS, Row

RESULTS, CLAIMS, MANIFEST = "results.csv", "claims.json", "manifest.json"
PUBLISHED = "published.json"
"""Also in the folder, if the declaration has published numbers."""
SAID: Mapping[str, type] = {"reportgen": str, "seed": int, "data": dict, "environment": dict, "files": dict}
"""Entries of every version's manifests. Others came later, and are compared only if both runs have them."""
TEXTS = ("experiment", "cell", "dataset", "objective", "estimator", "group", "statistic", "status")
"""Columns of results.csv whose texts recur in many rows, which then share one string."""


@dataclass(frozen=True)
class FinishedRun:
    """The numbers of a report, and what it was made with."""

    results: Path
    rows: tuple[Row, ...]
    """Rows in the file's order; the values of swept settings are text."""
    claims: tuple[Mapping[str, Any], ...] | None
    """claims.json; None if a results.csv was named and has no claims.json beside it."""
    manifest: Mapping[str, Any] | None
    altered: tuple[Path, ...]
    """Those of results.csv and claims.json whose checksums are not the manifest's."""

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return self.rows[0].experiment

    @property
    def images(self) -> int | None:
        """Number of images measured, if the manifest says it."""
        settings = (self.manifest or {}).get("settings")
        measure = settings.get("measure") if isinstance(settings, dict) else None
        images = measure.get("images") if isinstance(measure, dict) else None
        return images if isinstance(images, int) else None


def read_run(place: Path) -> FinishedRun:
    """Read the run from its report folder, or from its results.csv.

    A folder must hold all three files; if the results.csv itself is named, the
    other two may be missing. Raises UsageError if the path is wrong or a file is
    damaged.
    """
    folder = place if place.is_dir() else place.parent
    results = place / RESULTS if place.is_dir() else place
    if not place.exists():
        raise UsageError(
            f"{place}: must be a report's folder or its {RESULTS}, but there is nothing. "
            "Correct the path, or make the report with `reportgen report`."
        )
    for name in (RESULTS, CLAIMS, MANIFEST) if place.is_dir() else ():
        if not (folder / name).is_file():
            inside = sorted(path.parent for path in folder.glob(f"*/{RESULTS}"))
            remedy = "Make the report again"
            if name != RESULTS:
                remedy += f", or name {results} to compare numbers alone"
            elif inside:
                remedy = f"Name one of the reports in it, such as {inside[0]}"
            raise UsageError(f"{place}: a report's folder must hold {name}, and this one does not. {remedy}.")
    content = _bytes(results)
    if content.startswith(b"%PDF"):
        raise UsageError(
            f"{place}: must be a report's folder or its {RESULTS}, but is a PDF. "
            "Name its folder, or use `reportgen verify` for the PDF alone."
        )
    manifest = _manifest(folder / MANIFEST)
    beside = (folder / CLAIMS).is_file()
    files = (manifest or {}).get("files")
    beside_it = {folder / CLAIMS: _bytes(folder / CLAIMS)} if beside else {}
    return FinishedRun(
        results=results,
        rows=read_rows(content, results),
        claims=read_claims(beside_it[folder / CLAIMS], folder / CLAIMS) if beside else None,
        manifest=manifest,
        altered=tuple(_altered({results: content, **beside_it}, files)),
    )


def reports_in(place: Path) -> Mapping[str, Path]:
    """Name → folder of each report in an output folder; empty if `place` is itself a report."""
    if not place.is_dir() or (place / RESULTS).is_file():
        return {}
    return {results.parent.name: results.parent for results in sorted(place.glob(f"*/{RESULTS}"))}


def name_of(row: Row) -> tuple[object, ...]:
    """What identifies a row's number, apart from swept settings, in the same way in every run.

    This excludes the experiment's name, and the cell's key, which changes with the engine.
    """
    return (
        row.dataset, row.objective, row.estimator, row.num_samples, row.checkpoint, row.group, row.statistic,
    )  # fmt: skip


def read_rows(content: bytes, path: Path) -> tuple[Row, ...]:
    """The rows of a results.csv. Raises UsageError, with the line, at the first that is malformed."""
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        header = next(reader, [])
        if tuple(header[: len(COLUMNS)]) != COLUMNS:
            found = ", ".join(header) if header and len(header) > 1 else "none of them"
            raise _damaged(path, f"must start with the columns {', '.join(COLUMNS)}, found {_short(found)}")
        rows: list[Row] = []
        lines: dict[tuple[object, ...], int] = {}
        settings: dict[tuple[str, ...], Mapping[str, str]] = {}
        for fields in reader:
            place = f"{path}:{reader.line_num}"
            if len(fields) != len(header):
                raise _damaged(place, f"must have {len(header)} fields, found {len(fields)}")
            row = _row(fields, header, place, settings)
            same = (*name_of(row), *row.setting.values())
            if same in lines:
                raise _damaged(
                    place, f"a number must stand once, and this one stands in line {lines[same]} too"
                )
            lines[same] = reader.line_num
            rows.append(row)
    except UnicodeDecodeError as error:
        raise _damaged(path, f"must be UTF-8, found a byte that is not at {error.start}") from error
    except csv.Error as error:
        raise _damaged(f"{path}:{reader.line_num}", f"must be CSV, found: {error}") from error
    if not rows:
        raise _damaged(path, "must hold at least one row, found the header alone")
    return tuple(rows)


def read_claims(content: bytes, path: Path) -> tuple[Mapping[str, Any], ...]:
    """The claims of a claims.json. Raises UsageError if it is not a list of claims."""
    claims = _parsed(content, path)
    if not _are_claims(claims):
        raise _damaged(path, "must be a list of claims, each with its id and verdict")
    return tuple(claims)


def _row(
    fields: Sequence[str],
    header: Sequence[str],
    place: str,
    settings: dict[tuple[str, ...], Mapping[str, str]],
) -> Row:
    """A row; equal texts and settings are shared with other rows."""
    values = dict(zip(header, fields, strict=True))
    swept = tuple(fields[len(COLUMNS) :])
    if swept not in settings:
        settings[swept] = dict(zip(header[len(COLUMNS) :], swept, strict=True))

    def whole(name: str) -> int:
        try:
            return int(values[name])
        except ValueError:
            raise _damaged(place, f"{name} must be a whole number, found {_short(values[name])!r}") from None

    def real(name: str) -> float:
        try:
            return float(values[name] or "nan")
        except ValueError:
            raise _damaged(
                place, f"{name} must be a number or empty, found {_short(values[name])!r}"
            ) from None

    value, low, high = real("value"), real("ci_low"), real("ci_high")
    if math.isnan(low) != math.isnan(high) or low > value or value > high:
        found = f"{values['value']!r} and {values['ci_low']!r} to {values['ci_high']!r}"
        raise _damaged(place, f"a value must lie in its interval, found {found}")
    experiment, cell, dataset, objective, estimator, group, statistic, status = (
        intern(values[name]) for name in TEXTS
    )
    return Row(
        experiment, cell, dataset, objective, estimator, whole("num_samples"), whole("checkpoint"), group,
        statistic, value, low, high, whole("replicates"), status, settings[swept],
    )  # fmt: skip


def _are_claims(claims: Any) -> bool:
    return isinstance(claims, list) and all(
        isinstance(claim, dict) and all(isinstance(claim.get(name), str) for name in ("id", "verdict"))
        for claim in claims
    )


def _manifest(path: Path) -> Mapping[str, Any] | None:
    """None if there is no such file; raises UsageError if it is not the manifest of a report."""
    if not path.is_file():
        return None
    manifest = _parsed(_bytes(path), path)
    if not isinstance(manifest, dict):
        raise _damaged(path, f"must be an object, got {type(manifest).__name__}")
    wrong = [name for name, kind in SAID.items() if not isinstance(manifest.get(name), kind)]
    if wrong:
        raise _damaged(path, f"must say {', '.join(wrong)}, but does not")
    return manifest


def _altered(contents: Mapping[Path, bytes], sums: Any) -> Iterator[Path]:
    """Files whose SHA-256 differs from the manifest's."""
    for path, content in contents.items():
        told = sums.get(path.name) if isinstance(sums, dict) else None
        if told is not None and told != hashlib.sha256(content).hexdigest():
            yield path


def _parsed(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"must be JSON, found: {error}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: must be readable, but: {error.strerror}. Correct the path.") from error


def _damaged(place: Path | str, what: str) -> UsageError:
    return UsageError(f"{place}: {what}. The file is damaged: make the report again.")


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"
