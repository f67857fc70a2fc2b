"""Preparing an experiment: it is found, read, checked and planned, and its store located; nothing is run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Signature
from pathlib import Path
from typing import TYPE_CHECKING

from reportgen.declaration import Experiment, find, load
from reportgen.errors import UsageError
from reportgen.plan import Cell, Plan, make_plan
from reportgen.store import Store
from reportgen.usercode import UserCode, misfit

if TYPE_CHECKING:
    from reportgen.datasets import Dataset, Table

STORE = ".store"
"""Folder under the output folder, shared by all experiments."""


@dataclass(frozen=True)
class Job:
    """An experiment that is ready to run or to render."""

    name: str
    """The name given by the user: a file, or a gallery name."""
    experiment: Experiment
    digest: str
    """SHA-256 of the data set; empty if there is none."""
    plan: Plan
    code: UserCode
    """The user's own code that the declaration names; none of it is run here."""
    store: Store
    folder: Path
    """The folder of the report."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, trainings first."""
        return self.plan.cells

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of everything that the numbers come from: the user's own code, and the data set."""
        data = self.experiment.problem.dataset
        return dict(self.code.digests) | ({data: self.digest} if data else {})

    @property
    def command(self) -> str:
        """The command line that makes this report again."""
        return command([self.name], self.experiment.overrides, code=bool(self.code.digests))

    @property
    def missing(self) -> tuple[Cell, ...]:
        """Cells without a finished record in the store."""
        return tuple(cell for cell in self.cells if not self.store.has(cell.key))


def command(words: Sequence[str], overrides: Sequence[str], *, code: bool) -> str:
    """The command line that makes the reports named by `words`; `code` allows the user's own code to run."""
    options = [word for override in overrides for word in ("--set", override)]
    return shlex.join(["reportgen", "report", *words, *options, *(["--allow-code"] if code else [])])


def prepare(name: str, output: Path, overrides: Sequence[str], *, from_store: bool = False) -> Job:
    """Find, read, check and plan the experiment that the user named. None of the user's own code is run.

    With `from_store`, the digest of the data set is the one noted in the store,
    so that the data set itself is not needed; likewise the digest of the user's
    own code if its file is gone.
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
    """`prepare` for an experiment that is already loaded; messages and commands call it `name`.

    The user's own code is looked for in `code_folder`, by default in the folder of the declaration.
    """
    _check_characters(name, experiment)
    store = Store(output / STORE)
    data = experiment.problem.dataset
    digest = store.dataset_digest(data) if from_store and data else None
    digest = _digest(experiment) if digest is None else digest
    code = _code(experiment, code_folder or experiment.folder, store if from_store else None)
    plan = make_plan(experiment, digest, code.digests)
    return Job(name, experiment, digest, plan, code, store, output / experiment.experiment)


def dataset_of(experiment: Experiment) -> Dataset | Table | None:
    """The experiment's data, read once per process; None if it needs none. Imports `datasets` only here."""
    from reportgen.datasets import held

    name = experiment.problem.dataset
    return held(name) if name else None


def _check_characters(name: str, experiment: Experiment) -> None:
    """Raise, before anything is measured, if the report's fonts lack characters that it would print."""
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


def _code(experiment: Experiment, folder: Path, noted: Store | None) -> UserCode:
    """Digests of the code that a declaration names; those noted in the store where a file is gone."""
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
    """Raise if the arguments declared at `place` do not fit the signature `expected`. Runs nothing."""
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
    """SHA-256 of the experiment's data, empty if it needs none; raises if they have too few test images."""
    from reportgen.datasets import Table

    dataset = dataset_of(experiment)
    if dataset is None or isinstance(dataset, Table):
        return "" if dataset is None else dataset.digest
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
