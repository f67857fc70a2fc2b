"""A model that a user's own function makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

import torch

from reportgen.errors import CellError, UsageError
from reportgen.problems.materials import Materials
from reportgen.problems.own_checks import check
from reportgen.problems.own_model import Model, problem_of
from reportgen.problems.problem import Described, Problem
from reportgen.problems.scale_doubt import halved_scale
from reportgen.problems.seeding import seeded

PARTS = ("encoder", "x", "family", "prior", "log_likelihood")
"""What a full `Problem` is known by."""


def build(materials: Materials) -> Described:
    """Runs the file, calls the function and checks what it returns.

    Raises CellError where that is no model that can be measured.
    """
    settings = materials.settings
    text = str(settings["python"])
    made = called(materials, text)
    problem = as_problem(made, text)
    check(problem, str(settings["family"]), standard_prior=materials.closed_kl)
    points = tuple(range(problem.x.shape[0]))
    one_channel = problem.x.dim() == 4 and problem.x.shape[1] == 1
    shape = (problem.x.shape[2], problem.x.shape[3]) if one_channel else None
    return Described(problem, "none", points, shape, halved_scale(problem))


def called(materials: Materials, text: str) -> object:
    """What the user's function of this reference returns, called with `problem.arguments`.

    Global generators begin from the experiment's seed before the file is run and before it is called.
    Raises CellError where the code may not be run, or is not called so.
    """
    settings = materials.settings
    if materials.code is None:
        raise CellError(f"{text}: is code that was not allowed to run. Add --allow-code if you trust it.")
    recording = torch.is_grad_enabled()
    with seeded(materials.seed):
        function = materials.code(text)
    if not callable(function):
        raise CellError(f"{text}: must be a function, got {type(function).__name__}. Name what builds it.")
    _check_arguments(function, settings["arguments"], text)
    with seeded(materials.seed):
        made = function(**settings["arguments"])
    torch.set_num_threads(1)  # whatever the code asked for: sums differ with their number
    torch.set_grad_enabled(recording)
    return made


def _check_arguments(function: Callable[..., object], arguments: Mapping[str, object], text: str) -> None:
    try:
        expected = inspect.signature(function)
    except (TypeError, ValueError):  # a callable that does not say
        return
    try:
        expected.bind(**arguments)
    except TypeError as error:
        raise CellError(
            f"{text}: takes {expected}, {error}. Change problem.arguments, or the function."
        ) from error


def as_problem(made: object, text: str) -> Problem:
    """The problem that a `Model`, a tuple (encoder, decoder, x) or a full `Problem` stands for."""
    if isinstance(made, tuple) and len(made) == 3:
        made = Model(*made)
    try:
        if isinstance(made, Model):
            return problem_of(made)
    except UsageError as error:
        raise CellError(f"{text}: {error}") from error
    missing = [part for part in PARTS if not hasattr(made, part)]
    if missing:
        what = (
            f"a tuple of {len(made)}"
            if isinstance(made, tuple)
            else f"{type(made).__name__}, which has no {missing[0]}"
        )
        raise CellError(
            f"{text}: must give a reportgen.Model, a tuple (encoder, decoder, x) or a reportgen.Problem, got "
            f"{what}. Return reportgen.Model(encoder, decoder, x)."
        )
    problem: Problem = made  # type: ignore[assignment]
    return problem
