"""Several experiments in one call: which are meant, and what is said of all of them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportgen import workflow
from reportgen.declaration import gallery_names
from reportgen.errors import MissingDataError, UsageError
from reportgen.workflow import Job, writing_to

if TYPE_CHECKING:
    from reportgen.findings import Findings
    from reportgen.report import Entry


@dataclass(frozen=True)
class Asked:
    """The experiments of one call, ready to run or to render."""

    jobs: tuple[Job, ...]
    left_out: Mapping[str, str]
    """Of the gallery: experiment → its data set, where that is not on this machine."""
    words: tuple[str, ...]
    """What named them on the command line, options included."""

    @property
    def several(self) -> bool:
        """Whether more than one was asked for."""
        return len(self.jobs) + len(self.left_out) > 1

    @property
    def command(self) -> str:
        """What makes these reports and their summary again."""
        return shlex.join(["reportgen", "report", *self.words])


def ask(
    names: Sequence[str] | None,
    output: Path,
    overrides: Sequence[str],
    *,
    gallery: bool,
    from_store: bool = False,
) -> Asked:
    """Prepare the experiments named, and with `gallery` every other one that comes with reportgen.

    Of the gallery, an experiment is left out whose data set is not on this
    machine; one that is named is an error then. UsageError where none is
    named, or where two would write into one folder.
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
    options = [word for override in overrides for word in ("--set", override)]
    options += ["--allow-code"] if any(job.code.digests for job in jobs) else []
    return Asked(tuple(jobs), left_out, (*named, *(["--gallery"] if gallery else []), *options))


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


def in_short(findings: Findings) -> Entry:
    """What the summary needs of an experiment. The press is loaded here, after the measuring."""
    from reportgen.report import entry

    return entry(findings)


def summarize(
    asked: Asked,
    entries: Sequence[Entry],
    failed: Mapping[str, str],
    output: Path,
    *,
    exit_code: int,
    keep: bool,
    paper: str,
) -> tuple[Path, ...]:
    """Write the summary of these reports; its page, its PDF and its data. `failed` is experiment → cause."""
    from reportgen.report import render_summary

    with writing_to(output):
        return render_summary(
            entries,
            output,
            exit_code=exit_code,
            command=asked.command if paper == "a4" else f"{asked.command} --paper {paper}",
            left_out=asked.left_out,
            failed=failed,
            keep=keep,
            paper=paper,
        )


def overall(
    asked: Asked,
    answers: Sequence[Mapping[str, Any]],
    failed: Mapping[str, str],
    written: Sequence[Path],
    exit_code: int,
) -> dict[str, Any]:
    """The reports of one call in short, for programs."""
    return {
        "exit_code": exit_code,
        "summary": [str(path) for path in written],
        "experiments": list(answers),
        "left_out": [{"experiment": name, "data": data} for name, data in asked.left_out.items()],
        "failed": [{"experiment": name, "cause": cause} for name, cause in failed.items()],
    }
