"""The steps the commands are made of: prepare an experiment, run it, read its records, press them."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from inspect import Signature
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.declaration import Experiment, find, load
from reportgen.errors import UsageError
from reportgen.plan import Cell, MeasurementCell, Plan, make_plan
from reportgen.store import FORMAT, BrokenRecord, JudgementRecord, MeasurementRecord, Record, Store
from reportgen.usercode import UserCode, misfit

if TYPE_CHECKING:
    from reportgen.datasets import Dataset, Table
    from reportgen.execution import Event, Outcome
    from reportgen.findings import Findings

PAPERS = ("a4", "letter")
"""What a PDF can be set for; the first where nothing is said."""
STORE = ".store"
"""Folder under the output folder, shared by all experiments."""


@dataclass(frozen=True)
class Job:
    """An experiment that is ready to run or to render."""

    name: str
    """As the person named it: a file, or a gallery name."""
    experiment: Experiment
    digest: str
    """Of the data set; empty where there is none."""
    plan: Plan
    code: UserCode
    """The user's own code that the declaration names; none of it is run here."""
    store: Store
    folder: Path
    """Where the report goes."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, trainings first."""
        return self.plan.cells

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of what the numbers come from: the user's own code, and the data set."""
        data = self.experiment.problem.dataset
        return dict(self.code.digests) | ({data: self.digest} if data else {})

    @property
    def command(self) -> str:
        """What makes this report again."""
        options = [word for override in self.experiment.overrides for word in ("--set", override)]
        options += ["--allow-code"] if self.code.digests else []
        return shlex.join(["reportgen", "report", self.name, *options])

    @property
    def missing(self) -> tuple[Cell, ...]:
        """Cells that are not finished."""
        return tuple(cell for cell in self.cells if not self.store.has(cell.key))


def prepare(name: str, output: Path, overrides: Sequence[str], *, from_store: bool = False) -> Job:
    """Find, read, check and plan the experiment a person names.

    Where `from_store`, the data set's digest is taken as the store noted it,
    so that the data set itself need not be there; and that of the user's own
    code where its file is gone. No code is run.
    """
    return planned(name, load(find(name), overrides), output, from_store=from_store)


def planned(
    name: str,
    experiment: Experiment,
    output: Path,
    *,
    from_store: bool = False,
    code_folder: Path | None = None,
) -> Job:
    """The same for an experiment at hand; `name` stands for it in messages and commands.

    The user's own code is looked for in `code_folder`; where the declaration lies if that is left out.
    """
    _check_characters(name, experiment)
    store = Store(output / STORE)
    data = experiment.problem.dataset
    digest = store.dataset_digest(data) if from_store and data else None
    if digest is None:
        digest = _digest(experiment) if data else ""
    code = _code(experiment, code_folder or experiment.folder, store if from_store else None)
    plan = make_plan(experiment, digest, code.digests)
    return Job(name, experiment, digest, plan, code, store, output / experiment.experiment)


def require_paper(name: str) -> None:
    """Raises UsageError for paper that a PDF cannot be set for."""
    if name not in PAPERS:
        raise UsageError(f"--paper: must be {' or '.join(PAPERS)}, got {name!r}. Choose one of them.")


def expected_seconds(job: Job) -> dict[str, float]:
    """Rough cost of every cell, by key; only for bars and estimates."""
    from reportgen.execution.cost import seconds_of

    data = job.experiment.problem.dataset
    return seconds_of(job.plan, _dataset(data) if data else None)


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
    """Run what is missing, and note digests for later rendering.

    Raises UsageError where that would run code of the user's own and
    `allow_code` is false, or where torch has no such device.
    """
    require_allowed(job, allow_code, fresh=fresh)
    from reportgen.execution import run
    from reportgen.execution.environment import require_device

    require_device(device)

    name = job.experiment.problem.dataset
    if name:
        job.store.note_dataset(name, _dataset(name).digest)
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
    """Raises UsageError where running the job means running the user's own code, which was not allowed."""
    if allow_code or not job.code.digests or not (fresh or job.missing):
        return
    named = " and ".join(job.code.digests)
    raise UsageError(
        f"{job.name}: would run {named}, which is Python code with all your rights, and was not allowed to; "
        f"nothing of it was run. Read it, then {remedy}."
    )


def require_room(job: Job, *, fresh: bool = False, device: str = "cpu") -> None:
    """Raises DeclarationError where a cell to be run surely needs more memory than this machine has.

    Not asked where cells run elsewhere. On a GPU are trainings and judgements: these are not looked at.
    """
    from reportgen.execution import room

    data = job.experiment.problem.dataset
    cells = [
        cell
        for cell in (job.cells if fresh else job.missing)
        if device == "cpu" or isinstance(cell, MeasurementCell)
    ]
    room.require_room(job.experiment, cells, _dataset(data) if data else None)


def records(job: Job, lost: Sequence[BrokenRecord] = (), *, stopped: bool = False) -> dict[str, Record]:
    """The records of all cells, broken ones included; `lost` stand for those that a run has not finished.

    UsageError where others are still to be measured; of a run that may have been `stopped` only where
    nothing is judged or measured yet, or a report of all cells is there: a slip in the options must not
    replace that by a part of another.
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
    """Whether a folder has a report of which no cell was left to be run."""
    from reportgen.findings.finished import MANIFEST

    try:
        return not json.loads((folder / MANIFEST).read_bytes())["cells"]["unfinished"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def measurements(job: Job) -> list[MeasurementRecord]:
    """What is measured of the plan, under its own names; cells that broke are left out."""
    from reportgen.findings import adopt

    found = ((job.store.find(cell.key), cell) for cell in job.plan.measurements)
    return [adopt(record, cell) for record, cell in found if isinstance(record, MeasurementRecord)]


def press(job: Job, measured: Mapping[str, Record], *, keep: bool, paper: str = PAPERS[0]) -> Findings:
    """Judge the records and write every file of the report. Imports no torch.

    With `keep`, a report that would come out the same is left as it is; `paper` is `a4` or `letter`.
    """
    from reportgen.findings import collect
    from reportgen.report import render

    findings = collect(job.experiment, job.plan, measured)
    with writing_to(job.folder):
        render(
            findings,
            job.folder,
            command=job.command if paper == PAPERS[0] else f"{job.command} --paper {paper}",
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
    """Raises UsageError where something else has the place of the report's folder."""
    if job.folder.exists() and not job.folder.is_dir():
        raise UsageError(
            f"{job.folder}: must be the report's folder, but is a file. "
            "Move it, or choose another folder with --output."
        )


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """A place that refuses to be written is the person's to change: UsageError."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder}: cannot be written ({error.strerror or error}). "
            "Choose another folder with --output."
        ) from error


def _check_characters(name: str, experiment: Experiment) -> None:
    """Whatever a report prints of a declaration, its fonts have: said before anything is measured."""
    listed: dict[tuple[str | int, ...], str | None] = {("title",): experiment.title}
    listed |= {("estimators", i, "label"): spec.label for i, spec in enumerate(experiment.estimators)}
    sentences: dict[tuple[str | int, ...], str | None] = {
        ("claims", i, field): getattr(claim, field)
        for i, claim in enumerate(experiment.claims)
        for field in ("quote", "statement", "source")
    }
    sentences |= {
        ("estimators", i, "words"): s.own.words for i, s in enumerate(experiment.estimators) if s.own
    }
    if (published := experiment.published) is not None:
        sentences |= {("published", field): getattr(published, field) for field in ("source", "comparable")}
    if all(text is None or text.isascii() for text in (name, *listed.values(), *sentences.values())):
        return
    from reportgen.glyphs import LISTED, TEXT, lacking

    if unknown := lacking(name):
        remedy = "Rename the file" if lacking(Path(name).name) else "Name it from its own folder"
        raise UsageError(f"{name}: a report cannot print {unknown} (U+{ord(unknown):04X}). {remedy}.")
    for texts, faces in ((listed, LISTED), (sentences, TEXT)):
        for path, text in texts.items():
            if unknown := lacking(text or "", faces):
                raise experiment.error(
                    path,
                    f"must be characters that the report’s fonts have, got {unknown} (U+{ord(unknown):04X}). "
                    "Write Latin or Greek letters, digits, punctuation or mathematics.",
                )


@lru_cache(maxsize=2)
def _dataset(name: str) -> Dataset | Table:
    from reportgen.datasets import find as find_data

    return find_data(name)


def _code(experiment: Experiment, folder: Path, noted: Store | None) -> UserCode:
    """Digests of the code that a declaration names; those that `noted` has where a file is gone."""
    digests: dict[str, str] = {}
    for place, reference in experiment.code.items():
        try:
            code = UserCode.read([reference], folder)
        except UsageError as error:
            digest = noted.code_digest(reference) if noted is not None else None
            if digest is None:
                raise experiment.error(place, str(error)) from error
            digests[reference] = digest
        else:
            _check_call(experiment, place, code.signature(reference))
            digests |= code.digests
    return UserCode(folder.resolve(), digests)


def _check_call(experiment: Experiment, place: tuple[str | int, ...], expected: Signature | None) -> None:
    """The arguments fit the function that `code` has at a place, as far as reading tells. Runs nothing."""
    arguments = experiment.arguments_of(place)
    if expected is None:
        return
    if arguments is None:
        raise experiment.error(
            place,
            f"must be a reportgen.Estimator, got a function that takes {expected}. "
            "If it makes one, add its arguments; {} if it needs none.",
        )
    if (wrong := misfit(expected, arguments)) is not None:
        at = (*place[:-1], "arguments", *wrong.unknown[:1])
        raise experiment.error(at, f"{experiment.code[place]} {wrong.text}")


def _digest(experiment: Experiment) -> str:
    from reportgen.datasets import Table

    assert experiment.problem.dataset is not None
    dataset = _dataset(experiment.problem.dataset)
    if isinstance(dataset, Table):
        return dataset.digest
    available = len(dataset.test)
    judged = None if experiment.judge is None else experiment.judge.images
    for section, wanted in (("measure", experiment.measure.images), ("judge", judged or 0)):
        if wanted > available:
            raise experiment.error(
                (section, "images"),
                f"the test part of {dataset.name} has {available} images, got {wanted}. "
                f"Use {available} or fewer.",
            )
    return dataset.digest
