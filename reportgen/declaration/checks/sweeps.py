"""Whether a sweep can be run: paths that are settings, values they can have, and values that fit together."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from typing import Any

from pydantic import ValidationError

from reportgen.declaration.checks.training import beyond, untrainable
from reportgen.declaration.companions import swept_settings
from reportgen.declaration.complaints import Complaint, Path, describe, suggestion
from reportgen.declaration.dotted import cell_text, identity, same_value
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.section import Section
from reportgen.declaration.swept import Block, combinations, section_with, swept_section, swept_value
from reportgen.declaration.train import TRAINING_SEED, Train

MOST_SETTINGS = 1000
"""Most settings that a sweep may have."""
_NOT_SWEPT = {
    "problem.data": "declare one experiment a data set",
    "problem.model": "declare one experiment a model",
    "problem.python": "declare one experiment a model",
    "problem.gradients": "declare one experiment a gradient",
    "problem.arguments": "sweep one of them that is declared, problem.arguments.width, say",
    "train.checkpoints": "every setting is measured at the checkpoints of measure.sweep_checkpoints",
}
_SEED_BEFORE = re.compile(r"train(\.after)+\.seed")


def _why_not_swept(path: str) -> str | None:
    if re.match(r"estimators\b", path):
        return "declare the estimator once a value, each with its label, and all see the same draws"
    if _SEED_BEFORE.fullmatch(path):
        return "sweep train.seed, which the training before it follows"
    return _NOT_SWEPT.get(path)


def check_sweep(experiment: Experiment) -> Iterator[Complaint]:
    """Every swept path is a setting, and every value is one it can have."""
    sections: dict[str, Section] = {"problem": experiment.problem}
    sections |= {"train": experiment.train} if experiment.problem.trained else {}
    paths = [path for name, section in sections.items() for path in _paths(section, name)]
    allowed = [path for path in paths if _why_not_swept(path) is None]
    blocks = [identity(block) for block in experiment.sweep]
    count = 0
    for i, block in enumerate(experiment.sweep):
        if not block:
            yield Complaint(("sweep", i), "must sweep a setting, got an empty mapping. Remove it.")
        elif (twin := blocks.index(blocks[i])) < i:
            yield Complaint(("sweep", i), f"is sweep[{twin}] again. Remove one.")
        spanned = 1
        faults: list[Complaint] = []
        for path, values in block.items():
            place: Path = ("sweep", i, path)
            if (why := _why_not_swept(path)) is not None:
                faults.append(Complaint(place, f"{path} cannot be swept: {why}."))
            elif path not in allowed:
                known = suggestion(path, allowed)
                roots = " or ".join(f"{name}.…" for name in sections)
                text = f"no setting has this path. A sweep is over {roots}. {known}"
                if re.fullmatch(r"problem\.arguments\.[^.]+", path) and experiment.problem.code is not None:
                    name = path.rpartition(".")[2]
                    text = (
                        f"no setting has this path: {name} has no value outside the sweep. Add it to "
                        "problem.arguments."
                    )
                faults.append(Complaint(place, text))
            elif not values:
                text = "must list at least one value, got an empty list. Add values, or remove it."
                faults.append(Complaint(place, text))
            else:
                faults += _check_values(experiment, block, place)
                spanned *= len(values)
        yield from faults
        if not faults and spanned <= MOST_SETTINGS:
            yield from _check_together(experiment, block, ("sweep", i))
        count += spanned
    if count > MOST_SETTINGS:
        yield Complaint(
            ("sweep",), f"spans {count} settings, at most {MOST_SETTINGS} are run. Shorten the lists."
        )


def check_written_apart(experiment: Experiment) -> Iterator[Complaint]:
    """No two settings read alike in results.csv, where a list in a list has no brackets.

    The values of the sweep must be resolved.
    """
    found: dict[tuple[str, ...], list[Any]] = {}
    for setting in swept_settings(experiment):
        values = list(setting.values())
        other = found.setdefault(tuple(map(cell_text, values)), values)
        if not same_value(values, other):
            told = next(cell_text(a) for a, b in zip(values, other, strict=True) if not same_value(a, b))
            text = f"has two settings that results.csv cannot tell apart: it writes {told} for both."
            yield Complaint(("sweep",), f"{text} Declare an experiment for each.")
            return


def _paths(section: Section, root: str) -> Iterator[str]:
    """Paths of all settings of a section, of the sections in it, and of arguments of a user's function."""
    for field in type(section).model_fields:
        inner = getattr(section, field)
        if isinstance(inner, Section):
            yield from _paths(inner, f"{root}.{field}")
        elif isinstance(inner, dict):
            yield f"{root}.{field}"
            yield from (f"{root}.{field}.{name}" for name in inner)
        else:
            yield f"{root}.{field}"


def _check_together(experiment: Experiment, block: Block, place: Path) -> Iterator[Complaint]:
    """Values that are swept together fit together; the first that do not are named."""
    for name in ("problem", "train"):
        for values in combinations(block, name):
            try:
                section_with(experiment, name, values)
            except ValidationError as error:
                detail = error.errors()[0]
                text = detail.get("ctx", {}).get("text", "these values do not fit together.")
                given = ", ".join(
                    f"{path} {value if isinstance(value, list) else describe(value)}"
                    for path, value in values.items()
                )
                remedy = "Values that belong together make a mapping of their own in a list."
                yield Complaint(place, f"{given}: {text} {remedy}")
                return


def _check_values(experiment: Experiment, block: Block, sweep: Path) -> Iterator[Complaint]:
    path = str(sweep[-1])
    built: set[Hashable] = set()
    for i, value in enumerate(block[path]):
        place: Path = (*sweep, i)
        try:
            section = swept_section(experiment, block, path, value)
        except ValidationError as error:
            for detail in error.errors():
                text = detail.get("ctx", {}).get("text", "is not a value this setting can have.")
                yield Complaint(place, f"{path} {text}")
            continue
        if isinstance(section, Train):
            yield from (
                Complaint(place, f"with this value train.checkpoints[{c.path[-1]}] {c.text}")
                for c in beyond(section)
            )
            yield from (Complaint(place, c.text) for c in untrainable(experiment.problem, section, ()))
        resolved = swept_value(section, path)
        if resolved is None and path == TRAINING_SEED:
            yield Complaint(place, f"{path} must be a whole number, got {describe(value)}. Write the seed.")
        if identity(resolved) in built:
            yield Complaint(place, f"must be new, got {describe(value)} twice. Remove one.")
        built.add(identity(resolved))
