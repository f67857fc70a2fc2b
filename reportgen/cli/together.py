"""Several experiments in one call: which are asked for, and what is reported of all together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from reportgen import workflow
from reportgen.cli.exit_codes import BROKEN, worst
from reportgen.cli.printing import complain, print_json, print_lines
from reportgen.declaration import gallery_names
from reportgen.errors import MissingDataError, RenderError, StoreError, UnwritableError, UsageError
from reportgen.job import command
from reportgen.workflow import Job, writing_to

if TYPE_CHECKING:
    from reportgen.cli.answers.junit import Suite
    from reportgen.execution import Outcome
    from reportgen.report import Entry
    from reportgen.store import BrokenRecord, MeasurementRecord


@dataclass(frozen=True)
class Asked:
    """The experiments of one call, ready to run or to render."""

    jobs: tuple[Job, ...]
    left_out: Mapping[str, str]
    """Gallery experiment → its data set, if that is not on this machine."""
    command: str
    """The command that makes these reports and their summary again."""

    @property
    def several(self) -> bool:
        """Whether more than one was asked for."""
        return len(self.jobs) + len(self.left_out) > 1


def ask(
    names: Sequence[str] | None,
    output: Path,
    overrides: Sequence[str],
    *,
    gallery: bool,
    from_store: bool = False,
) -> Asked:
    """Prepare the experiments named, and with `gallery` all others of the gallery, the long ones aside.

    A gallery experiment whose data set is not on this machine is left out; one
    that is named is an error then. Raises UsageError if no experiment is asked
    for, or if two would write to one folder.
    """
    named = list(names or ())
    if not named and not gallery:
        raise UsageError(
            "Missing argument EXPERIMENT…: name a declaration's file or an experiment of the gallery, "
            "or use --gallery."
        )
    jobs = [workflow.prepare(name, output, overrides, from_store=from_store) for name in named]
    left_out: dict[str, str] = {}
    for name in gallery_names() if gallery else ():
        if name in named:
            continue
        try:
            jobs.append(workflow.prepare(name, output, overrides, from_store=from_store))
        except MissingDataError as error:
            left_out[name] = error.dataset
    _check_folders(jobs)
    words = [*named, *(["--gallery"] if gallery else [])]
    code = any(job.code.digests for job in jobs)
    return Asked(tuple(jobs), left_out, command(words, overrides, code=code))


def _check_folders(jobs: Sequence[Job]) -> None:
    writers: dict[str, str] = {}
    for job in jobs:
        name = job.experiment.experiment
        if name in writers:
            raise UsageError(
                f"{job.name}: needs a name that no other experiment of this call has, got {name} as in "
                f"{writers[name]}; both would write to {job.folder}. Name each once, or rename one."
            )
        writers[name] = job.name


class Reports:
    """The reports of one call: writes and prints the outcome of each by itself, then of all together.

    Raises UsageError if a report's folder exists and is not a folder.
    """

    def __init__(self, asked: Asked, *, paper: str, keep: bool, quiet: bool, as_json: bool) -> None:
        for job in asked.jobs:
            workflow.require_folder(job)
        self.asked, self.paper, self.keep = asked, paper, keep
        self.quiet, self.as_json = quiet, as_json
        self.entries: list[Entry] = []
        self.answers: list[dict[str, Any]] = []
        self.suites: list[Suite] = []
        self.failed: dict[str, str] = {}
        """Experiment without a report → cause."""
        self.codes: list[int] = []

    @contextmanager
    def by_itself(self, job: Job) -> Iterator[None]:
        """Prints and keeps an error of this experiment, so that the others go on.

        An error that all of them would meet, such as a full disk, is raised.
        """
        try:
            yield
        except UnwritableError:
            raise
        except (RenderError, StoreError) as error:
            name = job.experiment.experiment
            self.failed[name] = str(error)
            told = f"{name}: {error}" if self.asked.several else str(error)
            self.codes.append(complain(told, error.exit_code))

    def write(self, job: Job, outcome: Outcome | None) -> None:
        """Writes the report of a run, or of what is stored. The press is imported here, after measuring."""
        from reportgen.cli.answers.junit_suites import of_findings
        from reportgen.cli.answers.tables import answer, conclusion
        from reportgen.report import entry

        lost = () if outcome is None else outcome.lost
        measured = workflow.records(job, lost, stopped=outcome is None)
        if not self.quiet:
            typer.echo(f"{job.experiment.experiment}: writing the report", err=True)
        findings = workflow.press(job, measured, keep=self.keep, paper=self.paper)
        self.entries.append(entry(findings))
        self.codes.append(findings.exit_code)
        self.answers.append(answer(job, findings, outcome))
        self.suites.append(of_findings(findings, 0.0 if outcome is None else outcome.seconds))
        if not self.quiet and not self.as_json:
            print_lines(conclusion(job, findings, outcome))
        elif not self.as_json:
            complain_of(job, findings.broken, findings.measurements)

    def conclude(self, output: Path, junit: Path | None) -> int:
        """Writes the JUnit file and, of several experiments, a summary; returns the exit code of all."""
        from reportgen.cli.answers.junit import write
        from reportgen.cli.answers.junit_suites import without_report

        code = worst(self.codes)
        if self.asked.several:
            written = self._summarize(output, code) if self.entries or self.failed else ()
            if written and not self.quiet and not self.as_json:
                typer.echo(f"summary: {written[0]}, {written[1]}")
            if self.as_json:
                print_json(self._overall(written, code))
        elif self.as_json and self.answers:
            print_json(self.answers)
        write(junit, [*self.suites, *without_report(self.failed, self.asked.left_out)])
        return code

    def _summarize(self, output: Path, code: int) -> tuple[Path, ...]:
        """Writes the summary; returns the paths of its page, its PDF and its data."""
        from reportgen.report import render_summary

        if not self.quiet:
            typer.echo("writing the summary", err=True)
        with writing_to(output):
            return render_summary(
                self.entries,
                output,
                exit_code=code,
                command=workflow.on_paper(self.asked.command, self.paper),
                left_out=self.asked.left_out,
                failed=self.failed,
                keep=self.keep,
                paper=self.paper,
            )

    def _overall(self, written: Sequence[Path], code: int) -> dict[str, Any]:
        """The whole call in short, for programs."""
        left_out, failed = self.asked.left_out, self.failed
        return {
            "exit_code": code,
            "summary": [str(path) for path in written],
            "experiments": self.answers,
            "left_out": [{"experiment": name, "data": data} for name, data in left_out.items()],
            "failed": [{"experiment": name, "cause": cause} for name, cause in failed.items()],
        }


def complain_of(job: Job, cells: Iterable[BrokenRecord], records: Iterable[MeasurementRecord]) -> None:
    """With --quiet, prints what broke as errors."""
    from reportgen.cli.answers.tables import broken_lines

    for told in broken_lines(cells, records):
        complain(f"{job.experiment.experiment}: {told}", BROKEN)
