"""Data and drawing of figures with one line per estimator, over epochs, samples or settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from reportgen.figures.drafting.labels import end_labels, wrapped
from reportgen.figures.drafting.points import SIZE, curve
from reportgen.figures.drafting.style import Look
from reportgen.figures.drafting.table import Cell, Mark, Row
from reportgen.findings import Estimate

NOT_THERE = "not available: not measured there"
"""Status at a place on an axis where no measurement was planned."""


@dataclass(frozen=True)
class Line:
    """One estimator's values at the positions of an axis; missing ones are unavailable estimates."""

    label: str
    title: str
    look: Look
    estimates: tuple[Estimate, ...]

    @property
    def series(self) -> str:
        """An identifier of the line within its figure."""
        return f"{self.label}: {self.title}"

    @property
    def values(self) -> list[float]:
        """The estimates' values, NaN where one is missing."""
        return [e.value if e.available else math.nan for e in self.estimates]

    @property
    def bounds(self) -> tuple[list[float], list[float]]:
        """Lower and upper ends of the intervals, NaN where one is missing."""
        return (
            [e.low if e.available else math.nan for e in self.estimates],
            [e.high if e.available else math.nan for e in self.estimates],
        )

    @property
    def has_zero(self) -> bool:
        """Whether one of its values is zero, which a log axis cannot show."""
        return any(e.available and e.value == 0 for e in self.estimates)

    @property
    def drawable(self) -> bool:
        """Whether there is anything to draw on a log axis."""
        return any(math.isfinite(v) and v > 0 for v in self.values)


def extent(lines: Sequence[Line]) -> list[float]:
    """Every value and bound that an axis must include.

    Bounds more than a decade from their value, such as zero, would only flatten
    the figure, so the axis does not extend to them and the interval runs off it.
    """
    result: list[float] = []
    for line in lines:
        for value, *bounds in zip(line.values, *line.bounds, strict=True):
            if not (math.isfinite(value) and value > 0):
                continue
            result.append(value)
            result += [min(max(b, value / 10), value * 10) for b in bounds if math.isfinite(b)]
    return result


def draw_lines(
    ax: Axes, positions: Sequence[float], lines: Sequence[Line], size: float = SIZE, *, panel: int = 0
) -> None:
    """Draws each line with its intervals; values that a log axis cannot hold leave a gap.

    Its points correspond to rows of the figure's table, see `rows_of`.
    """
    for line in lines:
        values = [v if v > 0 else math.nan for v in line.values]
        low, high = line.bounds
        low = [max(bound, value / 1e6) for bound, value in zip(low, values, strict=True)]
        curve(ax, positions, values, low, high, line.look, size=size, series=line.series, panel=panel)


def rows_of(
    lines: Sequence[Line], places: Sequence[Cell], *, panel: int = 0, before: tuple[Cell, ...] = ()
) -> tuple[Row, ...]:
    """Rows for a table: the cells `before`, the line's title, the place on the axis, the estimate.

    A place where no measurement was planned has no row.
    """
    return tuple(
        Row((*before, line.title, place, estimate), Mark(line.series, index, panel))
        for line in lines
        for index, (place, estimate) in enumerate(zip(places, line.estimates, strict=True))
        if estimate.status != NOT_THERE
    )


def label_lines(
    ax: Axes, positions: Sequence[float], lines: Sequence[Line], notes: Sequence[str] = ()
) -> None:
    """Names each line at its last drawn point, with an optional note below the name."""
    ends: list[tuple[float, float, str, Look]] = []
    series = []
    for index, line in enumerate(lines):
        points = [(x, v) for x, v in zip(positions, line.values, strict=True) if math.isfinite(v) and v > 0]
        if points:
            note = f"\n{notes[index]}" if notes and notes[index] else ""
            ends.append((*points[-1], wrapped(line.title) + note, line.look))
            series.append(line.series)
    end_labels(ax, ends, series)
