"""`reportgen verify`: does a report agree with itself, and with a second run?"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reportgen.cli.interruption import leaving, measuring
from reportgen.cli.limits import Limits
from reportgen.cli.options import AllowCode, Device, ExecutorName, Jobs, Json, Junit, Quiet
from reportgen.cli.printing import print_json, print_lines
from reportgen.cli.running import run_missing
from reportgen.errors import UsageError

if TYPE_CHECKING:
    from reportgen.execution import Outcome
    from reportgen.verification import Evidence, Verification
    from reportgen.workflow import Job

Report = Annotated[Path, typer.Argument(metavar="REPORT.pdf", help="A report's PDF.")]
Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="DIR", help="Keep the evidence and the second run here."),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Measure at a fifth of the declared precision, and judge accordingly.")
]
Code = Annotated[
    Path | None,
    typer.Option(
        "--code", metavar="DIR", help="Folder of the author's own code; by default the current folder."
    ),
]

TEMPORARY = "reportgen-verify-"
"""Prefix of the name of the folder that is deleted when the command ends."""


def verify(
    report: Report,
    quick: Quick = False,
    output: Output = None,
    code: Code = None,
    jobs: Jobs = None,
    executor: ExecutorName = "processes",
    device: Device = "cpu",
    allow_code: AllowCode = False,
    junit: Junit = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Run a report's declaration again, and compare number by number."""
    from reportgen.cli.answers import verdict_lines
    from reportgen.cli.answers.junit import require_file, write
    from reportgen.cli.answers.junit_suites import of_verification
    from reportgen.verification import Verification, again, gather

    require_file(junit)
    evidence = gather(report)
    outcome: Outcome | None = None
    with _place(output) as folder:
        if evidence.readable:
            job = again(evidence, folder, quick=quick, code=code)
            outcome = _run(job, jobs, executor, device, allow_code, quiet)
            found = _judge(evidence, job, quick, quiet)
            if output is not None:
                _keep(found, job.folder)
        else:
            found = Verification(evidence)
        write(junit, [of_verification(found)])
        if as_json:
            print_json(verdict_lines.answer(found, outcome, quick=quick))
        elif not quiet:
            print_lines(verdict_lines.lines(found, outcome))
    return found.exit_code


@contextmanager
def _place(output: Path | None) -> Iterator[Path]:
    """The folder of the second run; without `output`, one that is deleted at the end."""
    if output is not None:
        with leaving(measuring(fresh=False)):
            yield output
        return
    from reportgen.store.files import abandoned, process_tag

    try:
        for left in filter(abandoned, Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*")):
            shutil.rmtree(left, ignore_errors=True)  # left by a process that was killed
        made = tempfile.TemporaryDirectory(prefix=TEMPORARY, suffix=f".{process_tag()}")
    except OSError as error:
        raise UsageError(
            f"verify: needs a temporary folder for the second run, and none can be made ({error.strerror}). "
            "Name one that can be written with TMPDIR, or keep the run with --output DIR."
        ) from error
    with (
        leaving("nothing is kept. With --output DIR the same command continues where it stopped."),
        made as folder,
    ):
        yield Path(folder)


def _run(job: Job, jobs: int | None, executor: str, device: str, allow_code: bool, quiet: bool) -> Outcome:
    from reportgen.workflow import require_allowed, require_room

    require_allowed(job, allow_code, fresh=False)
    require_room(job, device=device)
    limits = Limits.read(None, device)
    return run_missing(
        job, limits, jobs=jobs, executor=executor, fresh=False, allow_code=allow_code, quiet=quiet
    )


def _judge(evidence: Evidence, job: Job, quick: bool, quiet: bool) -> Verification:
    from reportgen.verification import judge

    if not quiet:
        typer.echo(f"{job.experiment.experiment}: laying out its pages again", err=True)
    return judge(evidence, job, quick=quick)


def _keep(found: Verification, folder: Path) -> None:
    """Writes the evidence as it was attached, and the files of the second run."""
    from reportgen.report.files import write

    kept = {f"evidence/{name}": content for name, content in found.evidence.files.items()}
    write(folder, kept | {f"again/{name}": content for name, content in found.files.items()})
