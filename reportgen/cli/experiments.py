"""The commands that are of experiments: report, run, render, check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from reportgen.cli.interruption import leaving, measuring
from reportgen.cli.limits import Limits
from reportgen.cli.options import (
    OUTPUT,
    AllowCode,
    Budget,
    Device,
    ExecutorName,
    Files,
    Fresh,
    Gallery,
    Jobs,
    Json,
    Junit,
    Names,
    Output,
    Paper,
    Quiet,
    Seed,
    Set,
)
from reportgen.cli.printing import complain, print_json, print_lines
from reportgen.cli.running import run_missing
from reportgen.errors import RenderError, ReportgenError, StoreError, UnwritableError, UsageError

if TYPE_CHECKING:
    from reportgen.cli.together import Asked
    from reportgen.execution import Outcome
    from reportgen.findings import Findings
    from reportgen.report import Entry
    from reportgen.store import BrokenRecord, MeasurementRecord
    from reportgen.workflow import Job

BROKEN, PAUSED = 4, 3
WORST_FIRST = (BROKEN, 1, PAUSED, 2, 0)
"""Exit codes of several experiments: the first of these that occurs."""


def report(
    experiments: Names = None,
    gallery: Gallery = False,
    output: Output = OUTPUT,
    set_: Set = None,
    seed: Seed = None,
    jobs: Jobs = None,
    executor: ExecutorName = "processes",
    device: Device = "cpu",
    budget: Budget = None,
    fresh: Fresh = False,
    allow_code: AllowCode = False,
    paper: Paper = "a4",
    junit: Junit = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Run what is missing of each experiment, then write its report.

    Of several experiments a summary is written too, one row a claim; one that comes to no report stops no
    other.
    """
    from reportgen.cli.answers.junit import require_file, write
    from reportgen.cli.answers.junit_suites import of_findings, without_report
    from reportgen.cli.answers.tables import answer
    from reportgen.cli.together import in_short
    from reportgen.workflow import require_folder, require_paper

    require_file(junit)
    require_paper(paper)
    asked = _ask(experiments, gallery, output, set_, seed, quiet=quiet)
    limits = Limits.read(budget, device)
    _require(asked, allow_code, fresh, limits.device)
    for job in asked.jobs:
        require_folder(job)
    with leaving(measuring(fresh=fresh)):
        entries, answers, suites, failed = [], [], [], Failed(asked)
        for job in asked.jobs:
            with failed.by_itself(job):
                outcome = run_missing(
                    job, limits, jobs=jobs, executor=executor, fresh=fresh, allow_code=allow_code, quiet=quiet
                )
                findings = _press(job, quiet, keep=not fresh, paper=paper, lost=outcome.lost)
                entries.append(in_short(findings))
                answers.append(answer(job, findings, outcome))
                suites.append(of_findings(findings, outcome.seconds))
                _tell(job, findings, outcome, quiet, as_json)
        code = _conclude(asked, entries, answers, failed, output, quiet, as_json, keep=not fresh, paper=paper)
        write(junit, [*suites, *without_report(failed.causes, asked.left_out)])
        return code


def run(
    experiments: Names = None,
    gallery: Gallery = False,
    output: Output = OUTPUT,
    set_: Set = None,
    seed: Seed = None,
    jobs: Jobs = None,
    executor: ExecutorName = "processes",
    device: Device = "cpu",
    budget: Budget = None,
    fresh: Fresh = False,
    allow_code: AllowCode = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Run what is missing of each experiment; write no report."""
    from reportgen.cli.answers.tables import broken_estimators, counted, counts
    from reportgen.workflow import measurements

    answers, codes = [], []
    asked = _ask(experiments, gallery, output, set_, seed, quiet=quiet)
    limits = Limits.read(budget, device)
    _require(asked, allow_code, fresh, limits.device)
    with leaving(measuring(fresh=fresh)):
        for job in asked.jobs:
            outcome = run_missing(
                job, limits, jobs=jobs, executor=executor, fresh=fresh, allow_code=allow_code, quiet=quiet
            )
            kept = measurements(job)
            lost = broken_estimators(kept)
            codes.append(BROKEN if outcome.broken or lost else PAUSED if outcome.paused else 0)
            name = job.experiment.experiment
            answers.append({"experiment": name, "broken_estimators": lost, **counts(outcome)})
            if not quiet and not as_json:
                typer.echo(f"{name}: {counted(outcome)}")
                print_lines(f"  broken estimator: {told}" for told in lost)
            elif not as_json:
                _complain_of(job, outcome.broken, kept)
        if as_json:
            print_json(answers)
        return _worst(codes)


@leaving("what is stored is as it was. Run the same command again.")
def render(
    experiments: Names = None,
    gallery: Gallery = False,
    output: Output = OUTPUT,
    set_: Set = None,
    seed: Seed = None,
    paper: Paper = "a4",
    junit: Junit = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Write each report from the store; needs neither torch nor data.

    What a run that was stopped has left is told as not run. Of several experiments a summary is written too,
    one row a claim.
    """
    from reportgen.cli.answers.junit import require_file, write
    from reportgen.cli.answers.junit_suites import of_findings, without_report
    from reportgen.cli.answers.tables import answer
    from reportgen.cli.together import in_short
    from reportgen.workflow import require_folder, require_paper

    require_file(junit)
    require_paper(paper)
    asked = _ask(experiments, gallery, output, set_, seed, from_store=True, quiet=quiet)
    for job in asked.jobs:
        require_folder(job)
    entries, answers, suites, failed = [], [], [], Failed(asked)
    for job in asked.jobs:
        with failed.by_itself(job):
            findings = _press(job, quiet, keep=False, paper=paper, stopped=True)
            entries.append(in_short(findings))
            answers.append(answer(job, findings, None))
            suites.append(of_findings(findings))
            _tell(job, findings, None, quiet, as_json)
    code = _conclude(asked, entries, answers, failed, output, quiet, as_json, keep=False, paper=paper)
    write(junit, [*suites, *without_report(failed.causes, asked.left_out)])
    return code


def check(
    files: Files,
    output: Output = OUTPUT,
    set_: Set = None,
    seed: Seed = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Validate declarations; say what would run and what it costs."""
    from reportgen.cli.answers.tables import cost_lines, cost_row
    from reportgen.workflow import prepare, require_room

    rows, faults = [], []
    for name in files:
        try:
            job = prepare(name, output, _overrides(set_, seed))
            require_room(job)
            rows.append(cost_row(job))
        except ReportgenError as error:
            faults.append(str(error))
    for fault in faults:
        complain(fault, UsageError.exit_code)
    if as_json:
        print_json([{name: value for name, value in row.items() if name != "settings"} for row in rows])
    elif not quiet:
        for row in rows:
            print_lines(cost_lines(row))
    return UsageError.exit_code if faults else 0


def _ask(
    names: list[str] | None,
    gallery: bool,
    output: Path,
    set_: list[str] | None,
    seed: int | None,
    *,
    from_store: bool = False,
    quiet: bool,
) -> Asked:
    """All experiments, checked before the first is run."""
    from reportgen.cli.together import ask

    asked = ask(names, output, _overrides(set_, seed), gallery=gallery, from_store=from_store)
    for name, data in asked.left_out.items():
        if not quiet:
            typer.echo(
                f"{name}: left out, its data set {data} is not on this machine; "
                f"`reportgen data fetch {data}` brings it",
                err=True,
            )
    return asked


def _overrides(set_: list[str] | None, seed: int | None) -> list[str]:
    return [*(set_ or ()), *([] if seed is None else [f"seed={seed}"])]


def _require(asked: Asked, allow_code: bool, fresh: bool, device: str) -> None:
    """Leave and room, before anything is run of any of them."""
    from reportgen.workflow import require_allowed, require_room

    for job in asked.jobs:
        require_allowed(job, allow_code, fresh=fresh)
        require_room(job, fresh=fresh, device=device)


def _press(
    job: Job,
    quiet: bool,
    *,
    keep: bool,
    paper: str,
    lost: Sequence[BrokenRecord] = (),
    stopped: bool = False,
) -> Findings:
    from reportgen.workflow import press, records

    measured = records(job, lost, stopped=stopped)
    if not quiet:
        typer.echo(f"{job.experiment.experiment}: writing the report", err=True)
    return press(job, measured, keep=keep, paper=paper)


class Failed:
    """Experiments that came to no report: each is told at once, and the others go on."""

    def __init__(self, asked: Asked) -> None:
        self.alone = not asked.several
        self.codes: list[int] = []
        self.causes: dict[str, str] = {}
        """By experiment."""

    @contextmanager
    def by_itself(self, job: Job) -> Iterator[None]:
        """Keeps an error of this experiment's; what all of them would meet, a full disk, say, goes on."""
        try:
            yield
        except (RenderError, StoreError) as error:
            if isinstance(error, UnwritableError):
                raise
            name = job.experiment.experiment
            self.causes[name] = str(error)
            self.codes.append(complain(str(error) if self.alone else f"{name}: {error}", error.exit_code))


def _tell(job: Job, findings: Findings, outcome: Outcome | None, quiet: bool, as_json: bool) -> None:
    """One experiment's answer, to a person; with --quiet what broke alone."""
    from reportgen.cli.answers.tables import conclusion

    if not quiet and not as_json:
        print_lines(conclusion(job, findings, outcome))
    elif not as_json:
        _complain_of(job, findings.broken, findings.measurements)


def _complain_of(job: Job, cells: Iterable[BrokenRecord], records: Iterable[MeasurementRecord]) -> None:
    """With --quiet: what broke is an error, and told as one."""
    from reportgen.cli.answers.tables import broken_lines

    for told in broken_lines(cells, records):
        complain(f"{job.experiment.experiment}: {told}", BROKEN)


def _conclude(
    asked: Asked,
    entries: Sequence[Entry],
    answers: Sequence[dict[str, Any]],
    failed: Failed,
    output: Path,
    quiet: bool,
    as_json: bool,
    *,
    keep: bool,
    paper: str,
) -> int:
    """The exit code of all; where several were asked for, their summary is written."""
    from reportgen.cli.together import overall, summarize

    code = _worst([*failed.codes, *(of.exit_code for of in entries)])
    if asked.several:
        written: tuple[Path, ...] = ()
        if entries or failed.causes:
            if not quiet:
                typer.echo("writing the summary", err=True)
            written = summarize(asked, entries, failed.causes, output, exit_code=code, keep=keep, paper=paper)
        if written and not quiet and not as_json:
            typer.echo(f"summary: {written[0]}, {written[1]}")
        if as_json:
            print_json(overall(asked, answers, failed.causes, written, code))
    elif as_json and answers:
        print_json(answers)
    return code


def _worst(codes: Sequence[int]) -> int:
    return next((code for code in WORST_FIRST if code in codes), 0)
