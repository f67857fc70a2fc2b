"""Distributions of estimates of one weight's gradient: how widely each estimator spreads about the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from reportgen.figures.captions import lowered, sentences
from reportgen.figures.drafting.axes import faint_grid, log_axis, margin_note
from reportgen.figures.drafting.labels import wrapped
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.points import dot
from reportgen.figures.drafting.style import GRID, INK, SMALL, Look, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.drafting.ticks import plain
from reportgen.figures.model_grid import base_model
from reportgen.figures.reading import all_looks, named, pair, title_of
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.statistics.one_weight import NORMAL_FAR, Place
from reportgen.objectives import OBJECTIVES

Array = NDArray[np.float64]

REACH = 6.0
"""Standard deviations on either side of the mean that a panel shows."""
BARS = 80
"""The most bins of a comb side by side in a panel: finer ones would merge into one block."""
ZOOM = 3.0
"""Ratio of the standard deviations above which the narrower one has its own panel."""


@dataclass(frozen=True)
class Spread:
    """The estimates of one estimator."""

    label: str
    title: str
    name: str
    """Its name inside a sentence."""
    look: Look
    mean: Estimate
    width: Estimate
    """Standard deviation of the estimates."""
    edges: tuple[float, ...]
    """Edges of the bins, one more than there are bins."""
    density: tuple[float, ...]
    """Density in each bin."""
    drawn: int
    """Number of estimates counted."""
    far: Estimate
    """Proportion of the estimates beyond three standard deviations."""

    @property
    def deviation(self) -> float:
        """Their standard deviation, as a number."""
        return self.width.value


@dataclass(frozen=True)
class WeightHistogram:
    """Two estimators, the wider one first."""

    objective: str
    checkpoint: int
    weight: Place
    exact: bool
    """Whether the standard deviations follow from the moments."""
    spreads: tuple[Spread, ...]


def data(findings: Findings) -> WeightHistogram | None:
    """Estimates of the two estimators in `reading.pair` at the last checkpoint; None if none were kept."""
    weight, sides = findings.weight_place(), pair(findings)
    if weight is None or sides is None:
        return None
    ink = all_looks(findings)
    spreads, exact = [], True
    for label in sides:
        found = findings.weight_estimates(label)
        if found is None:
            return None
        exact = exact and found.exact
        spreads.append(
            Spread(
                label,
                title_of(findings, label),
                named(findings, label),
                ink[label],
                findings.of_first_layer("weight_mean", label),
                findings.of_first_layer("weight_deviation", label),
                tuple(found.edges.tolist()),
                tuple(found.density.tolist()),
                found.drawn,
                findings.of_first_layer("weight_far_share", label),
            )
        )
    spreads.sort(key=lambda one: -one.deviation)
    return WeightHistogram(findings.objectives[0], findings.checkpoints[-1], weight, exact, tuple(spreads))


def draw(data: WeightHistogram) -> Figure:
    """Densities on a log axis, at the width of the wider and of the narrower, with widths and means below."""
    wide, narrow = data.spreads
    zoomed = wide.deviation > ZOOM * narrow.deviation
    panels = [wide, narrow] if zoomed else [wide]
    figure = new_figure(64)
    rows = {"height_ratios": [1.0, 0.24]}
    grid = figure.subplots(2, len(panels), squeeze=False, gridspec_kw=rows, sharex="col", sharey="row")
    least = min(1 / (one.drawn * (one.edges[1] - one.edges[0])) for one in data.spreads)
    most = max(max(one.density) for one in data.spreads)
    unit = OBJECTIVES[data.objective].unit if data.objective in OBJECTIVES else ""
    for column, one in enumerate(panels):
        top, strip = grid[:, column]
        low, high = (narrow.mean.value + side * REACH * one.deviation for side in (-1, 1))
        top.set_xlim(low, high)
        if one is wide and zoomed:
            band = [narrow.mean.value + side * REACH * narrow.deviation for side in (-1, 1)]
            top.axvspan(*band, color=INK, alpha=GRID / 2, linewidth=0, zorder=1)
        seen = [told_apart(spread, (high - low) / BARS) for spread in data.spreads]
        for spread in seen:
            _density(top, spread, low, high, least / 10)
        _names(top, seen, one, zoomed)
        _strip(strip, data, widths=zoomed and one is wide)
        strip.set_xlabel(f"gradient in the weight{f', {unit}' * bool(unit)}")
    if zoomed:
        factor = prose.spoken(wide.deviation / narrow.deviation)
        grid[0, 0].set_title("Both at their full width")
        grid[0, 1].set_title(f"The grey band, {factor} times enlarged")
    for top in grid[0]:
        log_axis(top, "y", [least / 2, most * 3], pad=0.0, minors=top is grid[0, 0])
    grid[0, 0].set_ylabel(f"density{f', 1/{unit}' * bool(unit)}")
    for row, spread in enumerate(data.spreads):
        mark(margin_note(grid[1, -1], row, wrapped(spread.title)), "ink", spread.title)
    return figure


def told_apart(one: Spread, least: float) -> Spread:
    """The spread with bins at least `least` wide, if it is a comb: half of its bins or more are empty.

    This is so for a discrete variable. Neighbouring bins are merged and their densities averaged; there is an
    empty bin at either end.
    """
    density = np.array(one.density)
    filled, width = np.flatnonzero(density), one.edges[1] - one.edges[0]
    if width >= least or 2 * len(filled) > filled[-1] - filled[0] + 1:
        return one
    step = math.ceil(least / width)
    more = -len(density) % step
    before, after = step + more // 2, step + more - more // 2
    merged = np.pad(density, (before, after)).reshape(-1, step).mean(1)
    edges = one.edges[0] + width * (step * np.arange(len(merged) + 1) - before)
    return replace(one, edges=tuple(edges.tolist()), density=tuple(merged.tolist()))


def _density(ax: Axes, one: Spread, low: float, high: float, floor: float) -> None:
    """The histogram as steps, and the normal density of the same mean and variance as a dashed line.

    In empty bins the steps go down to `floor`, off the axis.
    """
    density = np.array([value if value > 0 else floor for value in one.density])
    steps = ax.stairs(density, one.edges, color=one.look.colour, linewidth=1.3, baseline=None, zorder=2.5)
    mark(steps, "ink", one.title)
    x = np.linspace(low, high, 400)
    dashed = (0, (3, 2))
    (line,) = ax.plot(x, normal(one, x), color=one.look.colour, linewidth=0.7, linestyle=dashed, zorder=2.2)
    mark(line, "ink", one.title)


def normal(one: Spread, x: Array) -> Array:
    """The normal density of the same mean and variance."""
    at = (x - one.mean.value) / one.deviation
    return np.asarray(np.exp(-0.5 * at**2) / (math.sqrt(2 * math.pi) * one.deviation))


def _names(ax: Axes, spreads: Sequence[Spread], shown: Spread, zoomed: bool) -> None:
    """Names the curves: at the shoulder of the one that fills the panel, beside the peak of a narrower one,
    and at the right end of a wider one."""
    for one in spreads:
        x, rise, across = one.mean.value + 1.25 * one.deviation, 5.0, "data"
        y = float(normal(one, np.array([x]))[0])
        if zoomed and one.label != shown.label:
            x, y, rise = one.mean.value + 0.12 * shown.deviation, max(one.density), 0.0
            if one.deviation > shown.deviation:
                x, across = 1.0, "axes fraction"
        name = ax.annotate(
            wrapped(one.title),
            (x, y),
            xycoords=(across, "data"),
            xytext=(8.0 if across != "data" else 4.0, rise),
            textcoords="offset points",
            fontsize=SMALL,
            va="bottom" if rise else "center",
            annotation_clip=False,
        )
        mark(name, "moves", one.title)


def _strip(ax: Axes, data: WeightHistogram, *, widths: bool) -> None:
    """One row per estimator: a standard deviation on either side of the mean, or the mean's interval."""
    for row, one in enumerate(data.spreads):
        low, high = one.mean.low, one.mean.high
        if widths:
            low, high = one.mean.value - one.deviation, one.mean.value + one.deviation
        dot(ax, one.mean.value, row, low, high, one.look, row=Mark(one.title, row))
    ax.set_title("mean ± one standard deviation" if widths else "mean, 95% interval", fontsize=SMALL, pad=1.5)
    ax.set_ylim(1.7, -0.7)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(round(value, 9))))
    faint_grid(ax, "x")


def table(data: WeightHistogram) -> Table:
    """For each estimator its mean and standard deviation, then the occupied bins."""
    unit = OBJECTIVES[data.objective].unit if data.objective in OBJECTIVES else ""
    columns = (
        Column("Estimator", heads=True),
        Column("Statistic"),
        Column("Gradient in the weight", unit, "number"),
        Column("Up to", unit, "number"),
        Column("Density", f"1/{unit}" if unit else "", "number"),
    )
    rows = []
    for number, one in enumerate(data.spreads):
        rows.append(Row((one.title, "mean", one.mean, None, None), Mark(one.title, number)))
        rows.append(Row((one.title, "standard deviation", one.width, None, None)))
        for low, high, density in zip(one.edges[:-1], one.edges[1:], one.density, strict=True):
            if density:
                rows.append(Row((one.title, "bin", low, high, density)))
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: WeightHistogram) -> str:
    """Which estimates are drawn, how widely they spread, and how heavy their tails are."""
    v, (wide, narrow) = findings.vocabulary, data.spreads
    weight, drawn = data.weight, sorted({one.drawn for one in data.spreads})
    where = f"{v.unit} {prose.count(weight.image)}{' of the test set' * v.images}"
    model = base_model(findings)
    objective = f"Objective: {lowered(v.objective(data.objective))}{f'; model: {model}' if model else ''}"
    beyond = prose.listing(
        [
            f"{marks.told(prose.share(one.far), one.far)} of the estimates with {one.name}"
            for one in data.spreads
        ]
    )
    return sentences(
        f"Estimates of the gradient in one weight, from the pixel in row {weight.row} and column"
        f" {weight.column} to unit {weight.unit} of the first layer, at {where}."
        f" The {v.unit}, and the weight among those with a gradient there, are the ones whose variance with"
        f" {named(findings, findings.reference())} is the median.",
        f"Histograms of {prose.listing([prose.count(n) for n in drawn])} estimates each, logarithmic; dashed,"
        " the normal density of the same mean and variance.",
        f"The means are {mean_of(wide)} with {wide.name} and {mean_of(narrow)} with {narrow.name}; the"
        f" standard deviations, {width_of(wide)} and {width_of(narrow)},"
        f" {'follow from the moments' if data.exact else 'are those of the estimates drawn'}.",
        f"Beyond three standard deviations lie {beyond}; for a normal variable"
        f" it is {prose.percent(NORMAL_FAR)}.",
        f"{objective}{v.at_checkpoint(data.checkpoint).replace(' at ', ', ')}.",
    )


def mean_of(one: Spread) -> str:
    """The mean with its interval."""
    return marks.told(prose.with_interval(one.mean), one.mean)


def width_of(one: Spread) -> str:
    """The standard deviation."""
    return marks.told(prose.number(one.deviation), one.width)


def alt(data: WeightHistogram) -> str:
    """The two histograms in words."""
    wide, narrow = data.spreads
    return (
        "Histograms of the estimates of one weight’s gradient on a logarithmic density axis, both centred in"
        f" the same place: {lowered(wide.title)} with mean {mean_of(wide)} and standard deviation"
        f" {prose.number(wide.deviation)}; {lowered(narrow.title)} with mean {mean_of(narrow)} and standard"
        f" deviation {prose.number(narrow.deviation)}."
    )
