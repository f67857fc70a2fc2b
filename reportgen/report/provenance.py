"""Where a report comes from: versions, machines, checksums, and the commit of the code."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import reportgen
from reportgen.findings import Findings, prose
from reportgen.libraries import PANGO, font_subsetter
from reportgen.locked import as_locked, not_as_locked
from reportgen.report.pdf.paper import A4
from reportgen.report.text import about
from reportgen.resources import templates
from reportgen.store.records import JudgementRecord, MeasurementRecord, TrainingRecord

PRESS = ("numpy", "matplotlib", "jinja2", "weasyprint", "fonttools")
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)
"""Date inside the files of a run whose cells have none."""


@dataclass(frozen=True)
class Provenance:
    """Everything that a reader needs to reproduce the report."""

    run_id: str
    finished: datetime | None
    """When the last cell was finished, UTC; None if the cells do not say."""
    command: str
    commit: str | None
    data: Mapping[str, str]
    """Data set → SHA-256 of its bytes."""
    measured_on: tuple[Mapping[str, Any], ...]
    """Each environment in which cells were measured."""
    rendered_with: Mapping[str, str]
    not_as_locked: Mapping[str, str]
    """Packages that had other versions than the lock's when the report was written."""
    paper: str
    """Paper for which the PDF is set."""
    store: Mapping[str, Any] = field(default_factory=dict)
    """What the caller knows about the store, kept in the manifest."""

    @property
    def stamp(self) -> datetime:
        """The date inside files."""
        return self.finished or UNDATED

    @property
    def date(self) -> str:
        """“23 November 2025”; empty without a date."""
        return f"{self.finished.day} {self.finished:%B %Y}" if self.finished else ""


def gather(
    findings: Findings,
    *,
    command: str | None = None,
    timestamp: datetime | None = None,
    data: Mapping[str, str] | None = None,
    store: Mapping[str, Any] | None = None,
    paper: str = A4,
) -> Provenance:
    """Collects provenance from the records and from the caller."""
    return Provenance(
        run_id=about.run_id(findings),
        finished=timestamp.astimezone(UTC) if timestamp else recorded_date(findings),
        command=command or f"reportgen report {findings.experiment.experiment}",
        commit=git_commit(),
        data=dict(sorted((data or {}).items())),
        measured_on=environments(findings),
        rendered_with=press(),
        not_as_locked=not_as_locked(),
        paper=paper,
        store=dict(store or {}),
    )


def recorded_date(findings: Findings) -> datetime | None:
    """When the last cell was finished, according to the records (``environment["finished"]``, ISO 8601)."""
    dates = []
    for record in recorded(findings):
        text = record.environment.get("finished")
        if text:
            date = datetime.fromisoformat(str(text))
            dates.append(date if date.tzinfo else date.replace(tzinfo=UTC))
    return max(dates).astimezone(UTC) if dates else None


def recorded(findings: Findings) -> tuple[TrainingRecord | JudgementRecord | MeasurementRecord, ...]:
    """Every record, trainings first."""
    return (*findings.trainings, *findings.judgements, *findings.measurements)


def environments(findings: Findings) -> tuple[Mapping[str, Any], ...]:
    """The distinct machines and versions with which cells were measured, in the order of the records."""
    found: list[dict[str, Any]] = []
    for record in recorded(findings):
        about_it = {key: value for key, value in record.environment.items() if key != "finished"}
        if about_it and about_it not in found:
            found.append(about_it)
    return tuple(found)


@lru_cache(maxsize=1)
def press() -> Mapping[str, str]:
    """Versions on which the files of a report depend."""
    found = {"reportgen": reportgen.__version__, "python": platform.python_version()}
    for package in PRESS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    pango = PANGO.open()
    found["pango"] = (PANGO.version(pango) if pango else None) or "unknown"
    found["fonts cut by"] = font_subsetter()
    return found


def unlocked(provenance: Provenance) -> Mapping[str, str]:
    """Packages whose versions differ from the lock's, where a cell was measured or the report written."""
    found = {package: [str(here)] for package, here in provenance.not_as_locked.items()}
    for environment in provenance.measured_on:
        for package, here in environment.items():
            if not as_locked(package, str(here)) and str(here) not in found.get(package, ()):
                found.setdefault(package, []).append(str(here))
    return {package: " and ".join(found[package]) for package in sorted(found)}


def git_commit() -> str | None:
    """Commit of the checkout from which reportgen runs; None outside of one. Only reads files."""
    git = templates().parent / ".git"
    try:
        if git.is_file():
            git = git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return head or None
        name = head.removeprefix("ref:").strip()
        common = git / "commondir"
        roots = [git, git / common.read_text(encoding="utf-8").strip()] if common.is_file() else [git]
        for root in roots:
            if (root / name).is_file():
                return (root / name).read_text(encoding="utf-8").strip()
            packed = root / "packed-refs"
            if packed.is_file():
                for line in packed.read_text(encoding="utf-8").splitlines():
                    if line.endswith(f" {name}"):
                        return line.split(" ", 1)[0]
    except OSError:
        return None
    return None


def table(findings: Findings, provenance: Provenance) -> list[tuple[str, str]]:
    """Provenance as the rows of a table."""
    rows = [("Run", provenance.run_id)]
    if provenance.finished:
        rows.append(("Measured", f"{provenance.finished:%Y-%m-%d %H:%M} UTC"))
    rows.append(("Seed", prose.count(int(findings.experiment.seed))))
    rows += [
        (f"{'Code' if ':' in name else 'Data'}, {name}", f"SHA-256 {digest}")
        for name, digest in provenance.data.items()
    ]
    if provenance.commit:
        rows.append(("Commit", provenance.commit))
    for index, environment in enumerate(provenance.measured_on, start=1):
        name = "Measured with" if len(provenance.measured_on) == 1 else f"Measured with ({index})"
        rows.append((name, versions(environment)))
    rows.append(("Written with", versions(provenance.rendered_with)))
    if others := unlocked(provenance):
        rows.append(("Not as locked", versions(others)))
    return rows


def versions(environment: Mapping[str, str]) -> str:
    """“numpy 2.4.6, …”, in which entries of up to 30 letters are not broken across lines."""
    told = (f"{key} {value}" for key, value in environment.items())
    return ", ".join(one if len(one) > 30 else one.replace(" ", "\u00a0") for one in told)
