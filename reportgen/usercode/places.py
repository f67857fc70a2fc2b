"""Where in a user's own code something went wrong."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path


def place_of(error: BaseException, files: Iterable[Path]) -> str | None:
    """``my_vae.py:17``, the innermost line of these files that the error passed; None where none."""
    own = {file.resolve() for file in files}
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).resolve() in own:
        return f"{Path(error.filename).name}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).resolve() in own:
            return f"{Path(frame.filename).name}:{frame.lineno}"
    return None


def noted(error: BaseException) -> str:
    """What was added on the way up, ``encoder, given x of shape [4 5]: ``; empty where nothing was."""
    return "".join(f"{note}: " for note in getattr(error, "__notes__", ()))
