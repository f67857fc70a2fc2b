"""A model made by a function of the user's own."""

from __future__ import annotations

from reportgen.errors import CellError, UsageError
from reportgen.problems.calling import made
from reportgen.problems.materials import Materials
from reportgen.problems.own_checks import check
from reportgen.problems.own_model import Model, problem_of
from reportgen.problems.problem import Described, Problem
from reportgen.problems.scale_doubt import halved_scale

PARTS = ("encoder", "x", "family", "prior", "log_likelihood")
"""The attributes by which a full `Problem` is recognised."""


def build(materials: Materials) -> Described:
    """Run the file, call the function and check what it returns.

    Raises CellError if that is not a model that can be measured.
    """
    settings = materials.settings
    text = str(settings["python"])
    problem = as_problem(made(materials.code, text, settings["arguments"], materials.seed), text)
    check(problem, str(settings["family"]), standard_prior=materials.closed_kl)
    points = tuple(range(problem.x.shape[0]))
    one_channel = problem.x.dim() == 4 and problem.x.shape[1] == 1
    shape = (problem.x.shape[2], problem.x.shape[3]) if one_channel else None
    return Described(problem, "none", points, shape, halved_scale(problem))


def as_problem(found: object, text: str) -> Problem:
    """The problem that a `Model`, a tuple (encoder, decoder, x) or a full `Problem` stands for."""
    if isinstance(found, tuple) and len(found) == 3:
        found = Model(*found)
    try:
        if isinstance(found, Model):
            return problem_of(found)
    except UsageError as error:
        raise CellError(f"{text}: {error}") from error
    missing = [part for part in PARTS if not hasattr(found, part)]
    if missing:
        what = (
            f"a tuple of {len(found)}"
            if isinstance(found, tuple)
            else f"{type(found).__name__}, which has no {missing[0]}"
        )
        raise CellError(
            f"{text}: must give a reportgen.Model, a tuple (encoder, decoder, x) or a reportgen.Problem, got "
            f"{what}. Return reportgen.Model(encoder, decoder, x)."
        )
    problem: Problem = found  # type: ignore[assignment]
    return problem
