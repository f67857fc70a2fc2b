"""A bar for who waits for a measurement in a terminal or a notebook."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reportgen.engine import MeasureProgress


@contextmanager
def watching(asked: bool, precision: float) -> Iterator[Callable[[MeasureProgress], None] | None]:
    """What the engine is to tell its news, None where nothing is `asked` for; the bar goes when it ends."""
    if not asked:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("measuring"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[fact]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task("", total=1.0, fact="")

    def tell(news: MeasureProgress) -> None:
        reached = f"{news.precision:.2%}" if math.isfinite(news.precision) else "none yet"
        fact = f"precision {reached} of {precision:.2%}, {news.replicates:,} draws"
        bar.update(task, completed=news.done, fact=fact)

    with bar:
        yield tell
