"""Total variance of every estimator over training: the figure that answers the question."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.figures.captions import (
    biased_sentence,
    extremes,
    extremes_sentence,
    intervals_sentence,
    labels_of,
    left_out_sentence,
    place,
    ranking,
    sentences,
)
from reportgen.figures.drafting.axes import epoch_axis, epoch_position, log_axis
from reportgen.figures.drafting.labels import variance_axis, variance_column
from reportgen.figures.drafting.lines import Line, draw_lines, extent, label_lines, rows_of
from reportgen.figures.drafting.style import height, new_figure
from reportgen.figures.drafting.table import Column, Table
from reportgen.figures.reading import comparable, epochs, over_checkpoints
from reportgen.findings import Findings, prose


@dataclass(frozen=True)
class VarianceOverTraining:
    """Total variance at each checkpoint, one line per estimator, under one objective."""

    objective: str
    epochs: tuple[int, ...]
    lines: tuple[Line, ...]
    apart: tuple[Line, ...] = ()
    """Biased estimators whose values leave the others' scale: named but not drawn."""
    round: str = "epoch"
    """The unit of the checkpoints: “epoch” or “step”."""


def data(findings: Findings, objective: str | None = None) -> VarianceOverTraining | None:
    """The lines under `objective`, by default the first; None if nothing was measured over training."""
    chosen = objective or findings.objectives[0]
    measured = over_checkpoints(findings, "total_variance", objective=chosen)
    lines, apart = comparable(findings, measured, [chosen] * len(measured))
    if not lines:
        return None
    return VarianceOverTraining(chosen, epochs(findings), lines, apart, findings.vocabulary.round)


def draw(data: VarianceOverTraining) -> Figure:
    """A log axis of variance over epochs, with lines named at their ends."""
    figure = new_figure(height(88, len(data.lines)))
    ax = figure.add_subplot()
    positions = [epoch_position(e) for e in data.epochs]
    draw_lines(ax, positions, data.lines)
    log_axis(ax, "y", extent(data.lines))
    epoch_axis(ax, data.epochs, data.round)
    ax.set_ylabel(variance_axis(data.objective))
    label_lines(ax, positions, data.lines)
    return figure


def table(data: VarianceOverTraining) -> Table:
    """One row per estimator and checkpoint."""
    columns = (
        Column("Estimator", heads=True),
        Column(data.round.capitalize()),
        variance_column(data.objective),
    )
    return Table(columns, rows_of(data.lines, data.epochs))


def caption(findings: Findings, data: VarianceOverTraining) -> str:
    """What is drawn, by how much the highest and lowest differ, the intervals, and the images."""
    where = place(findings, data.objective)
    return sentences(
        "Total variance of one estimate of the gradient in φ over training, logarithmic.",
        extremes_sentence(extremes(findings, data.objective)),
        intervals_sentence(data.lines),
        biased_sentence(findings, labels_of(data.lines), left_out_sentence(data.lines, data.apart)),
        where.over,
    )


def alt(data: VarianceOverTraining) -> str:
    """The chart in words, with the values at the last checkpoint."""
    return (
        f"Line chart of total variance, logarithmic, over {data.round}s {prose.count(data.epochs[0])} to "
        f"{prose.count(data.epochs[-1])}. At the last {data.round}, from the highest: {ranking(data.lines)}."
    )
