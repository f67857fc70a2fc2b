"""What a command says that was interrupted: what is kept of its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reportgen.errors import StoppedError

NOTHING_DONE = "nothing was changed."
"""Of a command that only reads, or that has not begun."""


@contextmanager
def leaving(kept: str) -> Iterator[None]:
    """Turns an interruption inside it into its one line, which says what is `kept`."""
    try:
        yield
    except KeyboardInterrupt:
        raise StoppedError(f"interrupted; {kept}") from None


def measuring(*, fresh: bool) -> str:
    """Of a command that measures, and what the same command does next."""
    again = "With --fresh the same command starts over." if fresh else "Run the same command to continue."
    return f"what was measured is kept. {again}"
