"""A user's own object, or what their function makes: repeatable, since all that is random has one seed."""

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
    """The object of the reference `text`; with arguments, what that function returns, called with them.

    Global generators begin from the seed before the file is run and before the function is called.
    Raises CellError where the code may not be run, or is not called so.
    """
    if load is None:
        raise CellError(f"{text}: is code that was not allowed to run. Add --allow-code if you trust it.")
    recording = torch.is_grad_enabled()
    with seeded(seed):
        found = load(text)
    if arguments is not None:
        with seeded(seed):
            found = _function(found, arguments, text)(**arguments)
    torch.set_num_threads(1)  # whatever the code asked for: sums differ with their number
    torch.set_grad_enabled(recording)
    return found


def _function(found: object, arguments: Mapping[str, Any], text: str) -> Callable[..., object]:
    """What was found, if it can be called so. Raises CellError otherwise."""
    if not callable(found):
        raise CellError(f"{text}: must be a function, got {type(found).__name__}. Name what builds it.")
    try:
        expected = inspect.signature(found)
    except (TypeError, ValueError):  # a callable that does not say
        return found
    if (wrong := misfit(expected, arguments)) is not None:
        raise CellError(f"{text}: {wrong.text}")
    return found
