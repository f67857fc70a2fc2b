"""Signal-to-noise ratio of every estimator over training."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.figures.captions import (
    article,
    biased_sentence,
    intervals_sentence,
    labels_of,
    place,
    ranking,
    sentences,
)
from reportgen.figures.drafting.axes import epoch_axis, epoch_position, log_axis
from reportgen.figures.drafting.labels import signal_axis
from reportgen.figures.drafting.lines import Line, draw_lines, extent, label_lines, rows_of
from reportgen.figures.drafting.style import height, new_figure
from reportgen.figures.drafting.table import Column, Table
from reportgen.figures.reading import epochs, named, over_checkpoints, unbiased
from reportgen.findings import Findings, marks, prose


@dataclass(frozen=True)
class SignalToNoise:
    """Signal-to-noise ratio at each checkpoint, one line per estimator."""

    objective: str
    epochs: tuple[int, ...]
    lines: tuple[Line, ...]
    round: str = "epoch"
    """The unit of the checkpoints: “epoch” or “step”."""


def data(findings: Findings) -> SignalToNoise | None:
    """The lines under the first objective; None if nothing was measured over training."""
    lines = over_checkpoints(findings, "signal_to_noise")
    if not lines:
        return None
    return SignalToNoise(findings.objectives[0], epochs(findings), lines, findings.vocabulary.round)


def draw(data: SignalToNoise) -> Figure:
    """A log axis over checkpoints, with lines named at their ends."""
    tall = height(69, len(data.lines))
    figure = new_figure(tall)
    ax = figure.add_subplot()
    positions = [epoch_position(e) for e in data.epochs]
    draw_lines(ax, positions, data.lines)
    log_axis(ax, "y", extent(data.lines))
    epoch_axis(ax, data.epochs, data.round)
    ax.set_ylabel(signal_axis(tall))
    label_lines(ax, positions, data.lines)
    return figure


def table(data: SignalToNoise) -> Table:
    """One row per estimator and checkpoint."""
    columns = (
        Column("Estimator", heads=True),
        Column(data.round.capitalize()),
        Column("Signal-to-noise ratio"),
    )
    return Table(columns, rows_of(data.lines, data.epochs))


def caption(findings: Findings, data: SignalToNoise) -> str:
    """What is drawn, which estimator has the highest ratio at the end, and which are lost in the noise."""
    where, v = place(findings, data.objective), findings.vocabulary
    fair = [one for one in data.lines if unbiased(findings, one.label)] or list(data.lines)
    best = max(fair, key=lambda one: one.values[-1] if one.values[-1] > 0 else 0.0)
    value = best.estimates[-1]
    lost = [named(findings, one.label) for one in data.lines if not one.estimates[-1].available]
    return sentences(
        "Signal-to-noise ratio of one estimate over training, logarithmic: the length of the mean gradient"
        f"{'' if v.alone else f' of {article(v.unit)}'} over the standard deviation of its estimate"
        f"{'' if v.alone else f', root mean square over {v.units}'}.",
        f"At {v.checkpoint(data.epochs[-1])}, it is"
        f" {f'highest for {named(findings, best.label)}, ' * (len(fair) > 1)}"
        f"{marks.told(prose.with_interval(value), value)}."
        if value.available
        else "",
        f"A line ends where the mean cannot be distinguished from zero: {prose.listing(lost)}."
        if lost
        else "",
        intervals_sentence(data.lines),
        biased_sentence(findings, labels_of(data.lines)),
        where.over,
    )


def alt(data: SignalToNoise) -> str:
    """The chart in words, with the values at the last checkpoint."""
    first, last = prose.count(data.epochs[0]), prose.count(data.epochs[-1])
    return (
        f"Line chart of the signal-to-noise ratio, logarithmic, over {data.round}s {first} to {last}."
        f" At the last {data.round}, from the highest: {ranking(data.lines) or 'not available'}."
    )
