"""What a declaration's sweep makes of its sections."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from reportgen.declaration.experiment import Experiment
from reportgen.declaration.problems import Problem
from reportgen.declaration.section import Section


def swept_section(experiment: Experiment, path: str, value: Any) -> Section:
    """The section `path` belongs to, with one setting changed. Raises pydantic's ValidationError."""
    name, _, field = path.partition(".")
    section: Section = getattr(experiment, name)
    return type(section).model_validate(section.model_dump() | {field: value})


def problems_of(experiment: Experiment) -> list[Problem]:
    """The base setting's, then those that each swept value makes of it."""
    found = [experiment.problem]
    for path, values in experiment.swept.items():
        for value in values if path.startswith("problem.") else ():
            with suppress(ValidationError, AttributeError):  # such a value has a complaint of its own
                section = swept_section(experiment, path, value)
                found += [section] if isinstance(section, Problem) else []
    return found


def with_resolved_sweep(experiment: Experiment) -> Experiment:
    """Swept values as their settings resolve them: 1e1 is 10 for problem.latent."""
    resolved = tuple(
        {
            path: tuple(
                getattr(swept_section(experiment, path, value), path.partition(".")[2]) for value in values
            )
            for path, values in block.items()
        }
        for block in experiment.sweep
    )
    return experiment.model_copy(update={"sweep": resolved})
