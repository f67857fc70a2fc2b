"""Loading a user's own object, or calling their function, with all random generators seeded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch

from reportgen.errors import CellError
from reportgen.problems.seeding import seeded
from reportgen.usercode import misfit


def made(
    load: Callable[[str], object] | None, text: str, arguments: Mapping[str, Any] | None, seed: int
) -> object:
    """The object that the reference `text` names or, given arguments, what it returns when called with them.

    Global generators are seeded before the file is run, and again before the function is called.
    Raises CellError if the code may not be run, or cannot be called with these arguments.
    """
    if load is None:
        raise CellError(f"{text}: is code that was not allowed to run. Add --allow-code if you trust it.")
    recording = torch.is_grad_enabled()
    with seeded(seed):
        found = load(text)
    if arguments is not None:
        with seeded(seed):
            found = _function(found, arguments, text)(**arguments)
    torch.set_num_threads(1)  # even if the code changed it: sums depend on the number of threads
    torch.set_grad_enabled(recording)
    return found


def _function(found: object, arguments: Mapping[str, Any], text: str) -> Callable[..., object]:
    """The object found, if it can be called with these arguments; raises CellError otherwise."""
    if not callable(found):
        raise CellError(f"{text}: must be a function, got {type(found).__name__}. Name what builds it.")
    try:
        expected = inspect.signature(found)
    except (TypeError, ValueError):  # a callable without a signature
        return found
    if (wrong := misfit(expected, arguments)) is not None:
        raise CellError(f"{text}: {wrong.text}")
    return found
