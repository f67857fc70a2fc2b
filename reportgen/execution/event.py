"""What happens to a cell while an experiment runs, reported as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Literal

State = Literal["started", "running", "finished", "cached", "broken", "paused"]
Kind = Literal["training", "judging", "measuring"]


@dataclass(frozen=True)
class Event:
    """One piece of news about one cell."""

    cell: str
    """What is trained, judged or measured, for people."""
    key: str
    kind: Kind
    done: float
    """Fraction of the cell's work, 0 … 1."""
    precision: float | None
    """Largest relative half-width so far; None if nothing is measured yet, or at all."""
    replicates: int | None
    """Draws per image so far; likewise None."""
    state: State
    cause: str | None = None
    """Why the cell broke, or stopped before its end."""
    counted: str = "draws per data point"
    """What `replicates` counts."""


Listener = Callable[[Event], None]


class Reporter:
    """Passes events on from any thread, one at a time; late news of a settled cell is dropped."""

    def __init__(self, listener: Listener | None) -> None:
        self.listener = listener
        self.settled: set[str] = set()
        self.lock = Lock()

    def __call__(self, event: Event) -> None:
        """Pass on an event."""
        if self.listener is None:
            return
        with self.lock:
            if event.key in self.settled:
                return
            if event.state in ("finished", "cached", "broken", "paused"):
                self.settled.add(event.key)
                event = event if event.state == "paused" else replace(event, done=1.0)
            self.listener(event)
