"""Total variance against swept settings: measured points, exact curves, and where they cross.

There is one panel per series of the sweep (see `reportgen.findings.series`), and
if nothing is trained and q has few blocks of parameters, one row of panels per
block.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reportgen.figures.captions import (
    Place,
    alike,
    among,
    biased_sentence,
    intervals_sentence,
    labels_of,
    left_out_sentence,
    lowered,
    place,
    ranking,
    sentences,
    zero_sentence,
)
from reportgen.figures.crossings import place_text
from reportgen.figures.drafting.axes import log_axis, setting_axis
from reportgen.figures.drafting.labels import setting_title, variance_axis, variance_column
from reportgen.figures.drafting.lines import draw_lines, label_lines, rows_of
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.placing import number_marks
from reportgen.figures.drafting.points import SIZE, curve
from reportgen.figures.drafting.style import INK, PAPER, new_figure
from reportgen.figures.drafting.table import Cell, Column, Mark, Row, Table
from reportgen.figures.drafting.ticks import plain
from reportgen.figures.reading import runs_shown, unbiased, usable
from reportgen.figures.setting_panels import Panel, Ring, VarianceAgainstSetting, data
from reportgen.findings import Findings, marks, prose

__all__ = ["alt", "caption", "data", "draw", "table"]

DENSE = 12
"""Number of values along an axis from which marks are smaller."""


def draw(data: VarianceAgainstSetting) -> Figure:
    """Log variance over each setting's own scale, with lines named beside the last panel of a row."""
    figure = new_figure(66 if len(data.panels) == 1 else 12 + 46 * len(data.rows))
    axes = figure.subplots(len(data.rows), len(data.rows[0]), squeeze=False)
    for r, row in enumerate(data.rows):
        for c, (ax, panel) in enumerate(zip(axes[r], row, strict=True)):
            if panel is None:
                ax.set_visible(False)
                continue
            draw_panel(ax, data, panel, last=not any(lower[c] for lower in data.rows[r + 1 :]))
            before = row[c - 1] if c else None
            if before is not None and panel.block == before.block and before in data.alike(panel):
                ax.tick_params(axis="y", labelleft=False)
            ax.set_title(panel_title(data, r, c, panel))
    drawn = [list(of_row(*pair)) for pair in zip(axes, data.rows, strict=True)]
    for row_drawn in drawn:
        ax, panel = row_drawn[0]
        named = panel.block and len(data.rows) > 1
        ax.set_ylabel(f"variance, {panel.block}" if named else variance_axis(data.objective))
    for *_, (ax, panel) in drawn:
        label_lines(ax, panel.values, panel.lines)
    for ax, panel in itertools.chain.from_iterable(drawn):  # after all names are placed
        number_marks(ax, [numbered(ring) for ring in panel.rings if ring.named])
    return figure


def of_row(axes: Sequence[Axes], row: Sequence[Panel | None]) -> Iterator[tuple[Axes, Panel]]:
    """The panels of a row that exist, with their axes."""
    return ((ax, panel) for ax, panel in zip(axes, row, strict=True) if panel)


def panel_title(data: VarianceAgainstSetting, r: int, c: int, panel: Panel) -> str:
    """The series, above the first panel of a column, and the block if a row has several."""
    alone = len(data.rows[0]) == 1
    run = panel.title if alone or not any(upper[c] for upper in data.rows[:r]) else ""
    blocks = {one.block for one in data.rows[r] if one}
    block = panel.block if alone or len(blocks) > 1 else ""
    return ", ".join(title for title in (run, block) if title)


def numbered(ring: Ring) -> tuple[float, float, str]:
    """Where a ring is, and the text of the number beside it."""
    one = ring.crossing
    return one.at, ring.height, place_text(one.at, one.low, one.high)


def draw_panel(ax: Axes, data: VarianceAgainstSetting, panel: Panel, *, last: bool) -> None:
    """Marks with intervals, and the exact curve if it is known, else a line from mark to mark."""
    index, alone = data.panels.index(panel), len(data.panels) == 1
    size = SIZE if alone else 3.6 if len(panel.values) < DENSE else 2.9
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
        else:
            draw_lines(ax, panel.values, (one,), size=size, panel=index)
    for number, ring in enumerate(panel.rings):
        mark_crossing(ax, ring, panel.values, number, index)
    log_axis(ax, "y", data.heights(panel), room=7 if alone else 5)
    setting_axis(ax, data.values(panel), log=data.log(panel))
    if last:
        ax.set_xlabel(setting_title(panel.path))


def mark_crossing(ax: Axes, ring: Ring, values: Sequence[float], number: int, panel: int) -> None:
    """A ring on the crossing, and a bar for its interval, cut at the ends of the measured values."""
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
    """One row per line and value, with the exact variance if known; after each panel's, one per crossing."""
    paths = {panel.path for panel in data.panels}
    runs, blocks = (any(titles) for titles in zip(*((p.title, p.block) for p in data.panels), strict=True))
    rings = any(panel.rings for panel in data.panels)
    columns = [
        *([Column("Run")] * runs),
        *([Column("Block")] * blocks),
        *([Column("Setting")] * (len(paths) > 1)),
        Column("Estimator", heads=True),
        Column(prose.capital(setting_title(data.panels[0].path)) if len(paths) == 1 else "Value"),
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
            name = f"{found.lower_before} lower before, {lowered(found.lower_beyond)} after"
            ends = (found.low, found.high)
            rows.append(
                Row((*before, name, found.at, None, *([None] * data.known), *ends), Mark("", number, index))
            )
    return Table(tuple(columns), tuple(rows))


def caption(findings: Findings, data: VarianceAgainstSetting) -> str:
    """What is drawn, where estimators change places, how the extremes differ, and how wide intervals are."""
    where = place(findings, data.objective)
    lines = tuple(one for panel in data.panels for one in panel.lines)
    first = data.panels[0]
    kinds = " and ".join(dict.fromkeys(setting_title(panel.path, long=True) for panel in data.panels))
    both = all(data.log(panel) for panel in data.panels)
    text = f"Total variance against {kinds}, both logarithmic" if both else ""
    text = text or f"Total variance, logarithmic, against {kinds}"
    text += (
        "; each value is a separately trained model, measured at its last checkpoint."
        if data.trained
        else "; marks are measured, thin lines join the exact values at the marks."
        if data.known
        else "."
    )
    return sentences(
        text,
        chosen_sentence(findings),
        own_scales_sentence(data),
        crossing_sentence(data),
        zero_sentence(one.title for one in lines if one.has_zero),
        unknown_sentence(data),
        ratio_sentence(findings, first) if len(data.panels) == 1 else "",
        intervals_sentence(lines),
        biased_sentence(
            findings, list(dict.fromkeys(labels_of(lines))), left_out_sentence(lines, data.apart)
        ),
        place_sentence(where, data),
    )


def place_sentence(where: Place, data: VarianceAgainstSetting) -> str:
    """Objective and data points, except what is in the drawing: several objectives, and models."""
    place = where.of_models
    if data.several:
        return place.mean
    return place.at if data.trained else place.over


def chosen_sentence(findings: Findings) -> str:
    """States that not every series of the sweep has a panel."""
    shown, whole = len(runs_shown(findings)), len(findings.series())
    return f"{prose.capital(prose.of(shown, whole))} runs of the sweep are drawn." * (shown < whole)


def own_scales_sentence(data: VarianceAgainstSetting) -> str:
    """States that panels of one setting have different scales, if they do not share its values."""
    paths = [panel.path for panel in data.panels]
    own = any(paths.count(panel.path) > 1 and len(data.alike(panel)) == 1 for panel in data.panels)
    return "Every panel has scales of its own." if own else ""


def crossing_sentence(data: VarianceAgainstSetting) -> str:
    """How crossings are marked, which pairs the numbers are for, and why a crossing may have no mark."""
    rings = [ring for panel in data.panels for ring in panel.rings]
    unsure = any(panel.unsure for panel in data.panels)
    if not rings:
        return "Where two lines cross, the intervals do not establish that their order reverses." * unsure
    text = (
        "Rings mark where the order of two lines reverses, interpolated from the measured ratios, with bars"
        " for the intervals"
    )
    text += "; crossings that the intervals do not establish have no ring" * unsure
    if all(ring.named for ring in rings):
        return f"{text}."
    named = dict.fromkeys(
        prose.listing(sorted(map(lowered, (ring.crossing.lower_before, ring.crossing.lower_beyond))))
        for ring in rings
        if ring.named
    )
    return f"{text}; numbers are for {prose.listing(list(named), 'or')}."


def unknown_sentence(data: VarianceAgainstSetting) -> str:
    """Why an exact line may end before its marks do."""
    ends = any(
        any(math.isfinite(v) for v in exact)
        and any(value > 0 and not math.isfinite(v) for v, value in zip(exact, one.values, strict=True))
        for panel in data.panels
        for one, exact in zip(panel.lines, panel.exact, strict=True)
    )
    return "A line ends where no exact value is known." if ends else ""


def ratio_sentence(findings: Findings, panel: Panel) -> str:
    """Ratio of the highest to the lowest unbiased estimator at the last value, and of these at the first."""
    arms = zip(panel.lines, panel.objectives, strict=True)
    last = [
        (one, under) for one, under in arms if unbiased(findings, one.label, under) and one.values[-1] > 0
    ]
    if len(last) < 2:
        return ""
    high, above = max(last, key=lambda arm: arm[0].values[-1])
    low, below = min(reversed(last), key=lambda arm: arm[0].values[-1])
    at_first, at_last = (
        findings.ratio(
            high.label,
            low.label,
            group=panel.group,
            objective=above,
            against=below,
            setting=panel.settings[i],
        )
        for i in (0, -1)
    )
    of = among(len(last), sum(one.values[-1] > 0 for one in panel.lines))
    first, second = f"the highest{of} ({lowered(high.title)})", f"the lowest ({lowered(low.title)})"
    factor = f"{marks.told(prose.value_of(at_last), at_last)} times"
    told = alike(at_last)
    text = f"{first} and {second} {told}" if told else f"{first} has {factor} the variance of {second}"
    text = f"With {named_value(panel.path, panel.values[-1])} {text}"
    if high.values[0] > 0 and low.values[0] > 0 and usable(at_first):
        there = named_value(panel.path, panel.values[0])
        factor = f"{marks.told(prose.value_of(at_first), at_first)} times"
        if other := alike(at_first):
            text += f"; with {there} they {other}"
        else:
            first_has = f"; with {there} the first has {factor} the variance of the second"
            text += first_has if told else f", and {factor} with {there}"
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
    settings = dict.fromkeys(setting_title(panel.path, long=True) for panel in data.panels)
    against = prose.listing(list(settings))
    return f"{charts} of total variance, logarithmic, against {against}. {' '.join(told)}"
