"""Total variance against what the declaration sweeps: measured points, exact curves, where they cross.

A panel a run of the sweep (see `reportgen.findings.series`), and where
nothing is trained and q has few blocks of parameters, a row of panels a block.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reportgen.figures.axes import curve, is_decades, log_axis, plain, setting_axis
from reportgen.figures.captions import (
    Place,
    biased_sentence,
    intervals_sentence,
    labels_of,
    lowered,
    place,
    ranking,
    sentences,
    zero_sentence,
)
from reportgen.figures.crossings import Crossing, crossings, place_text
from reportgen.figures.drawing import Sketch
from reportgen.figures.labels import named_setting, setting_title, variance_axis, variance_column
from reportgen.figures.lines import Line, draw_lines, extent, label_lines, rows_of
from reportgen.figures.marking import mark
from reportgen.figures.placing import number_marks
from reportgen.figures.reading import arms_drawn, comparable, line_of, unbiased
from reportgen.figures.style import INK, PAPER, new_figure
from reportgen.figures.table import Cell, Column, Mark, Row, Table
from reportgen.findings import Estimate, Findings, prose
from reportgen.findings.series import Series
from reportgen.findings.variance import NOTHING

FEW_BLOCKS = 3
"""Blocks of parameters, at most, that get a row of panels each."""
LINES = 6
"""Lines, at most, of all objectives together in one panel."""
NUMBERED = 3
"""Crossings in a panel, at most, that all have their number."""
DENSE = 12
"""Values along an axis from which marks are drawn smaller."""


@dataclass(frozen=True)
class Ring:
    """A crossing as it is drawn: at the height of its line; named where its number stands beside it."""

    crossing: Crossing
    height: float
    named: bool


@dataclass(frozen=True)
class Panel:
    """One run of the sweep in one block of parameters; lines and exact curves run over `values`."""

    path: str
    title: str
    """What tells the run from the others; empty for one alone."""
    block: str
    """Title of the block of parameters; empty for all together."""
    values: tuple[float, ...]
    lines: tuple[Line, ...]
    exact: tuple[tuple[float, ...], ...]
    """One a line, NaN where no exact variance is known."""
    rings: tuple[Ring, ...] = ()


@dataclass(frozen=True)
class VarianceAgainstSetting:
    """Panels by row and column, last checkpoint."""

    objective: str
    checkpoint: int
    trained: bool
    rows: tuple[tuple[Panel, ...], ...]
    apart: tuple[Line, ...] = ()
    """Biased estimators whose values lie far off the others' scale: named, not drawn."""
    several: bool = False
    """Whether lines of several objectives share a panel."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them, row by row."""
        return tuple(panel for row in self.rows for panel in row)

    @property
    def known(self) -> bool:
        """Whether there is an exact curve."""
        return any(math.isfinite(v) for panel in self.panels for one in panel.exact for v in one)


def data(findings: Findings) -> VarianceAgainstSetting | None:
    """Every run with at least two values; None without one."""
    runs = findings.series()
    if not runs or not findings.checkpoints:
        return None
    trained = findings.vocabulary.trained
    blocks = tuple(group for group in findings.blocks() if group != "all")
    groups = blocks if not trained and 1 < len(blocks) <= FEW_BLOCKS else ("all",)
    arms = arms_drawn(findings, () if trained else findings.objectives, LINES)
    apart: dict[str, Line] = {}
    rows: list[tuple[Panel, ...]] = []
    for group in groups:
        panels = []
        for run in runs:
            panel, left_out = panel_of(findings, run, group, arms)
            apart.update({one.label: one for one in left_out})
            if panel.lines:
                panels.append(panel)
        if panels:
            rows.append(tuple(panels))
    if not rows:
        return None
    if len(rows) > 1 and len(rows[0]) == 1:
        rows = [tuple(row[0] for row in rows)]
    checkpoint = findings.checkpoints[-1]
    return VarianceAgainstSetting(
        findings.objectives[0],
        checkpoint,
        trained,
        tuple(rows),
        tuple(apart.values()),
        len({objective for _, objective in arms}) > 1,
    )


def panel_of(
    findings: Findings, run: Series, group: str, arms: Sequence[tuple[str, str]]
) -> tuple[Panel, tuple[Line, ...]]:
    """A panel, and the lines it leaves out; `arms` are (label, objective)."""

    def over(statistic: str, label: str, objective: str) -> tuple[Estimate, ...]:
        return tuple(
            findings.get(statistic, label, objective=objective, group=group, setting=run.setting(value))
            for value in run.values
        )

    lines = {
        arm: line_of(findings, arm, over("total_variance", *arm), several=len({o for _, o in arms}) > 1)
        for arm in arms
    }
    lines = {arm: without_rounding(one) for arm, one in lines.items()}
    measured = tuple(one for one in lines.values() if sum(v > 0 for v in one.values) > 1)
    drawn, apart = comparable(findings, measured)
    kept = [arm for arm, one in lines.items() if one in drawn]
    exact = tuple(
        tuple(
            e.value if e.available and e.value > 0 else math.nan for e in over("exact_total_variance", *arm)
        )
        for arm in kept
    )
    title = ", ".join(
        named_setting(path, value, findings.experiment.values_of(path)) for path, value in run.named.items()
    )
    values = tuple(float(value) for value in run.values)
    rings = rings_of(findings, run, group, {arm: lines[arm] for arm in kept})
    block = "" if group == "all" else findings.vocabulary.block(group)
    return Panel(run.path, title, block, values, drawn, exact, rings), apart


def without_rounding(one: Line) -> Line:
    """The same line with zeros for what is rounding beside its largest value."""
    least = NOTHING * max((v for v in one.values if math.isfinite(v)), default=0.0)
    estimates = (
        replace(e, value=0.0, low=0.0, high=0.0) if e.available and 0.0 < e.value < least else e
        for e in one.estimates
    )
    return replace(one, estimates=tuple(estimates))


def rings_of(
    findings: Findings, run: Series, group: str, lines: Mapping[tuple[str, str], Line]
) -> tuple[Ring, ...]:
    """The crossings of lines that are drawn; of many only the first pair's are named."""
    found = [one for one in crossings(findings, run, group) if set(one.arms) <= set(lines)]
    values, few = [float(value) for value in run.values], len(found) <= NUMBERED
    return tuple(
        Ring(one, height_at(one.at, values, lines[one.arms[1]].values), few or one.arms == found[0].arms)
        for one in found
    )


def height_at(at: float, values: Sequence[float], heights: Sequence[float]) -> float:
    """Of a line on a log axis, between two of its points."""
    points = [(x, math.log(y)) for x, y in zip(values, heights, strict=True) if y > 0]
    before = max((p for p in points if p[0] <= at), default=points[0])
    after = min((p for p in points if p[0] >= at), default=points[-1])
    span = after[0] - before[0]
    share = (at - before[0]) / span if span else 0.0
    return math.exp(before[1] + share * (after[1] - before[1]))


def draw(data: VarianceAgainstSetting) -> Figure:
    """Log variance over each setting's own scale, lines named beside the last panel of a row."""
    columns = max(len(row) for row in data.rows)
    alone = len(data.panels) == 1
    figure = new_figure(70 if alone else 12 + 46 * len(data.rows))
    axes = figure.subplots(len(data.rows), columns, squeeze=False)
    for r, row in enumerate(data.rows):
        for c, ax in enumerate(axes[r]):
            if c >= len(row):
                ax.set_visible(False)
                continue
            last = r == len(data.rows) - 1 or row[c].path != data.rows[r + 1][c].path
            draw_panel(ax, row[c], data.panels.index(row[c]), last=last, alone=alone)
            titles = [row[c].title] if r == 0 or columns == 1 else []
            if row[c].block and (len(row) == 1 or len({panel.block for panel in row}) > 1):
                titles.append(row[c].block)
            ax.set_title(", ".join(title for title in titles if title))
        if row[0].block and len(data.rows) > 1:
            axes[r][0].set_ylabel(f"variance, {row[0].block}")
        else:
            axes[r][0].set_ylabel(variance_axis(data.objective))
    for r, row in enumerate(data.rows):
        label_lines(axes[r][len(row) - 1], row[-1].values, row[-1].lines)
    for r, row in enumerate(data.rows):
        for c, panel in enumerate(row):
            number_marks(axes[r][c], [numbered(ring) for ring in panel.rings if ring.named])
    return figure


def numbered(ring: Ring) -> tuple[float, float, str]:
    """Where a ring is, and the number beside it."""
    one = ring.crossing
    return one.at, ring.height, place_text(one.at, one.low, one.high)


def draw_panel(ax: Axes, panel: Panel, index: int, *, last: bool, alone: bool) -> None:
    """Marks with intervals; the exact curve where it is known, else a line from mark to mark."""
    size = 4.4 if alone else 3.6 if len(panel.values) < DENSE else 2.9
    everything = extent(panel.lines)
    for one, exact in zip(panel.lines, panel.exact, strict=True):
        if any(math.isfinite(v) for v in exact):
            low, high = one.bounds
            marks = [v if v > 0 else math.nan for v in one.values]
            (known,) = ax.plot(
                panel.values, exact, color=one.look.colour, linewidth=0.9, linestyle="-", zorder=2
            )
            mark(known, "ink", one.series)
            curve(
                ax, panel.values, marks, low, high, one.look, line=False, size=size,
                series=one.series, panel=index,
            )  # fmt: skip
            everything += [v for v in exact if v > min(everything) / 10]
        else:
            draw_lines(ax, panel.values, (one,), size=size, panel=index)
    for number, ring in enumerate(panel.rings):
        mark_crossing(ax, ring, panel.values, number, index)
    log_axis(ax, "y", everything, room=7 if alone else 5)
    setting_axis(ax, panel.values)
    if last:
        ax.set_xlabel(setting_title(panel.path))


def mark_crossing(ax: Axes, ring: Ring, values: Sequence[float], number: int, panel: int) -> None:
    """A ring on the crossing, a bar for its interval, cut at the ends of what was measured."""
    one = ring.crossing
    low, high = max(one.low, values[0]), min(one.high, values[-1])
    (bar,) = ax.plot(
        [low, high], [ring.height] * 2, color=INK, linewidth=1.6, solid_capstyle="butt", zorder=3.4
    )
    mark(bar, "moves")
    (drawn,) = ax.plot(
        [one.at],
        [ring.height],
        marker="o",
        markersize=5.2 if ring.named else 4.4,
        markerfacecolor=PAPER,
        markeredgecolor=INK,
        markeredgewidth=0.9,
        linestyle="none",
        zorder=3.5,
    )
    mark(drawn, "marks", points=[number], panel=panel)


def table(data: VarianceAgainstSetting) -> Table:
    """A row a line and value, with the exact variance where it is known; then a row a crossing."""
    paths = {panel.path for panel in data.panels}
    runs, blocks = (any(titles) for titles in zip(*((p.title, p.block) for p in data.panels), strict=True))
    rings = any(panel.rings for panel in data.panels)
    columns = [
        *([Column("Run")] * runs),
        *([Column("Block")] * blocks),
        *([Column("Setting")] * (len(paths) > 1)),
        Column("Estimator", heads=True),
        Column(setting_title(data.panels[0].path).capitalize() if len(paths) == 1 else "Value"),
        variance_column(data.objective),
        *([variance_column(data.objective, "Exact")] * data.known),
        *([Column("Crossing between", form="number"), Column("and", form="number")] * rings),
    ]
    rows = []
    for index, panel in enumerate(data.panels):
        before: tuple[Cell, ...] = (
            *([panel.title] * runs),
            *([panel.block] * blocks),
            *([setting_title(panel.path)] * (len(paths) > 1)),
        )
        for one, exact in zip(panel.lines, panel.exact, strict=True):
            for row in rows_of((one,), panel.values, panel=index, before=before):
                assert row.mark is not None
                known = [exact[row.mark.index]] * data.known
                rows.append(Row((*row.cells, *known, *([None, None] * rings)), row.mark))
        for number, ring in enumerate(panel.rings):
            found = ring.crossing
            name = f"{found.lower_before} lower before, {lowered(found.lower_beyond)} beyond"
            ends = (found.low, found.high)
            rows.append(
                Row((*before, name, found.at, None, *([None] * data.known), *ends), Mark("", number, index))
            )
    return Table(tuple(columns), tuple(rows))


def caption(findings: Findings, data: VarianceAgainstSetting) -> str:
    """What is drawn, what moves, where estimators change places, and how wide the intervals are."""
    where = place(findings, data.objective)
    lines = tuple(one for panel in data.panels for one in panel.lines)
    first = data.panels[0]
    kinds = " and ".join(dict.fromkeys(setting_title(panel.path, long=True) for panel in data.panels))
    both = all(is_decades(panel.values) for panel in data.panels)
    text = f"Total variance against {kinds}, both logarithmic" if both else ""
    text = text or f"Total variance, logarithmic, against {kinds}"
    text += (
        "; each value is a model trained by itself, measured at its last checkpoint."
        if data.trained
        else "; marks are measured, thin lines are exact, through the exact values at the marks."
        if data.known
        else "."
    )
    return sentences(
        text,
        crossing_sentence(data),
        zero_sentence(one.title for one in lines if one.has_zero),
        unknown_sentence(data),
        ratio_sentence(findings, first) if len(data.panels) == 1 else "",
        intervals_sentence(lines),
        biased_sentence(findings, list(dict.fromkeys(labels_of(lines))), data.apart),
        place_sentence(where, data) if where else "",
    )


def place_sentence(where: Place, data: VarianceAgainstSetting) -> str:
    """Objective and data points; several objectives are named at their lines, models along the axis."""
    place = where.of_models
    if data.several:
        return place.mean
    return place.at if data.trained else place.over


def crossing_sentence(data: VarianceAgainstSetting) -> str:
    """How crossings are marked, and of whom the numbers are."""
    rings = [ring for panel in data.panels for ring in panel.rings]
    if not rings:
        return ""
    text = (
        "Rings mark where two lines change places, as the measured ratios have it, with bars for the"
        " intervals of the place"
    )
    if all(ring.named for ring in rings):
        return f"{text}."
    named = dict.fromkeys(
        prose.listing(sorted(map(lowered, (ring.crossing.lower_before, ring.crossing.lower_beyond))))
        for ring in rings
        if ring.named
    )
    return f"{text}; numbers are for {prose.listing(list(named), 'or')}."


def unknown_sentence(data: VarianceAgainstSetting) -> str:
    """Why an exact line can end before its marks do."""
    ends = any(
        any(math.isfinite(v) for v in exact)
        and any(value > 0 and not math.isfinite(v) for v, value in zip(exact, one.values, strict=True))
        for panel in data.panels
        for one, exact in zip(panel.lines, panel.exact, strict=True)
    )
    return "A line ends where the exact value is not known." if ends else ""


def ratio_sentence(findings: Findings, panel: Panel) -> str:
    """Highest over lowest unbiased estimator at the last value, and the same two at the first."""
    fair = [one for one in panel.lines if unbiased(findings, one.label)]
    last = [(one.values[-1], one) for one in fair if one.values[-1] > 0]
    if len(last) < 2:
        return ""
    high, low = max(last, key=lambda pair: pair[0])[1], min(last, key=lambda pair: pair[0])[1]
    ratio = high.values[-1] / low.values[-1]
    text = (
        f"With {named_value(panel.path, panel.values[-1])} the highest ({lowered(high.title)}) has"
        f" {prose.spoken(ratio)} times the variance of the lowest ({lowered(low.title)})"
    )
    if high.values[0] > 0 and low.values[0] > 0:
        first = named_value(panel.path, panel.values[0])
        text += f", and {prose.spoken(high.values[0] / low.values[0])} times with {first}"
    return text + "."


def named_value(path: str, value: float) -> str:
    """“20 units”, “k = 0.5”."""
    if path == "problem.latent":
        return f"{plain(value)} unit{'' if value == 1 else 's'}"
    return f"{setting_title(path)} = {plain(value)}"


def alt(data: VarianceAgainstSetting) -> str:
    """The panels in words, with the values at either end."""
    told = []
    for panel in data.panels:
        head = ", ".join(part for part in (panel.title, panel.block) if part)
        first, last = (named_value(panel.path, panel.values[i]) for i in (0, -1))
        text = f"{head}: " * bool(head)
        text += f"with {first}: {ranking(panel.lines, 0)}; with {last}: {ranking(panel.lines)}."
        told.append(text[:1].upper() + text[1:])
    count = len(data.panels)
    charts = "Line chart" if count == 1 else f"{prose.in_words(count).capitalize()} charts"
    return f"{charts} of total variance, logarithmic, against a swept setting. {' '.join(told)}"


def sketch(findings: Findings) -> Sketch | None:
    """The figure with its words; None where there is nothing to draw."""
    found = data(findings)
    return None if found is None else Sketch(draw(found), caption(findings, found), alt(found), table(found))
