"""One function a command; the exit codes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reportgen import __version__
from reportgen.cli.limits import Limits
from reportgen.cli.printing import complain as _complain
from reportgen.cli.printing import print_json as _print_json
from reportgen.cli.printing import print_lines as _print_lines
from reportgen.errors import ReportgenError, UsageError

if TYPE_CHECKING:
    from reportgen.cli.together import Asked
    from reportgen.execution import Outcome
    from reportgen.findings import Findings
    from reportgen.report import Entry
    from reportgen.store import BrokenRecord
    from reportgen.workflow import Job

BROKEN, PAUSED, INTERRUPTED, DEFECT = 4, 3, 130, 70
WORST_FIRST = (BROKEN, 1, 3, 2, 0)
"""Exit codes of several experiments: the first of these that occurs."""

app = typer.Typer(
    add_completion=False,
    context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="How noisy is this gradient estimator, really, and can I show it?",
)

Names = Annotated[
    list[str] | None, typer.Argument(metavar="EXPERIMENT…", help="A declaration's file, or a gallery name.")
]
Gallery = Annotated[bool, typer.Option("--gallery", help="Every experiment of the gallery.")]
Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="A declaration's file, or a gallery name.")]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="Where reports and the store go.")]
Paper = Annotated[str, typer.Option("--paper", metavar="SIZE", help="What the PDF is set for: a4 or letter.")]
Unused = Annotated[
    Path, typer.Option("--output", metavar="DIR", help="Taken as by every command; nothing goes there.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Old = Annotated[Path, typer.Argument(metavar="OLD", help="A report's folder, or its results.csv.")]
New = Annotated[Path, typer.Argument(metavar="NEW", help="The same, of the run to be judged.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a setting, such as measure.precision=5%; repeatable."
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Root of every random number.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", help="Workers; as many as cores if left out.")
]
ExecutorName = Annotated[str, typer.Option("--executor", metavar="NAME", help="processes or serial.")]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="Where models are trained and judged: cpu or cuda.")
]
Budget = Annotated[
    str | None,
    typer.Option("--budget", metavar="TIME", help="Stop after so long, 2h or 30m; the next run goes on."),
]
AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        help="Run the Python code that declarations name; nothing of it is run without.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure again what is stored.")]

OUTPUT = Path("output")


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry of the console script: run a command, print errors as one line each, exit."""
    try:
        code = app(args=None if arguments is None else list(arguments), standalone_mode=False)
    except ReportgenError as error:
        sys.exit(_complain(str(error), error.exit_code))
    except typer.TyperException as error:
        code = _complain(_usage(error), UsageError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except SystemExit:  # typer's answer to a closed pipe: who reads has read enough
        code = 0
    except Exception:
        traceback.print_exc()
        code = DEFECT
    if code == INTERRUPTED:
        _complain("interrupted; what was measured is kept. Run the same command to go on.", INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"reportgen {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)


@app.command()
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
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Run what is missing of each experiment, then write its report.

    Of several experiments a summary is written too, one row a claim.
    """
    from reportgen.cli.tables import answer, conclusion
    from reportgen.cli.together import in_short
    from reportgen.workflow import require_paper

    require_paper(paper)
    asked = _ask(experiments, gallery, output, set_, seed, quiet=quiet)
    limits = Limits.read(budget, device)
    _require_allowed(asked, allow_code, fresh)
    entries, answers = [], []
    for job in asked.jobs:
        outcome = _run(job, jobs, executor, fresh, quiet, allow_code, limits)
        findings = _press(job, quiet, keep=not fresh, paper=paper, paused=outcome.paused)
        entries.append(in_short(findings))
        answers.append(answer(job, findings, outcome))
        if not quiet and not as_json:
            _print_lines(conclusion(job, findings, outcome))
    return _conclude(asked, entries, answers, output, quiet, as_json, keep=not fresh, paper=paper)


@app.command()
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
    from reportgen.cli.tables import broken_estimators, counted, counts
    from reportgen.workflow import measurements

    answers, codes = [], []
    asked = _ask(experiments, gallery, output, set_, seed, quiet=quiet)
    limits = Limits.read(budget, device)
    _require_allowed(asked, allow_code, fresh)
    for job in asked.jobs:
        outcome = _run(job, jobs, executor, fresh, quiet, allow_code, limits)
        lost = broken_estimators(measurements(job))
        codes.append(BROKEN if outcome.broken or lost else PAUSED if outcome.paused else 0)
        name = job.experiment.experiment
        answers.append({"experiment": name, "broken_estimators": lost, **counts(outcome)})
        if not quiet and not as_json:
            typer.echo(f"{name}: {counted(outcome)}")
            _print_lines(f"  broken estimator: {told}" for told in lost)
    if as_json:
        _print_json(answers)
    return _worst(codes)


@app.command()
def render(
    experiments: Names = None,
    gallery: Gallery = False,
    output: Output = OUTPUT,
    set_: Set = None,
    seed: Seed = None,
    paper: Paper = "a4",
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Write each report from the store; needs neither torch nor data.

    Of several experiments a summary is written too, one row a claim.
    """
    from reportgen.cli.tables import answer, conclusion
    from reportgen.cli.together import in_short
    from reportgen.workflow import require_paper

    require_paper(paper)
    asked = _ask(experiments, gallery, output, set_, seed, from_store=True, quiet=quiet)
    entries, answers = [], []
    for job in asked.jobs:
        findings = _press(job, quiet, keep=False, paper=paper)
        entries.append(in_short(findings))
        answers.append(answer(job, findings, None))
        if not quiet and not as_json:
            _print_lines(conclusion(job, findings, None))
    return _conclude(asked, entries, answers, output, quiet, as_json, keep=False, paper=paper)


@app.command()
def compare(
    old: Old,
    new: New,
    output: Unused = OUTPUT,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Say what drifted between two finished runs, beyond their noise."""
    from reportgen.cli import drift_lines

    found = drift_lines.compare(old, new)
    if as_json:
        _print_json(drift_lines.answer(found))
    elif not quiet:
        _print_lines(drift_lines.lines(found))
    return found.exit_code


@app.command()
def check(
    files: Files,
    output: Output = OUTPUT,
    set_: Set = None,
    seed: Seed = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Validate declarations; say what would run and what it costs."""
    from reportgen.cli.tables import cost_lines, cost_row
    from reportgen.workflow import prepare

    rows, faults = [], []
    for name in files:
        try:
            rows.append(cost_row(prepare(name, output, _overrides(set_, seed))))
        except ReportgenError as error:
            faults.append(str(error))
    for fault in faults:
        _complain(fault, UsageError.exit_code)
    if as_json:
        _print_json([{name: value for name, value in row.items() if name != "settings"} for row in rows])
    elif not quiet:
        for row in rows:
            _print_lines(cost_lines(row))
    return UsageError.exit_code if faults else 0


@app.command("list")
def list_(output: Output = OUTPUT, quiet: Quiet = False, as_json: Json = False) -> None:
    """What a declaration can name; estimators × problems."""
    from reportgen.cli.matrix import lines, pairs
    from reportgen.cli.tables import aligned, folded, listing

    kinds, found = listing(), pairs()
    if as_json:
        _print_json({**kinds, "applicability": [pair.plain() for pair in found]})
    elif not quiet:
        for number, (kind, rows) in enumerate(kinds.items()):
            typer.echo(("\n" if number else "") + kind)
            _print_lines(folded(f"  {line}" for line in aligned(rows)))
        typer.echo("\nestimators × problems, each with its default settings")
        _print_lines(folded(f"  {line}" for line in lines(found)))


@app.command()
def doctor(output: Output = OUTPUT, quiet: Quiet = False, as_json: Json = False) -> int:
    """Say what is present, what is missing, and how to mend it."""
    from reportgen.doctor import examine

    checks = examine(output)
    if as_json:
        _print_json([_plain(item) for item in checks])
    elif not quiet:
        for item in checks:
            typer.echo(str(item))
    return 0 if all(item.ok for item in checks) else UsageError.exit_code


@app.command()
def schema(output: Unused = OUTPUT, quiet: Quiet = False) -> None:
    """Print the JSON Schema of a declaration, for editors."""
    from reportgen.declaration import json_schema

    if not quiet:
        _print_json(json_schema())


@app.command()
def init(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the experiment; NAME.yaml is written.")] = (
        "my-experiment"
    ),
    output: Unused = OUTPUT,
    quiet: Quiet = False,
) -> None:
    """Write a first experiment to start from."""
    from reportgen.declaration import first_experiment

    path = Path(f"{name.removesuffix('.yaml')}.yaml")
    text = first_experiment(path.stem)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path}: is there already. Choose another name, or delete it.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}). Choose another folder.") from None
    if not quiet:
        typer.echo(f"{path} is written. Next: reportgen report {path}")


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


def _require_allowed(asked: Asked, allow_code: bool, fresh: bool) -> None:
    """Before anything is run of any of them."""
    from reportgen.workflow import require_allowed

    for job in asked.jobs:
        require_allowed(job, allow_code, fresh=fresh)


def _run(
    job: Job, jobs: int | None, executor: str, fresh: bool, quiet: bool, allow_code: bool, limits: Limits
) -> Outcome:
    from reportgen.cli.progress import progress
    from reportgen.workflow import execute, expected_seconds

    experiment = job.experiment
    target = experiment.measure.precision
    with progress(experiment.experiment, expected_seconds(job), target, quiet=quiet) as listener:
        return execute(
            job,
            jobs=jobs,
            executor=executor,
            fresh=fresh,
            report=listener,
            allow_code=allow_code,
            budget=limits.left(),
            device=limits.device,
        )


def _press(job: Job, quiet: bool, *, keep: bool, paper: str, paused: Sequence[BrokenRecord] = ()) -> Findings:
    from reportgen.workflow import press, records

    measured = records(job, paused)
    if not quiet:
        typer.echo(f"{job.experiment.experiment}: writing the report", err=True)
    return press(job, measured, keep=keep, paper=paper)


def _conclude(
    asked: Asked,
    entries: Sequence[Entry],
    answers: Sequence[dict[str, Any]],
    output: Path,
    quiet: bool,
    as_json: bool,
    *,
    keep: bool,
    paper: str,
) -> int:
    """The exit code of all; where several were asked for, their summary is written."""
    from reportgen.cli.together import overall, summarize

    code = _worst([of.exit_code for of in entries])
    if asked.several:
        if not quiet:
            typer.echo("writing the summary", err=True)
        written = summarize(asked, entries, output, exit_code=code, keep=keep, paper=paper)
        if not quiet and not as_json:
            typer.echo(f"summary: {written[0]}, {written[1]}")
        if as_json:
            _print_json(overall(asked, answers, written, code))
    elif as_json:
        _print_json(answers)
    return code


def _worst(codes: Sequence[int]) -> int:
    return next((code for code in WORST_FIRST if code in codes), 0)


def _usage(error: typer.TyperException) -> str:
    message = getattr(error, "format_message", lambda: str(error))()
    return f"{message.rstrip('.')}. `reportgen --help` shows what there is." if message else ""


def _plain(item: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(item)
