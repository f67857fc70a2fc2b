"""Sections of a declaration with the values of its sweep put in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from reportgen.declaration.dotted import value_at, with_value
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.problems import Problem
from reportgen.declaration.section import Section

Block = Mapping[str, tuple[Any, ...]]


def section_with(experiment: Experiment, name: str, values: Mapping[str, Any]) -> Section:
    """A section of the declaration, `problem` or `train`, with other values at some of its paths.

    Raises pydantic's ValidationError, and KeyError if a path leads nowhere.
    """
    section: Section = getattr(experiment, name)
    plain = section.model_dump()
    for path, value in values.items():
        plain = with_value(plain, path.partition(".")[2], value)
    return type(section).model_validate(plain)


def swept_section(experiment: Experiment, block: Block, path: str, value: Any) -> Section:
    """The section that `path` belongs to, with this value there.

    If the value does not fit the other settings as they are declared, it is
    tried with the first values of the settings that the block sweeps along with
    it: a number of layers needs as many widths. Raises pydantic's
    ValidationError, and KeyError if the path leads nowhere.
    """
    name = path.partition(".")[0]
    try:
        return section_with(experiment, name, {path: value})
    except ValidationError:
        beside = {other: values[0] for other, values in _of(block, name).items() if values}
        with suppress(ValidationError, KeyError):
            return section_with(experiment, name, beside | {path: value})
        raise


def swept_value(section: Section, path: str) -> Any:
    """A swept setting as its section resolves it."""
    return value_at(section.model_dump(), path.partition(".")[2])


def combinations(block: Block, name: str) -> Iterator[dict[str, Any]]:
    """Every combination of a block's values for one section."""
    inside = _of(block, name)
    for values in itertools.product(*inside.values()):
        yield dict(zip(inside, values, strict=True))


def problems_of(experiment: Experiment) -> list[Problem]:
    """The problem of the base setting, then the problem with each swept value put in."""
    found = [experiment.problem]
    for block in experiment.sweep:
        for path, values in _of(block, "problem").items():
            for value in values:
                with suppress(ValidationError, KeyError):  # such a value has a complaint of its own
                    section = swept_section(experiment, block, path, value)
                    found += [section] if isinstance(section, Problem) else []
    return found


def with_resolved_sweep(experiment: Experiment) -> Experiment:
    """The experiment with swept values as their settings resolve them: 1e1 is 10 for problem.latent."""
    resolved = tuple(
        {
            path: tuple(swept_value(swept_section(experiment, block, path, value), path) for value in values)
            for path, values in block.items()
        }
        for block in experiment.sweep
    )
    return experiment.model_copy(update={"sweep": resolved})


def _of(block: Block, name: str) -> dict[str, tuple[Any, ...]]:
    return {path: values for path, values in block.items() if path.partition(".")[0] == name}
