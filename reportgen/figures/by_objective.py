"""Total variance over training under each objective: one panel per objective, on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from matplotlib.figure import Figure

from reportgen.figures import variance_over_training
from reportgen.figures.captions import (
    biased_sentence,
    extremes,
    intervals_sentence,
    labels_of,
    left_out_sentence,
    lowered,
    place,
    ranking,
    sentences,
)
from reportgen.figures.drafting.axes import epoch_axis, epoch_position, log_axis
from reportgen.figures.drafting.labels import objective_title, variance_axis, variance_column
from reportgen.figures.drafting.lines import draw_lines, extent, label_lines, rows_of
from reportgen.figures.drafting.style import new_figure
from reportgen.figures.drafting.table import Column, Table
from reportgen.figures.reading import unbiased
from reportgen.figures.variance_over_training import VarianceOverTraining
from reportgen.findings import Estimate, Findings, marks, prose


def data(findings: Findings) -> tuple[VarianceOverTraining, ...] | None:
    """The lines of each objective measured; None with fewer than two, for which another figure suffices."""
    panels = tuple(
        panel
        for objective in findings.objectives
        if (panel := variance_over_training.data(findings, objective)) is not None
    )
    apart = {line.label for panel in panels for line in panel.apart}
    panels = tuple(
        replace(
            panel,
            lines=tuple(line for line in panel.lines if line.label not in apart),
            apart=tuple(line for line in (*panel.lines, *panel.apart) if line.label in apart),
        )
        for panel in panels
    )
    return panels if len(panels) > 1 else None


def draw(data: tuple[VarianceOverTraining, ...]) -> Figure:
    """Panels side by side with a shared log axis; lines are named beside the last panel."""
    figure = new_figure(58)
    axes = figure.subplots(1, len(data), sharey=True, squeeze=False)[0]
    everything = [value for panel in data for value in extent(panel.lines)]
    for index, (ax, panel) in enumerate(zip(axes, data, strict=True)):
        positions = [epoch_position(e) for e in panel.epochs]
        draw_lines(ax, positions, panel.lines, size=3.6, panel=index)
        log_axis(ax, "y", everything, minors=ax is axes[0])
        epoch_axis(ax, panel.epochs, panel.round, closest=0.14)
        ax.set_title(objective_title(panel.objective))
    axes[0].set_ylabel(variance_axis(data[0].objective))
    for ax in axes[1:]:
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", left=False)
    last = data[-1]
    label_lines(axes[-1], [epoch_position(e) for e in last.epochs], last.lines)
    return figure


def table(data: tuple[VarianceOverTraining, ...]) -> Table:
    """One row per objective, estimator and checkpoint."""
    columns = (
        Column("Objective"),
        Column("Estimator", heads=True),
        Column(data[0].round.capitalize()),
        variance_column(data[0].objective),
    )
    rows = (
        rows_of(panel.lines, panel.epochs, panel=index, before=(objective_title(panel.objective),))
        for index, panel in enumerate(data)
    )
    return Table(columns, tuple(chain.from_iterable(rows)))


def caption(findings: Findings, data: tuple[VarianceOverTraining, ...]) -> str:
    """What is drawn, and whether the order of estimators changes with the objective."""
    where = place(findings)
    seen: dict[str, dict[str, list[tuple[str, Estimate]]]] = {}
    for panel in data:
        found = extremes(findings, panel.objective)
        if found is not None and found.last.available:
            pair = f"{lowered(found.high)} over {lowered(found.low)}"
            under = seen.setdefault(pair, {}).setdefault(prose.with_interval(found.last), [])
            under.append((f"“{objective_title(panel.objective)}”", found.last))
    ends = [
        f"{pair} {'; '.join(_under(ratio, alike) for ratio, alike in ratios.items())}"
        for pair, ratios in seen.items()
    ]
    lines = [line for panel in data for line in panel.lines]
    return sentences(
        f"Total variance over training under {prose.in_words(len(data))} objectives, on a common scale.",
        f"Highest over lowest variance of the unbiased estimators at the last checkpoint: {'; '.join(ends)}."
        if ends
        else "",
        intervals_sentence(lines),
        biased_sentence(
            findings,
            labels_of(data[0].lines),
            left_out_sentence(lines, [one for panel in data for one in panel.apart]),
        ),
        _partly_biased(findings, data[1:]),
        where.mean,
    )


def _under(ratio: str, alike: Sequence[tuple[str, Estimate]]) -> str:
    """A ratio, and the objectives under which it reads the same."""
    titles, found = zip(*alike, strict=True)
    return f"{marks.told_of_all(ratio, found)} under {prose.listing(titles)}"


def _partly_biased(findings: Findings, others: Sequence[VarianceOverTraining]) -> str:
    """Which estimators are unbiased under the first objective but biased under another."""
    under: dict[str, list[str]] = {}
    for panel in others:
        for line in panel.lines:
            if unbiased(findings, line.label) and not unbiased(findings, line.label, panel.objective):
                under.setdefault(line.title, []).append(f"under {lowered(objective_title(panel.objective))}")
    return sentences(*(f"“{title}” is biased {prose.listing(told)}." for title, told in under.items()))


def alt(data: tuple[VarianceOverTraining, ...]) -> str:
    """The panels in words, with the values at the last checkpoint."""
    panels = " ".join(
        f"{objective_title(panel.objective)}, last {panel.round}, from the highest: {ranking(panel.lines)}."
        for panel in data
    )
    many = prose.in_words(len(data)).capitalize()
    return f"{many} line charts of total variance, logarithmic, over {data[0].round}s. {panels}"
