"""What closes the gap from the score function to pathwise, ingredient by ingredient."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.figures.captions import inverse, lowered, place, sentences
from reportgen.figures.drafting.axes import log_axis, margin_head, margin_note, row_labels
from reportgen.figures.drafting.labels import row_height, variance_axis, variance_column, wrapped
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.points import dot
from reportgen.figures.drafting.style import GRID, INK, MUTED, Look, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.reading import all_looks, default_samples, named, title_of, usable
from reportgen.findings import Estimate, Findings, marks, prose

STEPS = (
    "score_function",
    "score_function_optimal_constant",
    "score_function_optimal_per_coordinate",
    "taylor_control_variate",
    "pathwise",
)
"""From no control variate to the derivative at every sample."""


@dataclass(frozen=True)
class Step:
    """One estimator of the ladder, and what it gains over the previous one."""

    label: str
    title: str
    look: Look
    variance: Estimate
    factor: Estimate | None
    """Variance of the previous step over this one's, paired; None for the first step."""
    share: float
    """Share of the whole gap, on the log scale, from this step alone; negative for a step back."""
    closed: Estimate
    """Share of the gap that this estimator closes, including previous steps."""


@dataclass(frozen=True)
class GapWaterfall:
    """The ladder at one checkpoint; `whole` is the variance ratio of the first to the last step."""

    objective: str
    steps: tuple[Step, ...]
    whole: Estimate


def data(findings: Findings) -> GapWaterfall | None:
    """The ladder at the last checkpoint; None without a gap from score function to pathwise and a step in it.

    All its estimators have the same K, since variances at different K do not divide a gap.
    """
    label_of: dict[tuple[str, int], str] = {}
    for label in findings.compared():
        label_of.setdefault((findings.estimator_of[label], default_samples(findings, label)), label)
    k = next((k for name, k in label_of if name == STEPS[0] and (STEPS[-1], k) in label_of), 0)
    labels = [label_of[name, k] for name in STEPS if (name, k) in label_of]
    labels = [label for label in labels if usable(findings.get("total_variance", label))]
    names = [findings.estimator_of[label] for label in labels]
    if len(labels) < 3 or names[0] != STEPS[0] or names[-1] != STEPS[-1]:
        return None
    variances = [findings.get("total_variance", label) for label in labels]
    closed = [findings.gap_closed(label, labels[0], labels[-1]) for label in labels]
    if variances[0].value <= variances[-1].value or not closed[-1].available:
        return None
    gap = math.log(variances[0].value / variances[-1].value)
    ink = all_looks(findings)
    steps = []
    for index, label in enumerate(labels):
        factor = findings.ratio(labels[index - 1], label) if index else None
        share = math.log(variances[index - 1].value / variances[index].value) / gap if index and gap else 0.0
        steps.append(
            Step(label, title_of(findings, label), ink[label], variances[index], factor, share, closed[index])
        )
    return GapWaterfall(findings.objectives[0], tuple(steps), findings.ratio(labels[0], labels[-1]))


def draw(data: GapWaterfall) -> Figure:
    """One floating bar per step on a log axis, from the variance before it to the variance after."""
    titles = [wrapped(step.title) for step in data.steps]
    figure = new_figure(18 + row_height(titles, 7.4) * len(titles))
    ax = figure.add_subplot()
    before = data.steps[0].variance.value
    for row, step in enumerate(data.steps):
        value = step.variance.value
        if row:
            (bar,) = ax.barh(
                row, value - before, left=before, height=0.46, color=step.look.colour, alpha=0.38, zorder=2
            )
            mark(bar, "moves")
            (step_down,) = ax.plot(
                [before, before], [row - 1, row + 0.23], color=INK, alpha=MUTED, linewidth=0.6, zorder=1.8
            )
            mark(step_down, "moves")
        dot(ax, value, row, step.variance.low, step.variance.high, step.look, size=5.4, row=Mark("", row))
        before = value
    log_axis(
        ax, "x", [bound for s in data.steps for bound in (s.variance.value, s.variance.low, s.variance.high)]
    )
    ax.set_ylim(len(data.steps) - 0.45, -0.55)
    row_labels(ax, titles)
    ax.set_xlabel(variance_axis(data.objective))
    margin_head(ax, "change in variance")
    margin_head(ax, "share", offset=156, right=True)
    margin_head(ax, "total", offset=192, right=True)
    for row, step in enumerate(data.steps):
        if step.factor is not None:
            margin_note(ax, row, factor_text(step.factor))
            margin_note(ax, row, prose.percent(step.share), offset=156, right=True)
            margin_note(ax, row, prose.percent(step.closed.value), offset=192, right=True)
            ax.axhline(row - 0.5, color=INK, alpha=GRID, linewidth=0.5, zorder=1)
    return figure


def factor_text(factor: Estimate) -> str:
    """÷ 54.8 (54.1 to 55.6) for a step forward, × 2.73 (2.71 to 2.76) for a step back."""
    if not factor.available or factor.value >= 1:
        return f"÷ {prose.with_interval(factor)}" if factor.available else prose.NOT_AVAILABLE
    return f"× {prose.with_interval(inverse(factor))}"


def table(data: GapWaterfall) -> Table:
    """One row per step, in the order of the ladder."""
    columns = (
        Column("Estimator", heads=True),
        variance_column(data.objective),
        Column("Variance of the previous step over this"),
        Column("Share of the gap", form="percent"),
        Column("Cumulative share", form="percent"),
    )
    rows = []
    for y, step in enumerate(data.steps):
        gained = (step.factor, step.share, step.closed) if y else (None, None, None)
        rows.append(Row((step.title, step.variance, *gained), Mark("", y)))
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: GapWaterfall) -> str:
    """What is drawn, the whole gap, the share that each estimator closes, and steps back."""
    where = place(findings, data.objective)
    first, last = data.steps[0], data.steps[-1]
    closed = prose.listing([f"{lowered(step.title)} {closed_text(step)}" for step in data.steps[1:-1]])
    back = [
        f"{named(findings, step.label)} has"
        f" {marks.told(prose.value_of(inverse(step.factor)), step.factor)} times the variance of the previous"
        " step"
        for step in data.steps[1:]
        if step.factor is not None and step.factor.available and step.factor.high < 1
    ]
    return sentences(
        f"What closes the gap between {named(findings, first.label)} and {named(findings, last.label)}:"
        " each bar is the change in total variance at one step, on a logarithmic axis."
        " Factors are paired, with 95% intervals; shares are of the logarithm of the whole gap,"
        " by step and cumulative.",
        f"The whole gap is a factor of {marks.told(prose.with_interval(data.whole), data.whole)}.",
        f"On its own, each intermediate estimator closes this share of it: {closed}."
        if len(data.steps) > 3
        else f"The intermediate estimator closes {closed_text(data.steps[1])} of it.",
        f"Not every step reduces the variance: {prose.listing(back)}." if back else "",
        where.at,
    )


def closed_text(step: Step) -> str:
    """The share of the gap that is closed up to this step."""
    return marks.told(prose.percent(step.closed.value), step.closed)


def alt(data: GapWaterfall) -> str:
    """The ladder in words."""
    steps = "; ".join(
        f"{lowered(step.title)}: variance {factor_text(step.factor)},"
        f" {prose.percent(step.closed.value)} closed so far"
        for step in data.steps[1:]
        if step.factor is not None
    )
    first = data.steps[0]
    return (
        f"Waterfall chart on a logarithmic axis. {first.title} has total variance"
        f" {prose.with_interval(first.variance)}. {steps}."
    )
