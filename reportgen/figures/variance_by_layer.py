"""Total variance of each parameter group, estimator by estimator."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.figures.captions import (
    alike,
    among,
    biased_sentence,
    ends,
    intervals_sentence,
    inverse,
    labels_of,
    left_out_sentence,
    lowered,
    place,
    ranking,
    sentences,
    zero_sentence,
)
from reportgen.figures.drafting.axes import log_axis, row_labels
from reportgen.figures.drafting.labels import LINE, row_height, variance_axis, variance_column, wrapped
from reportgen.figures.drafting.lines import Line, extent
from reportgen.figures.drafting.points import dot
from reportgen.figures.drafting.style import GRID, INK, TEXT, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.reading import comparable, largest_blocks, line, unbiased, usable
from reportgen.findings import Estimate, Findings, marks, prose

ACROSS = 4
"""The most panels side by side."""


@dataclass(frozen=True)
class VarianceByLayer:
    """Total variance of every group shown; the estimates of a line run over groups."""

    objective: str
    groups: tuple[str, ...]
    lines: tuple[Line, ...]
    titles: tuple[str, ...]
    """Titles of the groups."""
    apart: tuple[Line, ...] = ()
    """Biased estimators whose values leave the others' scale: named but not drawn."""
    zero: tuple[str, ...] = ()
    """Titles of estimators without variance in a block."""


def data(findings: Findings) -> VarianceByLayer | None:
    """Variances at the last checkpoint, first objective; None with fewer than two groups besides ``all``.

    Also None if only one of several estimators has any variance: then there is nothing to compare.
    """
    groups = largest_blocks(findings)
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
        groups,
        drawn,
        titles,
        apart,
        tuple(one.title for one in lines if one.has_zero),
    )


def draw(data: VarianceByLayer) -> Figure:
    """Small multiples: one panel per group with one row per estimator, all on one scale."""
    across = min(len(data.groups), ACROSS)
    down = -(-len(data.groups) // across)
    titles = [wrapped(one.title, 34) for one in data.lines]
    figure = new_figure(10 + down * (11 + row_height(titles, 1.4 * LINE) * len(titles)))
    grid = figure.subplots(down, across, squeeze=False, sharey=True)
    values = extent(data.lines)
    for g, ax in enumerate(grid.flat):
        if g >= len(data.groups):
            ax.set_visible(False)
            continue
        for row, one in enumerate(data.lines):
            low, high = one.bounds
            value = one.values[g]
            if value > 0:
                end = max(low[g], value / 1e6)
                dot(ax, value, row, end, high[g], one.look, size=4.4, row=Mark("", row, g))
        log_axis(ax, "x", values, room=max(8 // across, 3))
        ax.set_title(wrapped(data.titles[g], 20, 2))
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        for row in range(len(data.lines)):
            ax.axhline(row, color=INK, alpha=GRID, linewidth=0.5, zorder=1)
    grid[0, 0].set_ylim(len(data.lines) - 0.4, -0.6)
    for ax in grid[:, 0]:
        row_labels(ax, titles)
    title = variance_axis(data.objective).replace("variance", "variance of the block’s gradient estimate")
    figure.supxlabel(title, fontsize=TEXT)
    return figure


def table(data: VarianceByLayer) -> Table:
    """One row per block of parameters and estimator."""
    columns = (
        Column("Block"),
        Column("Estimator", heads=True),
        variance_column(data.objective, "Variance of the block"),
    )
    rows = (
        Row((title, one.title, one.estimates[g]), Mark("", row, g))
        for g, title in enumerate(data.titles)
        for row, one in enumerate(data.lines)
    )
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: VarianceByLayer) -> str:
    """What is drawn, and in which groups the extremes differ least and most."""
    where = place(findings, data.objective)
    shown, every, network = len(data.groups), len(findings.blocks) - 1, findings.vocabulary.network
    whose = f"each parameter block{' of the encoder' * network}"
    if shown < every:
        whose = (
            f"the {prose.in_words(shown)} of {'the encoder’s ' * network}{prose.in_words(every)} parameter "
            "blocks in which it is highest"
        )
    return sentences(
        f"Total variance of {whose}, on a common logarithmic axis.",
        zero_sentence(data.zero),
        gap_sentence(findings, data),
        intervals_sentence(data.lines),
        biased_sentence(findings, labels_of(data.lines), left_out_sentence(data.lines, data.apart)),
        where.at,
    )


def gap_sentence(findings: Findings, data: VarianceByLayer) -> str:
    """By how much the highest and lowest unbiased estimators differ, where it is least and most."""
    by_name = {one.label: one for one in data.lines if unbiased(findings, one.label)}
    if len(by_name) < 2:
        return ""
    totals = {label: sum(v for v in one.values if v > 0) for label, one in by_name.items()}
    high, low = (by_name[label] for label in ends(totals))
    found = [
        (findings.ratio(high.label, low.label, objective=data.objective, group=group), title)
        for group, title in ((one, findings.vocabulary.block(one)) for one in findings.blocks if one != "all")
    ]
    ratios = [(ratio, title) for ratio, title in found if usable(ratio)]
    if len(ratios) < 2:
        return ""
    (least, narrow), (most, wide) = (choose(ratios, key=lambda pair: pair[0].value) for choose in (min, max))
    of = among(len(by_name), len(data.lines))
    whose = f"The highest{of} ({lowered(high.title)}) and the lowest ({lowered(low.title)})"
    said = [marks.plain(_apart(ratio)) for ratio, _ in ratios]
    if marks.plain(_apart(least)) == marks.plain(_apart(most)):
        if len(set(said)) > 1:
            return f"{whose} {_apart(least, most)} in “{narrow}” and “{wide}”."
        first = _apart(*(ratio for ratio, _ in ratios))
        all_of, both = ("any block", "either block") if "cannot" in first else ("every block", "both blocks")
        return f"{whose} {first} in {both if len(ratios) == 2 else all_of}."
    first, second = _apart(least), _apart(most)
    again = second.removeprefix("differ by a factor ") if first.startswith("differ") else second
    return f"{whose} {first} in “{narrow}” and {again} in “{wide}”."


def _apart(*ratios: Estimate) -> str:
    """How the highest and lowest differ in blocks with the same ratio, where their order may be reversed."""
    ratio = ratios[0]
    if told := alike(ratio):
        return told
    if ratio.value < 1.0:
        factor = marks.told_of_all(prose.value_of(inverse(ratio)), ratios)
        return f"differ by a factor of {factor}, in reverse order,"
    return f"differ by a factor of {marks.told_of_all(prose.value_of(ratio), ratios)}"


def alt(data: VarianceByLayer) -> str:
    """The dots in words, group by group."""
    groups = " ".join(
        f"{group}, from the highest: {ranking(data.lines, index)}." for index, group in enumerate(data.titles)
    )
    return f"Dot plot of total variance, logarithmic, by parameter block. {groups}"
