"""Variance times cost: how much more compute an estimator needs than the best for the same precision."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reportgen.figures.captions import lowered, place, sentences, zero_sentence
from reportgen.figures.drafting.axes import log_axis, margin_column, row_labels
from reportgen.figures.drafting.labels import row_height, wrapped
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.points import dot
from reportgen.figures.drafting.style import GRID, INK, MUTED, TEXT, Look, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.reading import all_looks, named, title_of, unbiased, usable
from reportgen.findings import Estimate, Findings, marks, prose


@dataclass(frozen=True)
class Work:
    """Variance × cost relative to the best estimator's; the best has 1 without an interval."""

    label: str
    title: str
    look: Look
    passes: float
    """Evaluations of f and of its derivative per replicate."""
    seconds: float
    """Measured seconds per replicate."""
    by_passes: tuple[float, float, float]
    """Value and interval, with cost counted in evaluations."""
    by_seconds: tuple[float, float, float]
    """The same with cost counted in seconds."""


@dataclass(frozen=True)
class WorkNormalized:
    """Rows sorted from best to worst by passes, and the label with which each panel compares."""

    objective: str
    rows: tuple[Work, ...]
    best_by_passes: str
    best_by_seconds: str
    unit: str
    """The units of work: “decoder passes”."""
    derivative: bool = True
    """Whether these include derivatives."""
    zero: tuple[str, ...] = ()
    """Titles of unbiased estimators without variance, which need no compute at all."""


def data(findings: Findings) -> WorkNormalized | None:
    """The unbiased estimators at the last checkpoint; None with fewer than two.

    Biased ones are left out: no amount of compute buys them the same precision.
    """
    fair = {
        label: findings.get("total_variance", label)
        for label in findings.compared()
        if unbiased(findings, label)
    }
    labels = [label for label, variance in fair.items() if usable(variance)]
    passes = {label: findings.get("evaluations", label).value for label in labels}
    seconds = {label: findings.get("seconds_per_replicate", label).value for label in labels}
    variance = {label: fair[label].value for label in labels}
    labels = [label for label in labels if passes[label] > 0 and seconds[label] > 0]
    if len(labels) < 2:
        return None
    best_passes = min(labels, key=lambda label: variance[label] * passes[label])
    best_seconds = min(labels, key=lambda label: variance[label] * seconds[label])
    ink = all_looks(findings)
    rows = [
        Work(
            label,
            title_of(findings, label),
            ink[label],
            passes[label],
            seconds[label],
            scaled(ratio_to(findings, label, best_passes), passes[label] / passes[best_passes]),
            scaled(ratio_to(findings, label, best_seconds), seconds[label] / seconds[best_seconds]),
        )
        for label in labels
    ]
    rows.sort(key=lambda row: row.by_passes[0])
    return WorkNormalized(
        findings.objectives[0],
        tuple(rows),
        best_passes,
        best_seconds,
        findings.vocabulary.evaluations_alone,
        findings.vocabulary.derivative,
        tuple(title_of(findings, label) for label, found in fair.items() if found.value == 0.0),
    )


def ratio_to(findings: Findings, label: str, best: str) -> Estimate | None:
    """The paired variance ratio to the best; None for the best itself."""
    return None if label == best else findings.ratio(label, best)


def scaled(ratio: Estimate | None, cost: float) -> tuple[float, float, float]:
    """A variance ratio with its interval, times a ratio of costs."""
    return (cost, cost, cost) if ratio is None else (ratio.value * cost, ratio.low * cost, ratio.high * cost)


APART = 0.12
"""Gap between the panels relative to their width: numbers beside one must not seem to label the other."""


def draw(data: WorkNormalized) -> Figure:
    """Two dot plots on log axes, with cost in passes and in seconds, sorted by the former."""
    titles = [wrapped(row.title) for row in data.rows]
    figure = new_figure(18 + row_height(titles, 6.6) * len(titles))
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": APART})
    panel(left, data, 0, [row.by_passes for row in data.rows], f"Variance × {data.unit}")
    panel(right, data, 1, [row.by_seconds for row in data.rows], "Variance × measured seconds")
    left.set_ylim(len(data.rows) - 0.5, -0.5)
    row_labels(left, titles)
    figure.supxlabel("compute for the same precision, the best estimator = 1", fontsize=TEXT, color=INK)
    return figure


def panel(
    ax: Axes, data: WorkNormalized, index: int, values: list[tuple[float, float, float]], title: str
) -> None:
    """The panel for one way of counting cost."""
    for y, (row, (value, low, high)) in enumerate(zip(data.rows, values, strict=True)):
        ax.axhline(y, color=INK, alpha=GRID, linewidth=0.5, zorder=1)
        dot(ax, value, y, low, high, row.look, size=5.4, row=Mark("", y, index))
    margin_column(ax, [prose.number(value) for value, _, _ in values], offset=4)
    log_axis(ax, "x", [1.0, *(bound for triple in values for bound in triple)], room=5)
    mark(ax.axvline(1.0, color=INK, alpha=MUTED, linewidth=0.7, zorder=1.5), "moves")
    ax.set_title(title)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def table(data: WorkNormalized) -> Table:
    """One row per estimator and way of counting cost."""
    columns = (
        Column("Estimator", heads=True),
        Column("Cost counted in"),
        Column("Cost of one estimate", form="number"),
        Column("Work for the same precision, relative to the least"),
    )
    counted = (
        (data.unit, [(row.passes, row.by_passes) for row in data.rows]),
        ("measured seconds", [(row.seconds, row.by_seconds) for row in data.rows]),
    )
    return Table(
        columns,
        tuple(
            Row((row.title, unit, cost, Estimate(*work)), Mark("", y, index))
            for index, (unit, costs) in enumerate(counted)
            for y, (row, (cost, work)) in enumerate(zip(data.rows, costs, strict=True))
        ),
    )


def caption(findings: Findings, data: WorkNormalized) -> str:
    """What is drawn, which estimator is best at equal compute, and which comes next."""
    where = place(findings, data.objective)
    best = next(row for row in data.rows if row.label == data.best_by_passes)
    others = [row for row in data.rows if row.label != data.best_by_passes]
    seconds = next(row for row in data.rows if row.label == data.best_by_seconds)
    of_others = " of the others" if data.zero else ""
    seen = f"At equal compute, {named(findings, best.label)} is best{of_others}"
    if others:
        next_best, factor = named(findings, others[0].label), prose.number(others[0].by_passes[0])
        both = [findings.get("work_normalized_variance", row.label) for row in (others[0], best)]
        times = f"{marks.told_of_all(factor, both)} times as much"
        needs = "as much, to three digits" if factor == prose.number(1.0) else times
        seen += f"; {next_best}, the next best, needs {needs}"
    if seconds is not best:
        seen += f"; counted in seconds, {named(findings, seconds.label)} is best"
    return sentences(
        "Total variance times the cost of one estimate, relative to the best unbiased estimator"
        f"{' that has any' * bool(data.zero)}, logarithmic: how much more compute the same precision takes."
        f" Left: cost in {data.unit}; right: in seconds.",
        zero_sentence(data.zero),
        seen + ".",
        "Lines are 95% intervals of the paired variance ratio times the ratio of costs.",
        "Biased estimators are left out."
        if not all(unbiased(findings, k) for k in findings.compared())
        else "",
        where.at,
    )


def alt(data: WorkNormalized) -> str:
    """The dots in words."""
    rows = "; ".join(
        f"{lowered(row.title)} at {prose.number(row.by_passes[0])} by passes"
        f" and {prose.number(row.by_seconds[0])} by seconds"
        for row in data.rows
    )
    return f"Two dot plots of variance times cost relative to the best, logarithmic. {rows}."
