"""A model that a user's own function makes."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch

from reportgen.errors import CellError, UsageError
from reportgen.problems.materials import Materials
from reportgen.problems.own_checks import check
from reportgen.problems.own_model import Model, problem_of
from reportgen.problems.problem import Described, Problem
from reportgen.streams import stream

PARTS = ("encoder", "x", "family", "prior", "log_likelihood")
"""What a full `Problem` is known by."""


def build(materials: Materials) -> Described:
    """Runs the file, calls the function and checks what it returns.

    Global generators begin from the experiment's seed before both, so that
    what is drawn there is the same in every process. Raises CellError where
    the code may not be run or does not give a model.
    """
    settings = materials.settings
    text = str(settings["python"])
    if materials.code is None:
        raise CellError(f"{text}: is code that was not allowed to run. Add --allow-code if you trust it.")
    recording = torch.is_grad_enabled()
    with seeded(materials.seed):
        function = materials.code(text)
    if not callable(function):
        raise CellError(f"{text}: must be a function that returns a model, got {type(function).__name__}.")
    _check_arguments(function, settings["arguments"], text)
    with seeded(materials.seed):
        made = function(**settings["arguments"])
    torch.set_num_threads(1)  # whatever the code asked for: sums differ with their number
    torch.set_grad_enabled(recording)
    problem = as_problem(made, text)
    check(problem, str(settings["family"]), standard_prior=materials.closed_kl)
    points = tuple(range(problem.x.shape[0]))
    one_channel = problem.x.dim() == 4 and problem.x.shape[1] == 1
    shape = (problem.x.shape[2], problem.x.shape[3]) if one_channel else None
    return Described(problem, "none", points, shape)


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


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's, numpy's and Python's generators begin from the seed, and are put back afterwards."""
    before, of_python = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=[]):
        word = int(stream(seed, "own model").integers(2**32))
        torch.manual_seed(word)
        begin(word)
        try:
            yield
        finally:
            np.random.set_state(before)
            random.setstate(of_python)


def begin(word: int) -> None:
    """Sets torch's, numpy's and Python's generators, all from these 32 bits; a GPU's where one is in use.

    A hundredth of the time of `torch.manual_seed`, which also leaves word for devices that are not.
    """
    torch.default_generator.manual_seed(word)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(word)
    np.random.seed(word)
    random.seed(word)
