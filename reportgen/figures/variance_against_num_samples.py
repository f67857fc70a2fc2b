"""Total variance against the number of samples K inside one estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from reportgen.figures.captions import (
    biased_sentence,
    intervals_sentence,
    labels_of,
    left_out_sentence,
    lowered,
    place,
    ranking,
    sentences,
)
from reportgen.figures.drafting.axes import log_axis
from reportgen.figures.drafting.labels import variance_axis, variance_column
from reportgen.figures.drafting.lines import Line, draw_lines, extent, label_lines, rows_of
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.points import curve
from reportgen.figures.drafting.style import INK, MUTED, SMALL, height, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.reading import MISSING, comparable, line
from reportgen.findings import Estimate, Findings, marks, prose


@dataclass(frozen=True)
class VarianceAgainstNumSamples:
    """Variance at each K, and the slope fitted on log-log axes (−1 means as 1/K)."""

    objective: str
    num_samples: tuple[int, ...]
    lines: tuple[Line, ...]
    slopes: tuple[Estimate, ...]
    exact: tuple[tuple[float, ...], ...]
    """One per line, NaN where no exact variance is known."""
    apart: tuple[Line, ...] = ()
    """Biased estimators whose values leave the others' scale: named but not drawn."""


def data(findings: Findings) -> VarianceAgainstNumSamples | None:
    """The curves at the last checkpoint; None with fewer than two values of K measured."""
    curves = {label: dict(findings.curve(label)) for label in findings.compared()}
    counts = tuple(sorted({count for curve in curves.values() for count in curve}))
    if len(counts) < 2:
        return None
    measured = []
    for label in findings.compared():
        one = line(
            findings, label, tuple(curves[label].get(count, MISSING) for count in counts), samples=False
        )
        if sum(value > 0 for value in one.values) > 1:
            measured.append(one)
    lines, apart = comparable(findings, tuple(measured))
    if not lines:
        return None
    slopes = tuple(findings.slope("total_variance", one.label) for one in lines)
    return VarianceAgainstNumSamples(
        findings.objectives[0],
        counts,
        lines,
        slopes,
        tuple(exact_at(findings, one.label, counts) for one in lines),
        apart,
    )


def exact_at(findings: Findings, label: str, counts: tuple[int, ...]) -> tuple[float, ...]:
    """Exact variances at each K, NaN where not known."""
    found = dict(findings.curve(label, "exact_total_variance"))
    exact = (found.get(count, MISSING) for count in counts)
    return tuple(one.value if one.available and one.value > 0 else math.nan for one in exact)


def draw(data: VarianceAgainstNumSamples) -> Figure:
    """Log-log curves with a guide of slope −1, and each line's fitted slope beside its name."""
    figure = new_figure(height(68, len(data.lines)))
    ax = figure.add_subplot()
    counts = [float(count) for count in data.num_samples]
    for one, exact in zip(data.lines, data.exact, strict=True):
        if any(math.isfinite(value) for value in exact):
            marks = [value if value > 0 else math.nan for value in one.values]
            (known,) = ax.plot(counts, exact, color=one.look.colour, linewidth=0.9, linestyle="-", zorder=2)
            mark(known, "ink", one.series)
            curve(ax, counts, marks, *one.bounds, one.look, line=False, series=one.series)
        else:
            draw_lines(ax, counts, (one,))
    values = [*extent(data.lines), *(value for exact in data.exact for value in exact)]
    ax.set_xscale("log")
    ax.set_xlim(counts[0] / 1.12, counts[-1] * 1.12)
    ax.xaxis.set_major_locator(FixedLocator(counts))
    ax.xaxis.set_major_formatter(FixedFormatter([prose.count(count) for count in data.num_samples]))
    ax.xaxis.set_minor_locator(NullLocator())
    log_axis(ax, "y", values)
    start = guide_start(data.lines, ax.get_ylim()[0])
    guide = [start * counts[0] / count for count in counts]
    (drawn,) = ax.plot(
        counts, guide, color=INK, alpha=MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1.5
    )
    mark(drawn, "moves")
    name = ax.annotate(
        "1/K",
        (counts[0], guide[0]),
        xytext=(3, 2),
        textcoords="offset points",
        fontsize=SMALL,
        color=INK,
        alpha=MUTED,
        va="bottom",
    )
    mark(name, "moves")
    ax.set_xlabel("samples K in one estimate")
    ax.set_ylabel(variance_axis(data.objective))
    notes = [slope_note(slope) for slope in data.slopes]
    label_lines(ax, counts, data.lines, notes)
    return figure


def guide_start(lines: tuple[Line, ...], low: float) -> float:
    """Height of the guide at the left end: the middle of the widest gap between lines, on the log scale.

    With one line it is a quarter of the way down to the axis's lower end `low`, so that its name has room.
    """
    starts = sorted(next(v for v in one.values if v > 0) for one in lines)
    if len(starts) < 2:
        return float(starts[0] * (low / starts[0]) ** 0.25)
    logs = np.log(starts)
    widest = int(np.argmax(np.diff(logs)))
    return float(np.exp((logs[widest] + logs[widest + 1]) / 2))


def slope_note(slope: Estimate) -> str:
    """The fitted slope with its interval, short enough for a label."""
    if not slope.available:
        return "slope not available"
    digits = next((few for few in (2, 3, 4) if slope.high - slope.low >= 3 / 10**few), 5)
    numbers = (prose.fixed(x, digits) for x in (slope.value, slope.low, slope.high))
    return "slope {} ({} to {})".format(*numbers)


def table(data: VarianceAgainstNumSamples) -> Table:
    """One row per estimator and number of samples, with its line's slope and any exact variance."""
    columns = [
        Column("Estimator", heads=True),
        Column("Samples K"),
        variance_column(data.objective),
        Column("Slope of its line"),
    ]
    rows = rows_with_slopes(data.lines, data.num_samples, data.slopes)
    exact: dict[Mark | None, float] = {
        Mark(one.series, index): value
        for one, values in zip(data.lines, data.exact, strict=True)
        for index, value in enumerate(values)
    }
    if any(math.isfinite(value) for value in exact.values()):
        columns.append(variance_column(data.objective, "Exact"))
        rows = tuple(Row((*row.cells, exact[row.mark]), row.mark) for row in rows)
    return Table(tuple(columns), rows)


def rows_with_slopes(
    lines: Sequence[Line], counts: Sequence[int], slopes: Sequence[Estimate]
) -> tuple[Row, ...]:
    """Rows of a table, each with the slope of its line in the last cell."""
    return tuple(
        Row((*row.cells, slope), row.mark)
        for one, slope in zip(lines, slopes, strict=True)
        for row in rows_of((one,), counts)
    )


def caption(findings: Findings, data: VarianceAgainstNumSamples) -> str:
    """What is drawn, and whose slope is compatible with −1."""
    where = place(findings, data.objective)
    known = [
        (one.title, slope) for one, slope in zip(data.lines, data.slopes, strict=True) if slope.has_interval
    ]
    off = [
        f"{lowered(title)}, {marks.told(prose.with_interval(slope), slope)}"
        for title, slope in known
        if not slope.low <= -1 <= slope.high
    ]
    if not known:
        seen = ""
    elif not off:
        slopes = "Every fitted slope" if len(known) > 1 else "The fitted slope"
        seen = f"{slopes} is compatible with −1: variance falls as 1/K."
    elif len(off) == len(known):
        seen = f"No interval of a fitted slope contains −1: {prose.listing(off)}."
    else:
        seen = f"Every interval contains −1, a fall as 1/K, except that of {prose.listing(off)}."
    whose = " of the gradient in φ" if findings.compared(parameters="theta") else ""
    return sentences(
        f"Total variance against the number of samples K in one estimate{whose}, both logarithmic; beside"
        " each name the fitted slope with its 95% interval. The dotted guide falls as 1/K.",
        "Marks are measured, thin lines are exact."
        if any(math.isfinite(value) for exact in data.exact for value in exact)
        else "",
        seen,
        intervals_sentence(data.lines),
        biased_sentence(
            findings, labels_of(data.lines), left_out_sentence(data.lines, data.apart), samples=False
        ),
        where.varying,
    )


def alt(data: VarianceAgainstNumSamples) -> str:
    """The chart in words, with slopes and the values at the largest K."""
    slopes = "; ".join(
        f"{lowered(one.title)} at {prose.with_interval(slope)}"
        for one, slope in zip(data.lines, data.slopes, strict=True)
    )
    counts = data.num_samples
    first, last = prose.count(counts[0]), prose.count(counts[-1])
    return (
        f"Line chart, both axes logarithmic, of total variance against K from {first} to {last}."
        f" Fitted slopes: {slopes}. At K = {last}, from the highest:"
        f" {ranking(data.lines)}."
    )
