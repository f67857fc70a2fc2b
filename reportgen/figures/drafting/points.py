"""Marks with their intervals, along a line or one by one, and their keys in a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import PAPER, Look
from reportgen.figures.drafting.table import Mark
from reportgen.findings.choice import evenly

SIZE = 4.4
"""Size of marks if there is room."""
FEW = 8
"""Number of marks on a crowded line that keep this size."""
DOT = 1.4
"""Size of the other marks on a crowded line."""
BAND = 0.35
"""Opacity of intervals on a crowded line."""


def curve(
    ax: Axes,
    x: Sequence[float],
    y: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    look: Look,
    *,
    line: bool = True,
    size: float = SIZE,
    series: str = "",
    panel: int = 0,
) -> None:
    """Marks with their intervals, joined by a line; NaN leaves a gap in the line.

    An infinite or missing bound is not drawn, but its mark is. If marks would cover
    one another and the line, most become dots on it, and the intervals a pale band.
    `series` and `panel` are those of its rows in the figure's table, one per position.
    """
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    lo, hi = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    drawn = np.isfinite(ys)
    bounded = drawn & np.isfinite(lo) & np.isfinite(hi)
    crowded = _crowded(ax, int(drawn.sum()), size)
    if line:
        (joined,) = ax.plot(xs, ys, color=look.colour, linestyle=look.dash, linewidth=1.3, zorder=2.5)
        mark(joined, "ink", series)
    if bounded.any():
        bars = np.stack([lo, hi, np.full_like(lo, np.nan)], axis=1)[bounded].ravel()
        (intervals,) = ax.plot(
            np.repeat(xs[bounded], 3),
            bars,
            color=look.colour,
            linewidth=1.1,
            alpha=BAND if crowded else None,
            solid_capstyle="butt",
            zorder=2.4 if crowded else 2.6,
        )
        mark(intervals, "bars", series)
    points = np.flatnonzero(drawn).tolist()
    large = list(evenly(points, FEW)) if crowded else points
    mark(_markers(ax, xs[large], ys[large], look, SIZE if crowded else size), "marks", series, large, panel)
    if small := [point for point in points if point not in large]:
        mark(_markers(ax, xs[small], ys[small], look, DOT, edge=0.0), "marks", series, small, panel)


def _crowded(ax: Axes, count: int, size: float) -> bool:
    """Whether `count` marks side by side would half cover one another at the axes' width before layout."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return count * size / 2 > ax.get_window_extent().width / figure.dpi * 72


def dot(
    ax: Axes,
    x: float,
    y: float,
    low: float,
    high: float,
    look: Look,
    *,
    size: float = 4.8,
    row: Mark,
) -> None:
    """One mark with a horizontal interval; `row` is its row in the figure's table."""
    if not math.isfinite(x):
        return
    if math.isfinite(low) and math.isfinite(high):
        (interval,) = ax.plot(
            [low, high], [y, y], color=look.colour, linewidth=1.4, solid_capstyle="butt", zorder=2.6
        )
        mark(interval, "bars", row.series)
    point = _markers(ax, [x], [y], look, size)
    mark(point, "marks", row.series, [row.index], row.panel)


def _markers(ax: Axes, x: ArrayLike, y: ArrayLike, look: Look, size: float, *, edge: float = 0.5) -> Line2D:
    (drawn,) = ax.plot(
        x,
        y,
        linestyle="none",
        marker=look.marker,
        markersize=marker_size(look, size),
        color=look.colour,
        markeredgecolor=PAPER,
        markeredgewidth=edge,
        zorder=3,
    )
    return drawn


def marker_size(look: Look, size: float) -> float:
    """The marker size that looks as large as `size`, since shapes of one nominal size look different."""
    return size * {"D": 0.86, "s": 0.92, "*": 1.4, "^": 1.08, "v": 1.08, "X": 1.12, "P": 1.1, "h": 1.1}.get(
        look.marker, 1.0
    )


def handle(look: Look, *, line: bool = True) -> Line2D:
    """A legend's key for a look."""
    return Line2D(
        [],
        [],
        color=look.colour,
        linestyle=look.dash if line else "none",
        linewidth=1.3,
        marker=look.marker,
        markersize=marker_size(look, 4.6),
        markeredgecolor=PAPER,
        markeredgewidth=0.5,
    )
