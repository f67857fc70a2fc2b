"""The part of an experiment that the summary needs, so that its findings need not be kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reportgen.findings import ClaimFinding, Findings, broken_arms, claim_data
from reportgen.report import provenance
from reportgen.report.text import about

SHOWN = (
    *("id", "statement", "verdict", "expect", "as_expected"),
    *("effect", "estimate", "ci_low", "ci_high", "source", "cause"),
)
"""Keys of claims.json that the summary's data repeats; the comparisons stay with the report."""


@dataclass(frozen=True)
class Entry:
    """An experiment in the summary."""

    name: str
    """Name of the experiment, and of the folder of its report."""
    title: str
    run_id: str
    finished: datetime | None
    """When its last cell was finished, UTC; None if the cells do not say."""
    exit_code: int
    claims: tuple[ClaimFinding, ...]
    broken: tuple[str, ...]
    """The cause of each cell or arm that broke."""
    unfinished: tuple[str, ...]
    """The state of each cell that the next run continues."""

    @property
    def report(self) -> str:
        """Address of its report, relative to the summary."""
        return f"{self.name}/report.html"


def entry(findings: Findings) -> Entry:
    """The entry for an experiment's findings."""
    arms = broken_arms(findings.measurements)
    causes = [record.cause for record in findings.broken if not record.paused]
    return Entry(
        name=findings.experiment.experiment,
        title=findings.experiment.title,
        run_id=about.run_id(findings),
        finished=provenance.recorded_date(findings),
        exit_code=findings.exit_code,
        claims=findings.claims,
        broken=tuple(cause or "no cause was kept" for cause in (*causes, *(arm.cause for arm in arms))),
        unfinished=tuple(record.cause for record in findings.broken if record.paused),
    )


def entry_data(of: Entry) -> dict[str, Any]:
    """An entry as data for summary.json."""
    return {
        "experiment": of.name,
        "title": of.title,
        "run": of.run_id,
        "finished": of.finished.isoformat() if of.finished else None,
        "report": of.report,
        "exit_code": of.exit_code,
        "broken": list(of.broken),
        "unfinished": list(of.unfinished),
        "claims": [_shown(claim_data(claim)) for claim in of.claims],
    }


def _shown(data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in SHOWN}
