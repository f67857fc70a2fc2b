"""The steps that the commands share: prepare an experiment, run it, read its records, write its report."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.errors import UsageError
from reportgen.job import Job, dataset_of, planned, prepare
from reportgen.plan import Cell, MeasurementCell
from reportgen.store import FORMAT, BrokenRecord, JudgementRecord, MeasurementRecord, Record

if TYPE_CHECKING:
    from reportgen.execution import Event, Outcome
    from reportgen.findings import Findings

__all__ = [
    "PAPERS",
    "Job",
    "execute",
    "expected_seconds",
    "measurements",
    "on_paper",
    "planned",
    "prepare",
    "press",
    "records",
    "require_allowed",
    "require_folder",
    "require_paper",
    "require_room",
    "writing_to",
]

PAPERS = ("a4", "letter")
"""Paper sizes of the PDF; the first is the default."""


def require_paper(name: str) -> None:
    """Raises UsageError for a paper size that is not one of `PAPERS`."""
    if name not in PAPERS:
        raise UsageError(f"--paper: must be {' or '.join(PAPERS)}, got {name!r}. Choose one of them.")


def on_paper(command: str, paper: str) -> str:
    """A command with the option for this paper size, which the default does without."""
    return command if paper == PAPERS[0] else f"{command} --paper {paper}"


def expected_seconds(job: Job) -> dict[str, float]:
    """Roughly expected seconds of every cell, by key; only for progress bars and estimates."""
    from reportgen.execution.cost import seconds_of

    return seconds_of(job.plan, dataset_of(job.experiment))


def execute(
    job: Job,
    *,
    jobs: int | None,
    executor: str | Executor,
    fresh: bool,
    report: Callable[[Event], None] | None,
    allow_code: bool = False,
    budget: float = math.inf,
    device: str = "cpu",
) -> Outcome:
    """Runs what is missing, and notes digests for later rendering.

    Raises UsageError if that would run the user's own code and `allow_code` is
    false, or if torch has no such device.
    """
    require_allowed(job, allow_code, fresh=fresh)
    from reportgen.execution import run
    from reportgen.execution.environment import require_device

    require_device(device)

    name = job.experiment.problem.dataset
    if name:
        job.store.note_dataset(name, job.digest)
    for reference, digest in job.code.digests.items():
        job.store.note_code(reference, digest)
    return run(
        job.experiment,
        job.plan,
        job.store,
        jobs=jobs,
        executor=executor,
        fresh=fresh,
        report=report,
        code=job.code if allow_code else None,
        budget=budget,
        device=device,
    )


def require_allowed(job: Job, allow_code: bool, *, fresh: bool, remedy: str = "add --allow-code") -> None:
    """Raises UsageError if running the job would run the user's own code, and that was not allowed."""
    if allow_code or not job.code.digests or not (fresh or job.missing):
        return
    named = " and ".join(job.code.digests)
    raise UsageError(
        f"{job.name}: would run {named}, which is Python code with all your permissions, and was not "
        f"allowed to; none of it was run. Read it, then {remedy}."
    )


def require_room(job: Job, *, fresh: bool = False, device: str = "cpu") -> None:
    """Raises DeclarationError if a cell that would be run certainly needs more memory than this machine has.

    Not to be called if cells run on other machines. Trainings and judgements on a GPU are not checked.
    """
    from reportgen.execution import room

    cells = [
        cell
        for cell in (job.cells if fresh else job.missing)
        if device == "cpu" or isinstance(cell, MeasurementCell)
    ]
    room.require_room(job.experiment, cells, dataset_of(job.experiment))


def records(job: Job, lost: Sequence[BrokenRecord] = (), *, stopped: bool = False) -> dict[str, Record]:
    """The record of every cell, by key; `lost` has those of cells that broke or ran out of time just now.

    Raises UsageError if a cell has no record. With `stopped`, for a run that may have been stopped, such
    cells are recorded as not run instead, unless nothing is judged or measured yet, or the folder has a
    report of all cells: a slip in the options must not replace that with an incomplete other one.
    """
    found: dict[str, Record] = {}
    absent: list[Cell] = []
    unfinished = {record.key: record for record in lost}
    for cell in job.cells:
        record = unfinished.get(cell.key) or job.store.find(cell.key)
        if record is None:
            absent.append(cell)
        else:
            found[cell.key] = record
    told = any(isinstance(record, JudgementRecord | MeasurementRecord) for record in found.values())
    if stopped and absent and told and not _is_finished(job.folder):
        from reportgen.execution.task import broken

        return found | {
            cell.key: broken(cell, "the run was stopped before it", paused=True) for cell in absent
        }
    if absent:
        raise UsageError(
            f"{job.name}: {len(absent)} of {len(job.cells)} cells are not measured in {job.store.root}. "
            f"Run `reportgen run {job.name}` with the same options first."
        )
    return found


def _is_finished(folder: Path) -> bool:
    """Whether a folder has a report in which no cell is unfinished."""
    from reportgen.findings.finished import MANIFEST

    try:
        return not json.loads((folder / MANIFEST).read_bytes())["cells"]["unfinished"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def measurements(job: Job) -> list[MeasurementRecord]:
    """The stored measurements of the plan, with its own labels; cells without one are left out."""
    from reportgen.findings import adopt

    found = ((job.store.find(cell.key), cell) for cell in job.plan.measurements)
    return [adopt(record, cell) for record, cell in found if isinstance(record, MeasurementRecord)]


def press(job: Job, measured: Mapping[str, Record], *, keep: bool, paper: str = PAPERS[0]) -> Findings:
    """Judges the records and writes every file of the report. Imports no torch.

    With `keep`, a report that would come out the same is left as it is; `paper` is `a4` or `letter`.
    """
    from reportgen.findings import collect
    from reportgen.report import render

    findings = collect(job.experiment, job.plan, measured)
    with writing_to(job.folder):
        render(
            findings,
            job.folder,
            command=on_paper(job.command, paper),
            data=job.digests,
            store_info={"format": FORMAT, "cells": len(measured)},
            inputs=(
                job.experiment.text,
                *job.experiment.overrides,
                *map(job.store.identity, measured),
                *(record.cause for record in measured.values() if isinstance(record, BrokenRecord)),
            ),
            keep=keep,
            paper=paper,
        )
    return findings


def require_folder(job: Job) -> None:
    """Raises UsageError if the report's folder exists and is not a folder."""
    if job.folder.exists() and not job.folder.is_dir():
        raise UsageError(
            f"{job.folder}: must be the report's folder, but is a file. "
            "Move it, or choose another folder with --output."
        )


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turns an OSError into a UsageError: a path that cannot be written is for the user to change."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder}: cannot be written ({error.strerror or error}). "
            "Choose another folder with --output."
        ) from error
