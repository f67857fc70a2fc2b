"""Axes in the report's style: logarithmic ones, epochs, named rows, and notes in the margin."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.text import Annotation
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import GRID, INK, MUTED, SMALL
from reportgen.figures.drafting.ticks import log_ticks, plain
from reportgen.findings import prose


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
    fill the panel. Major ticks get a faint grid. With `switch` the reader of a
    page can switch the axis to a linear scale.
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
    faint_grid(ax, which)


def minor_ticks(ax: Axes, which: str, values: Sequence[float]) -> Line2D | None:
    """Ticks without labels as a single artist; matplotlib's own would be several objects each."""
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


def faint_grid(ax: Axes, which: str) -> None:
    """A faint grid at the major ticks of axis "x" or "y"."""
    ax.grid(
        visible=True, which="major", axis="y" if which == "y" else "x", color=INK, alpha=GRID, linewidth=0.5
    )


def setting_axis(ax: Axes, values: Sequence[float], *, log: bool, most: int = 8) -> None:
    """The horizontal axis of a swept setting with ascending values, logarithmic or not.

    On a log axis, up to `most` values are labelled themselves. Otherwise round numbers are, and only whole
    ones if all values are whole.
    """
    first, last = values[0], values[-1]
    if log:
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
    """Position of an epoch on its axis: log(1 + epoch), so that 0 has a place and early epochs have room."""
    return math.log1p(epoch)


def epoch_axis(ax: Axes, epochs: Sequence[int], label: str, *, closest: float = 0.06) -> None:
    """Labels only the measured epochs (or steps), and drops labels that would touch."""
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


def row_labels(ax: Axes, titles: Sequence[str]) -> None:
    """Names rows 0, 1, … of a dot plot on its left, without an axis line."""
    ax.set_yticks(range(len(titles)), titles)
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
) -> Annotation:
    """Text at row y, `offset` pt right of the axes, as in a column of a table."""
    return ax.annotate(
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


def margin_column(ax: Axes, texts: Sequence[str], *, offset: float = 8) -> None:
    """Numbers beside rows 0, 1, …, aligned at their decimal points."""
    wholes = [_advance(ax, text.partition(".")[0]) for text in texts]
    for y, (text, whole) in enumerate(zip(texts, wholes, strict=True)):
        margin_note(ax, y, text, offset=offset + max(wholes) - whole)


def _advance(ax: Axes, text: str) -> float:
    """Advance width of a text in points, which includes the side bearings that its extent lacks."""
    ruler = ax.text(0, 0, "", fontsize=SMALL)
    widths = []
    for between in ("", text):
        ruler.set_text(f"0{between}0")
        widths.append(ruler.get_window_extent().width)
    ruler.remove()
    return widths[1] - widths[0]


def margin_head(ax: Axes, text: str, *, offset: float = 8, right: bool = False) -> None:
    """Heading of such a column, on the line of the axes' title."""
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
