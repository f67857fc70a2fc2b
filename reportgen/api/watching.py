"""Progress bars for a measurement and for the cells of an experiment, in a terminal or a notebook."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from reportgen.engine import MeasureProgress
    from reportgen.execution import Event


@contextmanager
def watching(asked: bool, precision: float) -> Iterator[Callable[[MeasureProgress], None] | None]:
    """Yields what the engine calls with its progress, or None unless `asked`; the bar goes when it ends."""
    if not asked:
        yield None
        return
    bar = _bar()
    task = bar.add_task("measuring", total=1.0, fact="")

    def tell(news: MeasureProgress) -> None:
        reached = f"{news.precision:.2%}" if math.isfinite(news.precision) else "none yet"
        fact = f"precision {reached} of {precision:.2%}, {news.replicates:,} draws"
        bar.update(task, completed=news.done, fact=fact)

    with bar:
        yield tell


@contextmanager
def watching_cells(weights: Mapping[str, float]) -> Iterator[Callable[[Event], None]]:
    """Yields what a run calls with its events; `weights` has the expected cost of each cell, by key."""
    bar = _bar()
    task = bar.add_task("running", total=sum(weights.values()), fact="")
    done = dict.fromkeys(weights, 0.0)

    def tell(event: Event) -> None:
        done[event.key] = event.done
        share = sum(weights[key] * done[key] for key in weights)
        bar.update(task, completed=share, fact=f"{event.kind} {event.cell}")

    with bar:
        yield tell


def _bar() -> Progress:
    """On standard error, gone when it ends. A notebook without ipywidgets shows it as a terminal does."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if console.is_jupyter and find_spec("ipywidgets") is None:
        console = Console(stderr=True, force_jupyter=False, force_terminal=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[fact]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
