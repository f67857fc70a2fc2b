"""Estimators of one gradient, made by a function of the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from reportgen.errors import CellError, UsageError
from reportgen.problems.calling import made
from reportgen.problems.given import given
from reportgen.problems.materials import Materials
from reportgen.problems.problem import Described


def build(materials: Materials) -> Described:
    """Run the file, and call the function that returns the estimators.

    An estimator that raises an exception, or returns no gradient, is broken without affecting the others.
    Raises CellError if the code may not be run, lacks a function that the declaration names, or if all of
    them are broken.
    """
    text = str(materials.settings["gradients"])
    found = made(materials.code, text, materials.settings["arguments"], materials.seed)
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found):
        got = "other keys than text" if isinstance(found, Mapping) else type(found).__name__
        raise CellError(
            f'{text}: must return a mapping of names to functions, got {got}. Return {{"mine": function}}.'
        )
    for name in materials.functions:
        if name not in found:
            raise CellError(
                f"{text}: gives no function called {name!r}, which estimators names, but "
                f"{', '.join(map(repr, found)) or 'none'}. Change one of the two."
            )
        if not callable(found[name]):
            raise CellError(
                f"{text}: must give a function without arguments as {name!r}, got "
                f"{type(found[name]).__name__}. Write lambda: … around what it computes."
            )
    functions = {name: found[name] for name in materials.functions}

    @contextmanager
    def told() -> Iterator[None]:
        try:
            with materials.told():
                yield
        except UsageError as error:
            raise CellError(f"{text}: {error}") from error

    problem = given(functions, materials.functions[0], materials.seed, told)
    return Described(problem, "none", (0,))
