"""An experiment made ready: found, read, checked and planned, with where it is stored. None of it is run."""

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
        return command([self.name], self.experiment.overrides, code=bool(self.code.digests))

    @property
    def missing(self) -> tuple[Cell, ...]:
        """Cells that are not finished."""
        return tuple(cell for cell in self.cells if not self.store.has(cell.key))


def command(words: Sequence[str], overrides: Sequence[str], *, code: bool) -> str:
    """What makes the reports that `words` name; `code` is whether code of the user's own is run for them."""
    options = [word for override in overrides for word in ("--set", override)]
    return shlex.join(["reportgen", "report", *words, *options, *(["--allow-code"] if code else [])])


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
    digest = _digest(experiment) if digest is None else digest
    code = _code(experiment, code_folder or experiment.folder, store if from_store else None)
    plan = make_plan(experiment, digest, code.digests)
    return Job(name, experiment, digest, plan, code, store, output / experiment.experiment)


def dataset_of(experiment: Experiment) -> Dataset | Table | None:
    """Its data, read once a process; None where it needs none. Their room is entered where they are asked."""
    from reportgen.datasets import held

    name = experiment.problem.dataset
    return held(name) if name else None


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
    """Of its data, where their test part has as many images as are asked for; empty where it needs none."""
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
