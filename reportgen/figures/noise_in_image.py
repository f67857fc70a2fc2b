"""Where in the image each estimator's noise in the first layer's weights lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from reportgen.figures.captions import lowered, place, sentences
from reportgen.figures.drafting import table as tables
from reportgen.figures.drafting.colour_scale import NINE_TENTHS, Array, Scale, as_bytes
from reportgen.figures.drafting.labels import variance_column, wrapped
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import COLUMN, SMALL, TEXT, new_figure
from reportgen.figures.drafting.table import Column, Table
from reportgen.figures.drafting.ticks import log_ticks
from reportgen.figures.drafting.tiles import Canvas
from reportgen.figures.pixel_maps import NoiseInImage, data
from reportgen.figures.reading import named
from reportgen.findings import Estimate, Findings, marks, prose

__all__ = ["alt", "caption", "data", "draw", "table"]

Align = Literal["left", "center"]

VARIANCE, RATIO = "viridis", "cividis"
"""Colour maps of even lightness steps, readable in grey and by the colour-blind."""
GAP, BLOCK_GAP, LABELS, RATIOS = 1.2, 9.0, 29.0, 12.5
"""Millimetres: between tiles, between blocks, for the rows' names, and for the ratios beside their maps. The
gap between blocks keeps the numbers under two colour bars apart."""
MEAN_IMAGE = "mean image", "brightness"
LONGEST = 18
"""Most letters of a name that fits above the maps of ratios."""
TALLEST, HEAD, BAR, NARROWEST = 8.0, 8.2, 2.4, 20.0
"""In mm: greatest height of a tile, height above the first tile, height of a colour bar, and least width of
the last colour bar, which needs room for its name and two numbers."""


@dataclass(frozen=True)
class Plan:
    """Positions of the tiles, mm."""

    width: float
    height: float
    """Height of a tile, as `width` is its width."""
    lefts: tuple[float, float, float]
    """Left edges of the blocks: checkpoints, ratio, units."""
    total: float
    """Height of the figure."""

    @classmethod
    def of(cls, data: NoiseInImage) -> Plan:
        """The plan with the largest tiles that fit in the column."""
        ratio = data.relative is not None
        counts = (len(data.checkpoints), int(ratio), len(data.units))
        fixed = LABELS + BLOCK_GAP * (1 + ratio) + RATIOS * ratio + 1
        shape = data.shape[0] / data.shape[1]
        width = min((COLUMN - fixed) / sum(counts) - GAP, TALLEST / shape)
        lefts, x = [], LABELS
        for number, count in enumerate(counts):
            lefts.append(x)
            x += count * (width + GAP) + BLOCK_GAP * bool(count) + RATIOS * (number == 1 and ratio)
        height = width * shape
        total = HEAD + len(data.rows) * (height + GAP) + max(height, 12.0) + 4
        return cls(width, height, (lefts[0], lefts[1], lefts[2]), total)

    def x(self, block: int, column: int = 0) -> float:
        """Left edge of a tile."""
        return self.lefts[block] + column * (self.width + GAP)

    def y(self, row: int) -> float:
        """Upper edge of a tile."""
        return HEAD + row * (self.height + GAP)


def draw(data: NoiseInImage) -> Figure:
    """Rows of tiles: checkpoints, the ratio to the reference, single units; colour bars beneath."""
    plan = Plan.of(data)
    figure = new_figure(plan.total)
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, COLUMN)
    ax.set_ylim(plan.total, 0)
    ax.axis("off")
    canvas = Canvas(plan.width, plan.total, data.shape)

    def write(x: float, y: float, text: str, size: float = SMALL, ha: Align = "left") -> None:
        ax.text(x, y, text, fontsize=size, ha=ha, va="center")

    variance = Scale.of([one for row in data.rows for one in row.maps if one is not None], VARIANCE)
    single = Scale.of([one for row in data.rows for one in row.units], VARIANCE)
    write(plan.x(0), 2.2, data.headings[0])
    write(plan.x(2), 2.2, data.headings[2])
    for c, title in enumerate(data.titles):
        write(plan.x(0, c) + plan.width / 2, 5.8, title, ha="center")
    for u, number in enumerate(data.units):
        write(plan.x(2, u) + plan.width / 2, 5.8, prose.count(number), ha="center")
    for r, row in enumerate(data.rows):
        write(0.5, plan.y(r) + plan.height / 2, wrapped(row.title, 20), TEXT)
        for c, one in enumerate(row.maps):
            picture = None if one is None else variance.coloured(one)
            canvas.put(plan.x(0, c), plan.y(r), picture, row.title, of_checkpoint(data, c), bar=0)
        for u, one in enumerate(row.units):
            canvas.put(plan.x(2, u), plan.y(r), single.coloured(one), row.title, of_unit(data, u), bar=1)
    below = plan.y(len(data.rows)) + 2.5
    unit = variance_column(data.objective).unit
    of_checkpoints = (plan.x(0), plan.x(0, len(data.titles)) - GAP)
    of_units = (plan.x(2), max(plan.x(2, len(data.units)) - GAP, plan.x(2) + NARROWEST))
    _bar(figure, variance, plan, below, of_checkpoints, "variance", unit)
    _bar(figure, single, plan, below, of_units, "of one unit", unit)
    if data.relative is not None:
        ratio = Scale.relative(data.relative[1], RATIO)
        write(plan.x(1), 2.2, data.headings[1])
        write(plan.x(1), 5.8, lowered(data.reference) if fits(data.reference) else "the reference")
        for r, row in enumerate(data.rows):
            if row.relative is not None:
                picture = ratio.coloured(row.relative)
                canvas.put(plan.x(1), plan.y(r), picture, row.title, to_reference(data), bar=2)
                told = prose.plus_minus(row.ratio).replace(" ± ", "\n± ")
                write(plan.x(1) + plan.width + 1.2, plan.y(r) + plan.height / 2, f"× {told}")
        ends = (plan.x(1), plan.x(1) + plan.width + RATIOS)
        _bar(figure, ratio, plan, below, ends, "times that ratio")
    grey = np.ones((*data.shape, 4))
    grey[..., :3] = 1 - (data.mean / max(float(data.mean.max()), np.finfo(float).tiny))[..., None]
    canvas.put(0.5, below, grey, *MEAN_IMAGE, bar=-1)
    write(plan.width + 2, below + plan.height / 2, "mean\nimage")
    canvas.draw(ax)
    return figure


def fits(reference: str) -> bool:
    """Whether the reference's name fits above the maps of ratios to it."""
    return len(reference) <= LONGEST


def _bar(
    figure: Figure,
    scale: Scale,
    plan: Plan,
    y: float,
    ends: tuple[float, float],
    title: str,
    unit: str = "",
) -> None:
    """A colour bar with ticks below it, between the two x in `ends`."""
    left, right = ends
    box = (left / COLUMN, 1 - (y + BAR) / plan.total, (right - left) / COLUMN, BAR / plan.total)
    ax = figure.add_axes(box)
    low, high = math.log10(scale.low), math.log10(scale.high)
    for end, side in ((low, -1), (high, 1)) if scale.about_one else ():
        tip = end + side * 1.4 * (high - low) / (right - left)
        colour = colormaps[scale.name](0.0 if side < 0 else 1.0)
        ax.fill([end, end, tip], [0, 1, 0.5], color=colour, linewidth=0, clip_on=False)
    mark(ax, "colours", said=[scale.low, scale.high, scale.about_one, unit])
    steps = scale.coloured(np.geomspace(scale.low, scale.high, 256)[None])
    ax.imshow(as_bytes(steps), extent=(low, high, 0, 1), aspect="auto", interpolation="none")
    ax.set_xlim(low, high)
    ax.set_ylim(0, 1)
    values, labels, minor = log_ticks(scale.low, scale.high, max(int((right - left) / 8), 2))
    if scale.about_one:
        values, minor = [scale.low, 1.0, scale.high], []
        labels = [prose.number(value, 2) for value in values]
    ax.set_xticks([math.log10(v) for v in values], labels)
    ax.set_xticks([math.log10(v) for v in minor], minor=True)
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    at_edge = COLUMN - right < 2 and right - left < 30
    ax.set_xlabel(f"{title}, {unit}" if unit else title, fontsize=SMALL, loc="right" if at_edge else "center")


def table(data: NoiseInImage) -> Table:
    """The pixels of every map, one row per row of pixels; maps of ratios also give that of all weights."""
    columns = [Column("Estimator", heads=True), Column("Map"), Column("Row")]
    columns += [Column(f"Column {x + 1}", form="number") for x in range(data.shape[1])]
    columns.append(Column("Ratio of all the weights"))
    rows = _rows(*MEAN_IMAGE, data.mean)
    for one in data.rows:
        for number, found in enumerate(one.maps):
            if found is not None:
                rows += _rows(one.title, of_checkpoint(data, number), found)
        if one.relative is not None:
            rows += _rows(one.title, to_reference(data), one.relative, one.ratio)
        for number, found in enumerate(one.units):
            rows += _rows(one.title, of_unit(data, number), found)
    return Table(tuple(columns), tuple(rows))


def of_checkpoint(data: NoiseInImage, number: int) -> str:
    """What a map in the left block shows."""
    return f"variance {data.headings[0]} {data.titles[number]}".strip()


def to_reference(data: NoiseInImage) -> str:
    """What a map in the middle shows."""
    return f"ratio to {lowered(data.reference)}, over the overall ratio"


def of_unit(data: NoiseInImage, number: int) -> str:
    """What a map in the right block shows."""
    return f"variance of unit {data.units[number]}"


def _rows(title: str, name: str, pixels: Array, ratio: Estimate | None = None) -> list[tables.Row]:
    return [tables.Row((title, name, y + 1, *line, ratio)) for y, line in enumerate(pixels.tolist())]


def caption(findings: Findings, data: NoiseInImage) -> str:
    """What is drawn, and the brighter half of the pixels' share of the noise."""
    where, v = place(findings, data.objective), findings.vocabulary
    reference, several = named(findings, findings.reference()), len(data.units) > 1
    reminder = "" if fits(data.reference) else ", the reference,"
    return sentences(
        "Variance of the gradient in the weights from each pixel to the first layer,"
        f" summed over its {prose.in_words(data.layer_units)} unit{'s' * (data.layer_units > 1)}"
        f"{v.mean_over}; logarithmic, one scale for all{' checkpoints' * (len(data.checkpoints) > 1)}.",
        f"Middle: ratio to {reference}{reminder}"
        f"{v.at_checkpoint(data.checkpoints[-1])}, pixel by pixel, relative to the ratio over all these"
        " weights, which is printed with its 95% interval."
        if data.relative is not None
        else "",
        f"Right: the {prose.in_words(len(data.units)) + ' units' if several else 'unit'} whose weights have"
        f" the most variance with {reference}, on {'their' if several else 'its'} own scale.",
        shares(data),
        reach(data),
        blank(findings, data),
        f"The 95% interval of the variance at a single pixel is ±{prose.percent(data.error)} (median).",
        where.over,
    )


def blank(findings: Findings, data: NoiseInImage) -> str:
    """How many pixels have no colour, and why."""
    if not data.dead:
        return ""
    one, each = data.dead == 1, findings.vocabulary.unit
    return (
        f"Of {prose.in_words(data.mean.size)} pixels, {prose.in_words(data.dead)} {'is' if one else 'are'}"
        f" off in every {each} and left blank: {'its' if one else 'their'} weights have no gradient."
    )


def shares(data: NoiseInImage) -> str:
    """The brighter half of the pixels' share of the variance."""
    told = [
        f"{marks.told(prose.share(part), part)} of the variance of {title}"
        for title, part in data.pair
        if part.has_interval
    ]
    if not told:
        return ""
    half = "The half of the pixels that is brighter in the mean image (drawn darker)"
    return f"{half} has {prose.listing(told)}."


def reach(data: NoiseInImage) -> str:
    """How evenly, over pixels, the compared estimator's noise exceeds the reference's."""
    if data.relative is None:
        return ""
    title, relative = data.relative
    low, high = map(float, np.nanquantile(relative, NINE_TENTHS))
    far = high > 10 * low  # rounded to the same digit, the smaller one would vanish
    ends = (
        f"{prose.number(low, 2)} to {prose.number(high, 2)}"
        if far
        else prose.interval(Estimate(1.0, low, high))
    )
    return f"For {title}, nine tenths of the pixels have {ends} times the overall ratio."


def alt(data: NoiseInImage) -> str:
    """What the maps show, in words."""
    height, width = data.shape
    rows = prose.listing([lowered(row.title) for row in data.rows])
    ratios = "; ".join(
        f"{lowered(row.title)} at {prose.number(row.ratio.value)}"
        for row in data.rows
        if row.relative is not None
    )
    return sentences(
        f"Maps of {height} by {width} pixels, one row for each of {rows}: variance of the first layer’s"
        " weights is high where the mean image is bright, and zero where a pixel is never on.",
        shares(data),
        f"Ratios to {lowered(data.reference)} over all weights: {ratios}." if ratios else "",
    )
