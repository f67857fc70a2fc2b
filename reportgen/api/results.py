"""What a run found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import workflow
from reportgen.api.frames import frame, plain
from reportgen.api.tables import aligned, styled
from reportgen.declaration import Experiment
from reportgen.findings import ClaimFinding, Findings, collect
from reportgen.findings.prose import with_interval
from reportgen.findings.rows import swept_columns

if TYPE_CHECKING:
    import pandas

    from reportgen.execution import Outcome
    from reportgen.store import Record

HEADING = ("verdict", "claim", "estimate (95 % interval)")


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """All numbers and verdicts of an experiment, in memory; made by `reportgen.run`."""

    job: workflow.Job
    outcome: Outcome
    records: Mapping[str, Record]

    @property
    def experiment(self) -> Experiment:
        """The declaration."""
        return self.job.experiment

    @cached_property
    def findings(self) -> Findings:
        """Every statistic by name: ``findings.get("total_variance", "pathwise")``."""
        return collect(self.job.experiment, self.job.plan, self.records)

    @property
    def claims(self) -> tuple[ClaimFinding, ...]:
        """Each claim with `verdict`, `estimate` and the comparisons behind them."""
        return self.findings.claims

    @property
    def broken(self) -> tuple[str, ...]:
        """Causes of the cells that broke."""
        return tuple(record.cause for record in self.findings.broken)

    @property
    def exit_code(self) -> int:
        """Exit code of `reportgen report`: 0 all as declared, 1 contrary, 3 undecided, 4 a cell broke."""
        return self.findings.exit_code

    @property
    def rows(self) -> list[dict[str, Any]]:
        """results.csv as dictionaries, one statistic per row."""
        return plain(self.findings.rows, swept_columns(self.experiment))

    def frame(self) -> pandas.DataFrame:
        """results.csv as a DataFrame with the same columns. Raises MissingRequirementError without pandas.

        If ``train.seed`` is swept, it is Int64, and missing in rows of the mean over trainings.
        """
        return frame(self.findings.rows, swept_columns(self.experiment))

    def report(self) -> Path:
        """Writes report.html, report.pdf and the files beside them; returns the path of report.html."""
        workflow.press(self.job, self.records, keep=True)
        return self.job.folder / "report.html"

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        rows = [HEADING, *self._rows()]
        lines = list(aligned(rows)) if self.claims else ["no claims are declared"]
        return "\n".join([self.experiment.title, *lines, *(f"broken cell: {why}" for why in self.broken)])

    def _repr_html_(self) -> str:
        """A table of the claims, for notebooks."""
        body = "".join(
            f'<tr><td class="{_mark(claim)}">{escape(verdict)}</td><td>{escape(text)}</td>'
            f'<td class="n">{escape(estimate)}</td></tr>'
            for claim, (verdict, text, estimate) in zip(self.claims, self._rows(), strict=True)
        )
        head = "".join(f"<th>{escape(name)}</th>" for name in HEADING)
        broken = "".join(f"<p>Broken cell: {escape(why)}</p>" for why in self.broken)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""
        return styled(f"<p><b>{escape(self.experiment.title)}</b></p>{table}{broken}")

    def _rows(self) -> list[tuple[str, str, str]]:
        return [
            (
                claim.outcome,
                claim.statement,
                with_interval(claim.estimate) if claim.estimate.available else "",
            )
            for claim in self.claims
        ]


def _mark(claim: ClaimFinding) -> str:
    return "good" if claim.as_expected else "bad"
