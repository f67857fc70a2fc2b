"""Total variance of each parameter group, estimator by estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.figures.axes import dot, handle, log_axis, row_labels
from reportgen.figures.captions import (
    biased_sentence,
    intervals_sentence,
    labels_of,
    lowered,
    place,
    ranking,
    sentences,
    zero_sentence,
)
from reportgen.figures.drawing import Sketch
from reportgen.figures.labels import variance_axis, wrapped
from reportgen.figures.lines import Line, extent
from reportgen.figures.reading import comparable, line, unbiased
from reportgen.figures.style import GRID, INK, SMALL, new_figure
from reportgen.findings import Findings, prose

BETWEEN = 0.7
"""Blank between titles of the key, in sizes of its type."""
MM_PER_POINT = 25.4 / 72


@dataclass(frozen=True)
class VarianceByLayer:
    """Total variance of every group (the estimates of a line run over groups)."""

    objective: str
    checkpoint: int
    groups: tuple[str, ...]
    lines: tuple[Line, ...]
    titles: tuple[str, ...]
    """What the groups are called."""
    apart: tuple[Line, ...] = ()
    """Biased estimators whose values lie far off the others' scale: named, not drawn."""
    zero: tuple[str, ...] = ()
    """Titles of estimators without variance in a block."""


def data(findings: Findings) -> VarianceByLayer | None:
    """At the last checkpoint, first objective; None with fewer than two besides ``all``.

    And where of several estimators all but one have no variance at all: then there is nothing to compare.
    """
    groups = tuple(group for group in findings.blocks() if group != "all")
    if len(groups) < 2 or not findings.checkpoints:
        return None
    lines = tuple(
        line(findings, label, tuple(findings.get("total_variance", label, group=group) for group in groups))
        for label in findings.compared()
    )
    drawn, apart = comparable(findings, tuple(one for one in lines if one.drawable))
    if not drawn or (len(drawn) == 1 < len(lines) and not apart):
        return None
    titles = tuple(findings.vocabulary.block(group) for group in groups)
    return VarianceByLayer(
        findings.objectives[0],
        findings.checkpoints[-1],
        groups,
        drawn,
        titles,
        apart,
        tuple(one.title for one in lines if one.has_zero),
    )


def draw(data: VarianceByLayer) -> Figure:
    """A band a group, in it a row an estimator in the order of the key."""
    rows, gap = len(data.lines), 1.1
    band = rows + gap
    titles = [wrapped(one.title) for one in data.lines]
    figure = new_figure(max(min(170.0, 18 + 1.8 * band * len(data.groups)), key_height(titles)))
    ax = figure.add_subplot()
    for g, _ in enumerate(data.groups):
        if g:
            ax.axhline(g * band - gap / 2 - 0.5, color=INK, alpha=GRID, linewidth=0.5)
        for row, one in enumerate(data.lines):
            low, high = one.bounds
            value = one.values[g]
            if value > 0:
                dot(ax, value, g * band + row, max(low[g], value / 1e6), high[g], one.look, size=4.4)
    log_axis(ax, "x", extent(data.lines), room=8)
    ax.set_ylim(len(data.groups) * band - gap / 2 - 0.5, -gap / 2 - 0.5)
    row_labels(ax, data.titles, every=band, start=(rows - 1) / 2)
    ax.set_xlabel(
        variance_axis(data.objective).replace("variance", "variance of the block’s gradient estimate")
    )
    figure.legend(
        [handle(one.look, line=False) for one in data.lines],
        titles,
        loc="outside right upper",
        frameon=False,
        fontsize=SMALL,
        handletextpad=0.2,
        labelspacing=BETWEEN,
        borderaxespad=0.2,
    )
    return figure


def key_height(titles: Sequence[str]) -> float:
    """Millimetres that a key of these titles takes, one below the other."""
    lines = sum(title.count("\n") + 1 for title in titles)
    return (1.25 * lines + BETWEEN * len(titles)) * SMALL * MM_PER_POINT + 4.0


def caption(findings: Findings, data: VarianceByLayer) -> str:
    """What is drawn, and in which group the extremes lie furthest apart."""
    where = place(findings, data.objective)
    return sentences(
        f"Total variance of each parameter block{' of the encoder' * findings.vocabulary.network},"
        f" logarithmic{'; in a block the estimators stand in the order of the key' * (len(data.lines) > 1)}.",
        zero_sentence(data.zero),
        gap_sentence(findings, data),
        intervals_sentence(data.lines),
        biased_sentence(findings, labels_of(data.lines), data.apart),
        where.at if where else "",
    )


def gap_sentence(findings: Findings, data: VarianceByLayer) -> str:
    """By how much the highest and lowest unbiased estimators differ, where it is least and most."""
    by_name = {one.label: one for one in data.lines if unbiased(findings, one.label)}
    if len(by_name) < 2:
        return ""
    totals = {label: sum(v for v in one.values if v > 0) for label, one in by_name.items()}
    high, low = by_name[max(totals, key=lambda k: totals[k])], by_name[min(totals, key=lambda k: totals[k])]
    ratios = [
        (a / b, group)
        for a, b, group in zip(high.values, low.values, data.titles, strict=True)
        if a > 0 and b > 0
    ]
    if len(ratios) < 2:
        return ""
    (least, narrow), (most, wide) = min(ratios), max(ratios)
    return (
        f"Highest ({lowered(high.title)}) and lowest ({lowered(low.title)}) differ by"
        f" a factor of {prose.spoken(least)} in “{narrow}”"
        f" and of {prose.spoken(most)} in “{wide}”."
    )


def alt(data: VarianceByLayer) -> str:
    """The dots in words, group by group."""
    groups = " ".join(
        f"{group}, from the highest: {ranking(data.lines, index)}." for index, group in enumerate(data.titles)
    )
    return f"Dot plot of total variance, logarithmic, by parameter block. {groups}"


def sketch(findings: Findings) -> Sketch | None:
    """The figure with its words; None where there is nothing to draw."""
    found = data(findings)
    return None if found is None else Sketch(draw(found), caption(findings, found), alt(found))
