"""What a person sees while cells run: bars on a terminal, lines elsewhere, nothing if asked."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from reportgen.execution import Event, Listener

SETTLED = ("finished", "cached", "broken", "paused")
PATIENCE = 10.0
"""Seconds after which a log without a terminal gets a line even if no cell ended."""


@contextmanager
def progress(
    title: str, weights: Mapping[str, float], target: float, *, quiet: bool, stream: TextIO | None = None
) -> Iterator[Listener]:
    """A listener for the events of one run.

    `weights` is the expected cost of every cell, by key; `target` the declared
    precision. Writes to `stream`, standard error by default.
    """
    stream = stream or sys.stderr
    tally = Tally(weights)
    if quiet:
        yield lambda event: None
    elif stream.isatty():
        with _bars(title, tally, target, stream) as listener:
            yield listener
    else:
        yield Lines(title, tally, stream)


class Tally:
    """How far the whole run is, in expected cost, and how long the rest may take."""

    def __init__(self, weights: Mapping[str, float], clock: Callable[[], float] = monotonic) -> None:
        self.weights = dict(weights)
        self.clock = clock
        self.done = dict.fromkeys(self.weights, 0.0)
        self.cached: set[str] = set()
        self.settled: set[str] = set()
        self.last: dict[str, Event] = {}
        self.begun: float | None = clock()
        """When work began; None while workers start, until the first of them reports."""

    def note(self, event: Event) -> Event:
        """Records an event; returns its cell's latest event that has a precision, else the event itself."""
        if event.state == "cached":
            self.cached.add(event.key)
        elif event.state == "started" and not self.fraction:
            self.begun = None
        elif self.begun is None:
            self.begun = self.clock()
        if event.state in SETTLED:
            self.settled.add(event.key)
        self.done[event.key] = max(event.done, self.done.get(event.key, 0.0))
        if event.precision is not None:
            self.last[event.key] = event
        return self.last.get(event.key, event)

    @property
    def cells(self) -> int:
        """All cells of the plan."""
        return len(self.weights)

    @property
    def fraction(self) -> float:
        """Share of this run's work that is done, 0 … 1."""
        todo = {key: weight for key, weight in self.weights.items() if key not in self.cached}
        total = sum(todo.values())
        return sum(weight * self.done[key] for key, weight in todo.items()) / total if total else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the work done so far; None before there is enough of it."""
        fraction, elapsed = self.fraction, 0.0 if self.begun is None else self.clock() - self.begun
        return elapsed * (1.0 - fraction) / fraction if fraction > 0.02 and elapsed > 0.5 else None


class Lines:
    """Writes a line when a cell ends, and now and then in between."""

    def __init__(self, title: str, tally: Tally, stream: TextIO) -> None:
        self.title, self.tally, self.stream = title, tally, stream
        self.last = tally.clock()
        self.announced = False

    def __call__(self, event: Event) -> None:
        """Write what is worth a line."""
        known = self.tally.note(event)
        if event.state == "cached":
            return
        if not self.announced:
            self.announced = True
            to_do = self.tally.cells - len(self.tally.cached)
            kept = f", {len(self.tally.cached)} kept from before" if self.tally.cached else ""
            self._write(f"{self.title}: {many(to_do, 'cell')} to run{kept}")
        if event.state in SETTLED or self.tally.clock() - self.last >= PATIENCE:
            self._write(self._line(event, known))

    def _line(self, event: Event, known: Event) -> str:
        count = f"[{len(self.tally.settled)}/{self.tally.cells}]"
        what = f"{event.kind} {event.cell}"
        if event.state == "broken":
            return f"{count} {what}: broke, {event.cause}"
        if event.state == "paused":
            return f"{count} {what}: {event.cause}"
        facts = ["done"] if event.state == "finished" else [f"{event.done:.0%}"]
        if known.precision is not None:
            facts.append(reached(known.precision))
            facts.append(f"{known.replicates:,} {known.counted}")
        if event.state == "running" or len(self.tally.settled) < self.tally.cells:
            facts.append(f"{duration(self.tally.seconds_left)} left")
        return f"{count} {what}: {', '.join(facts)}"

    def _write(self, line: str) -> None:
        self.last = self.tally.clock()
        self.stream.write(f"{line}\n")
        self.stream.flush()


def reached(precision: float) -> str:
    """``precision 4.42%``, or that there is none yet."""
    return f"precision {precision:.2%}" if math.isfinite(precision) else "no precision yet"


def many(count: int, noun: str) -> str:
    """``1 cell``, ``3 cells``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """For people: ``8 s``, ``3 min 20 s``, ``1 h 05 min``."""
    if seconds is None:
        return "some time"
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


@contextmanager
def _bars(title: str, tally: Tally, target: float, stream: TextIO) -> Iterator[Listener]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[fact]}"),
        console=Console(file=stream),
        transient=True,
    )
    whole = bars.add_task(title, total=1.0, fact="")
    rows: dict[str, TaskID] = {}

    def listen(event: Event) -> None:
        known = tally.note(event)
        if event.state in SETTLED:
            if event.key in rows:
                bars.remove_task(rows.pop(event.key))
            if event.state == "broken":
                bars.console.print(f"{event.kind} {event.cell}: broke, {event.cause}", markup=False)
        else:
            if event.key not in rows:
                rows[event.key] = bars.add_task(f"  {event.kind} {event.cell}", total=1.0, fact="")
            fact = "" if known.precision is None else f"{reached(known.precision)} of {target:.2%}"
            bars.update(rows[event.key], completed=event.done, fact=fact)
        fact = f"{len(tally.settled)} of {tally.cells} cells, {duration(tally.seconds_left)} left"
        bars.update(whole, completed=tally.fraction, fact=fact)

    with bars:
        yield listen
