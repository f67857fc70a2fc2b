"""Axes as this report wants them: honest logarithms, epochs, marks with intervals, end labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from reportgen.figures.marking import mark
from reportgen.figures.style import GRID, INK, LEADING, MUTED, PAPER, SMALL, Look
from reportgen.figures.table import Mark
from reportgen.findings import prose


def power_of_ten(exponent: int) -> str:
    """10ⁿ as text; 1 and 10 are written out."""
    return {0: "1", 1: "10"}.get(exponent, f"10{prose.superscript(exponent)}")


def plain(value: float) -> str:
    """A tick value without needless digits: 0.05, 2, 1500, 15 000."""
    if value == 0:
        return "0"
    digits = max(0, 5 - math.floor(math.log10(abs(value))))
    text = prose.fixed(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text


def log_ticks(low: float, high: float, room: int = 7) -> tuple[list[float], list[str], list[float]]:
    """Ticks of a log axis between two positive limits: major values, their labels, minor values.

    Over two decades or more only powers of ten are labelled, thinned to a
    regular step so that at most `room` remain; over less, 1, 2 and 5 (or
    every round step) are, so that an axis never has fewer than two labels.
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    exponents = list(range(first, last + 1))
    if math.log10(high / low) >= 2 and len(exponents) >= 2:
        step = next(s for s in (1, 2, 3, 4, 5, 10, 20, 50, 100) if len(exponents) / s <= room)
        major = [e for e in exponents if e % step == 0]
        minor = (
            [m * 10.0**e for e in range(first - 1, last + 1) for m in range(2, 10)]
            if step == 1
            else [10.0**e for e in exponents if e % step]
        )
        written = major[0] >= -3 and major[-1] <= 4
        labels = [plain(10.0**e) if written else power_of_ten(e) for e in major]
        values = [10.0**e for e in major]
    else:
        values = []
        for steps in (
            (1, 2, 5),
            tuple(range(1, 10)),
            tuple(np.arange(1, 10, 0.5)),
            tuple(np.arange(1, 10, 0.1)),
        ):
            values = [m * 10.0**e for e in range(first - 1, last + 1) for m in steps]
            values = [v for v in values if low * (1 - 1e-9) <= v <= high * (1 + 1e-9)]
            if len(values) >= 3:
                break
        values = apart(values[:: max(1, math.ceil(len(values) / room))], 0.07 * math.log10(high / low))
        labels = [plain(v) for v in values] if -4 < math.log10(low) < 5 else [scientific(v) for v in values]
        minor = [m * 10.0**e for e in range(first - 1, last + 1) for m in range(2, 10)]
    inside = [v for v in minor if low <= v <= high and not any(math.isclose(v, w) for w in values)]
    return values, labels, inside


def apart(values: Sequence[float], least: float) -> list[float]:
    """Ticks at least so far from one another (log10); of two that are closer the rounder stays."""
    kept: list[float] = []
    for value in values:
        if kept and math.log10(value / kept[-1]) < least:
            if len(plain(value)) < len(plain(kept[-1])):
                kept[-1] = value
        else:
            kept.append(value)
    return kept


def scientific(value: float) -> str:
    """2.5·10⁻⁶."""
    exponent = math.floor(math.log10(value) + 1e-12)
    return f"{plain(value / 10.0**exponent)}·{power_of_ten(exponent)}"


def log_axis(
    ax: Axes,
    which: str,
    values: Sequence[float],
    *,
    pad: float = 0.06,
    room: int = 7,
    minors: bool = True,
    switch: bool = True,
) -> None:
    """Makes axis "x" or "y" logarithmic, just wide enough for the positive finite `values`.

    At least a third of a decade is shown, so that noise is not stretched to
    fill the panel. Majors get a faint grid. With `switch` a page may lay the
    axis out again, without the logarithm.
    """
    usable = [v for v in values if math.isfinite(v) and v > 0] or [1.0, 10.0]
    low, high = math.log10(min(usable)), math.log10(max(usable))
    margin = max(pad * (high - low), (1 / 3 - (high - low)) / 2, 0.02)
    low, high = 10.0 ** (low - margin), 10.0 ** (high + margin)
    major, labels, minor = log_ticks(low, high, room)
    axis = ax.yaxis if which == "y" else ax.xaxis
    if which == "y":
        ax.set_yscale("log")
        ax.set_ylim(low, high)
    else:
        ax.set_xscale("log")
        ax.set_xlim(low, high)
    axis.set_major_locator(FixedLocator(major))
    axis.set_major_formatter(FixedFormatter(labels))
    axis.set_minor_locator(NullLocator())
    ticks = minor_ticks(ax, which, minor) if minors else None
    if switch:
        mark(ax, "log-y" if which == "y" else "log-x")
        mark(axis, "scale")
        mark(axis.label, "name")
        if ticks is not None:
            mark(ticks, "scale")
    ax.grid(
        visible=True, which="major", axis="y" if which == "y" else "x", color=INK, alpha=GRID, linewidth=0.5
    )


def minor_ticks(ax: Axes, which: str, values: Sequence[float]) -> Line2D | None:
    """Ticks without labels as one artist; matplotlib's own would be several objects each."""
    if not values:
        return None
    where, edge = list(values), [0.0] * len(values)
    (ticks,) = ax.plot(
        *((edge, where) if which == "y" else (where, edge)),
        linestyle="none",
        color=INK,
        markersize=1.7,
        marker=TICKLEFT if which == "y" else TICKDOWN,
        markeredgewidth=0.4,
        clip_on=False,
        transform=ax.get_yaxis_transform() if which == "y" else ax.get_xaxis_transform(),
    )
    return ticks


def linear_grid(ax: Axes, which: str) -> None:
    """A faint grid at the majors of a linear axis."""
    ax.grid(
        visible=True, which="major", axis="y" if which == "y" else "x", color=INK, alpha=GRID, linewidth=0.5
    )


def is_decades(values: Sequence[float]) -> bool:
    """Whether ascending values are better seen on a log scale: positive, and over more than a decade."""
    return values[0] > 0 and values[-1] > 10 * values[0]


def setting_axis(ax: Axes, values: Sequence[float], *, most: int = 8) -> None:
    """The axis of a swept setting: logarithmic where its values are positive and span more than a decade.

    Few values are labelled themselves; of many, round ones, and of whole numbers whole ones.
    """
    first, last = values[0], values[-1]
    if is_decades(values):
        ax.set_xscale("log")
        reach = (last / first) ** 0.04
        ax.set_xlim(first / reach, last * reach)
        ticks, labels, minor = log_ticks(first, last)
        if len(values) <= most:
            ticks, labels, minor = list(values), [plain(value) for value in values], []
        ax.xaxis.set_major_locator(FixedLocator(ticks))
        ax.xaxis.set_major_formatter(FixedFormatter(labels))
        ax.xaxis.set_minor_locator(NullLocator())
        minor_ticks(ax, "x", minor)
    else:
        margin = 0.04 * (last - first)
        ax.set_xlim(first - margin, last + margin)
        whole = all(float(value).is_integer() for value in values)
        ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10], integer=whole))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(round(value, 9))))


def epoch_position(epoch: float) -> float:
    """Where an epoch stands: log(1 + epoch), so that 0 has a place and early epochs have room."""
    return math.log1p(epoch)


def epoch_axis(ax: Axes, epochs: Sequence[int], label: str = "epoch", *, closest: float = 0.06) -> None:
    """Labels the measured epochs (or steps) and nothing between them; drops labels that would touch."""
    positions = [epoch_position(e) for e in epochs]
    span = (positions[-1] - positions[0]) or 2.0
    kept: list[int] = []
    for index in (0, len(epochs) - 1, *range(1, len(epochs) - 1)):
        if index not in kept and all(abs(positions[index] - positions[k]) >= closest * span for k in kept):
            kept.append(index)
    kept.sort()
    ax.set_xlim(positions[0] - 0.035 * span, positions[-1] + 0.035 * span)
    ax.xaxis.set_major_locator(FixedLocator([positions[i] for i in kept]))
    ax.xaxis.set_major_formatter(FixedFormatter([prose.count(epochs[i]) for i in kept]))
    minor_ticks(ax, "x", [p for i, p in enumerate(positions) if i not in kept])
    ax.set_xlabel(label)


def curve(
    ax: Axes,
    x: Sequence[float],
    y: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    look: Look,
    *,
    line: bool = True,
    size: float = 4.4,
    series: str = "",
    panel: int = 0,
) -> None:
    """Marks with their intervals, joined by a line; NaN leaves a gap in the line.

    An infinite or missing bound is not drawn; the mark still is. `series` and
    `panel` are those of its rows in the figure's table, one a position.
    """
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    lo, hi = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    drawn = np.isfinite(ys)
    bounded = drawn & np.isfinite(lo) & np.isfinite(hi)
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
            solid_capstyle="butt",
            zorder=2.6,
        )
        mark(intervals, "bars", series)
    (marks,) = ax.plot(
        xs[drawn],
        ys[drawn],
        linestyle="none",
        marker=look.marker,
        markersize=marker_size(look, size),
        color=look.colour,
        markeredgecolor=PAPER,
        markeredgewidth=0.5,
        zorder=3,
    )
    mark(marks, "marks", series, np.flatnonzero(drawn).tolist(), panel)


def dot(
    ax: Axes,
    x: float,
    y: float,
    low: float,
    high: float,
    look: Look,
    *,
    size: float = 4.8,
    row: Mark | None = None,
) -> None:
    """One mark with a horizontal interval; `row` is its row in the figure's table."""
    if not math.isfinite(x):
        return
    series = row.series if row is not None else ""
    if math.isfinite(low) and math.isfinite(high):
        (interval,) = ax.plot(
            [low, high], [y, y], color=look.colour, linewidth=1.4, solid_capstyle="butt", zorder=2.6
        )
        mark(interval, "bars", series)
    (point,) = ax.plot(
        [x],
        [y],
        linestyle="none",
        marker=look.marker,
        markersize=marker_size(look, size),
        color=look.colour,
        markeredgecolor=PAPER,
        markeredgewidth=0.5,
        zorder=3,
    )
    if row is not None:
        mark(point, "marks", series, [row.index], row.panel)


def marker_size(look: Look, size: float) -> float:
    """Markers of one nominal size do not look the same size; this evens them out."""
    return size * {"D": 0.86, "s": 0.92, "*": 1.4, "^": 1.08, "v": 1.08, "X": 1.12, "P": 1.1, "h": 1.1}.get(
        look.marker, 1.0
    )


def row_labels(ax: Axes, titles: Sequence[str], *, every: float = 1.0, start: float = 0.0) -> None:
    """Names rows 0, 1, … of a dot plot on its left, without an axis line."""
    ax.set_yticks([start + every * row for row in range(len(titles))], titles, linespacing=LEADING)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def margin_note(
    ax: Axes,
    y: float,
    text: str,
    *,
    offset: float = 8,
    right: bool = False,
    muted: bool = False,
) -> None:
    """Text beside the axes at row y, `offset` pt from their right edge: a column of a table."""
    ax.annotate(
        text,
        (1, y),
        xycoords=("axes fraction", "data"),
        xytext=(offset, 0),
        textcoords="offset points",
        fontsize=SMALL,
        va="center",
        ha="right" if right else "left",
        alpha=MUTED if muted else None,
        annotation_clip=False,
    )


def margin_head(ax: Axes, text: str, *, offset: float = 8, right: bool = False) -> None:
    """What heads such a column, on the line of the axes' title."""
    ax.annotate(
        text,
        (1, 1),
        xycoords="axes fraction",
        xytext=(offset, rcParams["axes.titlepad"]),
        textcoords="offset points",
        fontsize=SMALL,
        va="baseline",
        ha="right" if right else "left",
        alpha=MUTED,
        annotation_clip=False,
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
