"""How each estimator's variance is distributed over the coordinates of the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reportgen.figures.captions import biased_sentence, lowered, place, sentences, zero_sentence
from reportgen.figures.drafting import marking
from reportgen.figures.drafting.axes import log_axis, row_labels
from reportgen.figures.drafting.labels import row_height, variance_axis, variance_column, wrapped
from reportgen.figures.drafting.points import marker_size
from reportgen.figures.drafting.style import GRID, INK, PAPER, Look, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.reading import all_looks, title_of, unbiased, usable
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.statistics.coordinates import quantile_name

Counts = NDArray[np.float64]

FEWEST = 20
"""Fewest coordinates of which a distribution is drawn."""
OUTERMOST = 0.005
"""Share of the coordinates left out at either end of the histogram, where a few would stretch the axis."""


@dataclass(frozen=True)
class Spread:
    """Distribution of per-coordinate variance of one estimator."""

    label: str
    title: str
    look: Look
    quantiles: dict[float, float]
    """Value by quantile level, positive."""
    edges: tuple[float, ...]
    """Log10 edges of the occupied bins, one more than there are densities."""
    density: tuple[float, ...]
    """Share of the coordinates in each bin, relative to the largest."""


@dataclass(frozen=True)
class CoordinateDistribution:
    """One row per estimator, over all coordinates of φ with a gradient at some data point."""

    objective: str
    coordinates: int
    rows: tuple[Spread, ...]
    apart: tuple[Spread, ...] = ()
    """Biased estimators whose median lies far from the others': named but not drawn."""
    zero: tuple[str, ...] = ()
    """Titles of estimators without variance."""


def data(findings: Findings) -> CoordinateDistribution | None:
    """The rows at the last checkpoint, first objective; None if not kept, or with few coordinates."""
    ink = all_looks(findings)
    rows, zero, live = [], [], 0
    for label in findings.compared():
        found = findings.coordinates(label)
        if findings.get("total_variance", label).value == 0:
            zero.append(title_of(findings, label))
            continue
        if found is None:
            continue
        quantiles = {p: e.value for p, e in found.quantiles if usable(e)}
        counts = np.asarray(found.counts, dtype=float)
        if 0.5 not in quantiles or not counts.any():
            continue
        if found.count - found.dead < FEWEST:
            return None
        live = max(live, found.count - found.dead)
        edges, density = rebinned(counts, np.asarray(found.edges))
        rows.append(Spread(label, title_of(findings, label), ink[label], quantiles, edges, density))
    if not rows:
        return None
    fair = [row.quantiles[0.5] for row in rows if unbiased(findings, row.label)]
    apart = [
        row
        for row in rows
        if fair
        and not unbiased(findings, row.label)
        and not min(fair) / 10 <= row.quantiles[0.5] <= max(fair) * 10
    ]
    return CoordinateDistribution(
        findings.objectives[0],
        live,
        tuple(row for row in rows if row not in apart),
        tuple(apart),
        tuple(zero),
    )


def rebinned(counts: Counts, edges: Counts) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The bins that hold all but the outermost coordinates, their counts relative to the largest."""
    before = np.cumsum(counts) / counts.sum()
    first = int(np.searchsorted(before, OUTERMOST, side="right"))
    last = int(np.searchsorted(before, 1 - OUTERMOST, side="left")) + 1
    kept = counts[first:last]
    return tuple(edges[first : last + 1].tolist()), tuple((kept / kept.max()).tolist())


def draw(data: CoordinateDistribution) -> Figure:
    """One row per estimator: its histogram, and below it the middle 90% and 50% and the median."""
    titles = [wrapped(row.title, 34) for row in data.rows]
    figure = new_figure(14 + row_height(titles, 5.8) * len(titles))
    ax = figure.add_subplot()
    limits = [10.0**edge for row in data.rows for edge in (row.edges[0], row.edges[-1])]
    for y, row in enumerate(data.rows):
        colour = row.look.colour
        ax.axhline(y, color=INK, alpha=GRID, linewidth=0.5, zorder=1)
        edges = 10.0 ** np.asarray(row.edges)
        heights = y - 0.04 - 0.62 * np.asarray(row.density)
        ax.stairs(
            heights, edges, baseline=y - 0.04, fill=True, color=colour, alpha=0.4, linewidth=0, zorder=2
        )
        for low, high, width in ((0.05, 0.95, 1.0), (0.25, 0.75, 3.0)):
            if low in row.quantiles and high in row.quantiles:
                ax.plot(
                    [row.quantiles[low], row.quantiles[high]],
                    [y + 0.12] * 2,
                    color=colour,
                    linewidth=width,
                    solid_capstyle="butt",
                    zorder=2.5,
                )
        if 0.5 in row.quantiles:
            (median,) = ax.plot(
                [row.quantiles[0.5]],
                [y + 0.12],
                marker=row.look.marker,
                markersize=marker_size(row.look, 4.8),
                color=colour,
                markeredgecolor=PAPER,
                zorder=3,
            )
            marking.mark(median, "marks", points=[y])
    # Without the logarithm, bins would have different widths, and heights would not be comparable.
    log_axis(ax, "x", limits, pad=0.03, room=8, switch=False)
    ax.set_ylim(len(data.rows) - 0.65, -0.75)
    row_labels(ax, titles)
    ax.set_xlabel(
        variance_axis(data.objective).replace(
            "total variance", "variance of one coordinate of the gradient estimate"
        )
    )
    return figure


def table(data: CoordinateDistribution) -> Table:
    """For each estimator its quantiles, then the occupied bins of its histogram."""
    unit = variance_column(data.objective).unit
    columns = (
        Column("Estimator", heads=True),
        Column("Statistic"),
        Column("Variance of a coordinate", unit, "number"),
        Column("Up to", unit, "number"),
        Column("Coordinates, relative to the fullest bin", form="number"),
    )
    rows = []
    for y, row in enumerate(data.rows):
        for level in (0.05, 0.25, 0.5, 0.75, 0.95):
            if level in row.quantiles:
                name = "median" if level == 0.5 else f"{100 * level:g}% quantile"
                mark = Mark("", y) if level == 0.5 else None
                rows.append(Row((row.title, name, row.quantiles[level], None, None), mark))
        for low, high, density in zip(row.edges[:-1], row.edges[1:], row.density, strict=True):
            if density:
                rows.append(Row((row.title, "bin", 10.0**low, 10.0**high, density)))
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: CoordinateDistribution) -> str:
    """What is drawn, and the ranges of the medians and of the spreads."""
    where, v = place(findings, data.objective), findings.vocabulary
    apart = [f"“{row.title}” (median {median_of(findings, row)})" for row in data.apart]
    medians = [row for row in data.rows if 0.5 in row.quantiles]
    spreads = [row for row in data.rows if {0.05, 0.95} <= row.quantiles.keys()]
    seen = ""
    if medians:
        least, most = (
            choose(medians, key=lambda row: (row.quantiles[0.5], row.title)) for choose in (min, max)
        )
        low, high = (median_of(findings, row) for row in (least, most))
        if len(medians) > 1:
            seen = f"Medians lie between {low} ({lowered(least.title)}) and {high} ({lowered(most.title)})"
        else:
            seen = f"The median is {low}"
        if spreads:
            seen += f"; the middle 90% of one estimator’s coordinates span {span(findings, spreads)}"
        seen += "."
    return sentences(
        f"Variance of each of the {prose.count(data.coordinates)} coordinates of the gradient estimate,"
        " logarithmic: histogram, and below it the middle 90% (thin), the middle 50% (thick)"
        " and the median (mark) of the coordinates."
        " These lines show spread over coordinates, not error.",
        seen,
        zero_sentence(data.zero),
        f"Coordinates whose gradient is zero{'' if v.alone else f' for every {v.unit}'} are left out, as is"
        f" the outermost {prose.percent(OUTERMOST)} at either end of each histogram.",
        biased_sentence(findings, [row.label for row in data.rows]),
        f"Not drawn, as biased and far from the medians drawn: {prose.listing(apart)}." if apart else "",
        where.at,
    )


def median_of(findings: Findings, row: Spread) -> str:
    """The median over an estimator's coordinates."""
    estimate = findings.get(quantile_name(0.5), row.label)
    return marks.told(prose.number(row.quantiles[0.5]), estimate)


def span(findings: Findings, rows: Sequence[Spread]) -> str:
    """The least and the greatest factor spanned, or only one if they read the same."""
    found = sorted((row.quantiles[0.95] / row.quantiles[0.05], row.label) for row in rows)
    ends: dict[str, list[Estimate]] = {}
    for factor, label in (found[0], found[-1]):
        made_of = [findings.get(quantile_name(part), label) for part in (0.05, 0.95)]
        ends.setdefault(prose.spoken(factor), made_of)
    return f"a factor of {' to '.join(marks.told_of_all(text, made_of) for text, made_of in ends.items())}"


def alt(data: CoordinateDistribution) -> str:
    """The rows in words."""
    rows = "; ".join(
        f"{lowered(row.title)} with median {prose.number(row.quantiles[0.5])}"
        for row in data.rows
        if 0.5 in row.quantiles
    )
    return f"Histograms of per-coordinate variance on a logarithmic axis, one row per estimator. {rows}."
