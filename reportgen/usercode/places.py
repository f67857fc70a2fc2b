"""Where in a user's own code something went wrong."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path

from reportgen.usercode.source import OURS, Source


def place_of(error: BaseException, sources: Iterable[Source]) -> str | None:
    """``my_vae.py:17``, the innermost line of the user's code that the error passed; None if it passed none.

    Lines of libraries that the user's code called, such as torch, do not count.
    """
    own = [(source, {file.resolve() for file in source.files}) for source in sources]
    for file, line in _passed(error):
        if any(file in files or source.holds(file) for source, files in own):
            return f"{file.name}:{line}"
    return None


def our_place(error: BaseException) -> str:
    """``meter.py:17``, the innermost line of reportgen that the error passed; empty if it passed none."""
    return next((f"{file.name}:{line}" for file, line in _passed(error) if file.is_relative_to(OURS)), "")


def _passed(error: BaseException) -> list[tuple[Path, int | None]]:
    """Files and lines that an error passed, the innermost first; a syntax error's own place comes first."""
    passed = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        passed.append((error.filename, error.lineno))
    return [(Path(name).resolve(), line) for name, line in reversed(passed)]


def noted(error: BaseException) -> str:
    """Notes added to the error, as in ``encoder, given x of shape [4 5]: ``; empty if there are none."""
    return "".join(f"{note}: " for note in getattr(error, "__notes__", ()))
