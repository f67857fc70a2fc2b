"""The commands for experiments: report, run, render, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reportgen.cli.exit_codes import BROKEN, PAUSED, worst
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
from reportgen.errors import ReportgenError, UsageError

if TYPE_CHECKING:
    from reportgen.cli.together import Asked


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
    """Run what is not stored yet of each experiment; write its report.

    With several experiments, also write a summary with one row per claim. An experiment that yields no report
    does not stop the others.
    """
    from reportgen.cli.answers.junit import require_file
    from reportgen.cli.together import Reports
    from reportgen.workflow import require_paper

    require_file(junit)
    require_paper(paper)
    asked = _ask(experiments, gallery, output, set_, seed, quiet=quiet)
    limits = Limits.read(budget, device)
    _require(asked, allow_code, fresh, limits.device)
    reports = Reports(asked, paper=paper, keep=not fresh, quiet=quiet, as_json=as_json)
    with leaving(measuring(fresh=fresh)):
        for job in asked.jobs:
            with reports.by_itself(job):
                outcome = run_missing(
                    job, limits, jobs=jobs, executor=executor, fresh=fresh, allow_code=allow_code, quiet=quiet
                )
                reports.write(job, outcome)
        return reports.conclude(output, junit)


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
    """Run what is not stored yet of each experiment; write no report."""
    from reportgen.cli.answers.tables import broken_estimators, counted, counts
    from reportgen.cli.together import complain_of
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
                complain_of(job, outcome.broken, kept)
        if as_json:
            print_json(answers)
        return worst(codes)


@leaving("the store is unchanged. Run the same command again.")
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

    What a stopped run did not reach is reported as not run. With several experiments, also write a summary
    with one row per claim.
    """
    from reportgen.cli.answers.junit import require_file
    from reportgen.cli.together import Reports
    from reportgen.workflow import require_paper

    require_file(junit)
    require_paper(paper)
    asked = _ask(experiments, gallery, output, set_, seed, from_store=True, quiet=quiet)
    reports = Reports(asked, paper=paper, keep=False, quiet=quiet, as_json=as_json)
    for job in asked.jobs:
        with reports.by_itself(job):
            reports.write(job, None)
    return reports.conclude(output, junit)


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
    """The experiments asked for, all checked before the first is run."""
    from reportgen.cli.together import ask

    asked = ask(names, output, _overrides(set_, seed), gallery=gallery, from_store=from_store)
    for name, data in asked.left_out.items():
        if not quiet:
            typer.echo(
                f"{name}: left out, its data set {data} is not on this machine; "
                f"`reportgen data fetch {data}` downloads it",
                err=True,
            )
    return asked


def _overrides(set_: list[str] | None, seed: int | None) -> list[str]:
    return [*(set_ or ()), *([] if seed is None else [f"seed={seed}"])]


def _require(asked: Asked, allow_code: bool, fresh: bool, device: str) -> None:
    """Checks permission to run code, and memory, for all experiments before any is run."""
    from reportgen.workflow import require_allowed, require_room

    for job in asked.jobs:
        require_allowed(job, allow_code, fresh=fresh)
        require_room(job, fresh=fresh, device=device)
