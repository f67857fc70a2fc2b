"""What an interrupted command says: how much of its work is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reportgen.errors import StoppedError

NOTHING_DONE = "nothing was changed."
"""Said by a command that only reads, or that has not begun."""


@contextmanager
def leaving(kept: str) -> Iterator[None]:
    """Turns an interruption inside it into a StoppedError, whose line says what is `kept`."""
    try:
        yield
    except KeyboardInterrupt:
        raise StoppedError(f"interrupted; {kept}") from None


def measuring(*, fresh: bool) -> str:
    """What is kept by a command that measures, and what the same command does next."""
    again = "With --fresh the same command starts over." if fresh else "Run the same command to continue."
    return f"what was measured is kept. {again}"
