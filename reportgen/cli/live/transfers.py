"""What a person sees while files are fetched: a bar on a terminal, lines elsewhere, nothing if asked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO

from reportgen.cli.live.progress import PATIENCE
from reportgen.datasets.fetching import Tell


@contextmanager
def transfers(title: str, *, quiet: bool, stream: TextIO | None = None) -> Iterator[Tell]:
    """A listener for the files of one data set. Writes to `stream`, standard error by default."""
    stream = stream or sys.stderr
    if quiet:
        yield lambda name, done, total: None
    elif stream.isatty():
        with _bars(title, stream) as tell:
            yield tell
    else:
        yield Lines(title, stream)


class Lines:
    """Writes a line when a file begins and when it is whole, and now and then in between."""

    def __init__(self, title: str, stream: TextIO, clock: Callable[[], float] = monotonic) -> None:
        self.title, self.stream, self.clock = title, stream, clock
        self.name = ""
        self.last = clock()

    def __call__(self, name: str, done: int, total: int | None) -> None:
        """Write what is worth a line."""
        begun, ended = name != self.name, done == total
        if begun or ended or self.clock() - self.last >= PATIENCE:
            self.name, self.last = name, self.clock()
            self.stream.write(f"{self.title}: {name}: {amount(done, total)}\n")
            self.stream.flush()


def amount(done: int, total: int | None) -> str:
    """``3.1 of 9.9 MB``; ``3.1 MB`` if the whole size is not known."""
    return f"{done / 1e6:.1f} MB" if total is None else f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"


@contextmanager
def _bars(title: str, stream: TextIO) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn

    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[fact]}"),
        console=Console(file=stream),
        transient=True,
    )
    rows: dict[str, TaskID] = {}

    def tell(name: str, done: int, total: int | None) -> None:
        if name not in rows:
            rows[name] = bars.add_task(f"{title}: {name}", total=None, fact="")
        bars.update(rows[name], completed=done, total=total, fact=amount(done, total))

    with bars:
        yield tell
