"""Total variance against the number of latent units, one trained model a value."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from reportgen.figures.axes import log_axis
from reportgen.figures.captions import (
    biased_sentence,
    intervals_sentence,
    labels_of,
    lowered,
    place,
    ranking,
    sentences,
)
from reportgen.figures.drawing import Sketch
from reportgen.figures.lines import Line, draw_lines, extent, label_lines
from reportgen.figures.reading import comparable, line, unbiased
from reportgen.figures.style import TOTAL_VARIANCE, new_figure
from reportgen.findings import Findings, prose

SETTING = "problem.latent"


@dataclass(frozen=True)
class VarianceAgainstLatent:
    """Variance of every estimator at each number of latent units, last checkpoint."""

    objective: str
    checkpoint: int
    latent: tuple[int, ...]
    lines: tuple[Line, ...]
    apart: tuple[Line, ...] = ()
    """Biased estimators whose values lie far off the others' scale: named, not drawn."""


def data(findings: Findings) -> VarianceAgainstLatent | None:
    """The settings that differ from the base in the latent dimension alone; None with fewer than two."""
    values = tuple(v for v in findings.settings(SETTING) if isinstance(v, int))
    if len(values) < 2:
        return None
    lines = (
        line(
            findings,
            label,
            tuple(findings.get("total_variance", label, setting={SETTING: value}) for value in values),
        )
        for label in findings.labels
    )
    drawn, apart = comparable(findings, tuple(one for one in lines if sum(v > 0 for v in one.values) > 1))
    if not drawn:
        return None
    return VarianceAgainstLatent(findings.objectives[0], findings.checkpoints[-1], values, drawn, apart)


def draw(data: VarianceAgainstLatent) -> Figure:
    """Log-log curves named at their ends."""
    figure = new_figure(70)
    ax = figure.add_subplot()
    positions = [float(value) for value in data.latent]
    draw_lines(ax, positions, data.lines)
    log_axis(ax, "y", extent(data.lines))
    ax.set_xscale("log")
    reach = (positions[-1] / positions[0]) ** 0.04
    ax.set_xlim(positions[0] / reach, positions[-1] * reach)
    ax.xaxis.set_major_locator(FixedLocator(positions))
    ax.xaxis.set_major_formatter(FixedFormatter([f"{value:,}" for value in data.latent]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("latent units d")
    ax.set_ylabel(TOTAL_VARIANCE)
    label_lines(ax, positions, data.lines)
    return figure


def caption(findings: Findings, data: VarianceAgainstLatent) -> str:
    """What is drawn, and how the ratio of highest to lowest moves from end to end."""
    where = place(findings, data.objective)
    return sentences(
        "Total variance against the number of latent units d, both logarithmic; each value is a model trained"
        " by itself, measured at its last checkpoint.",
        ratio_sentence(findings, data),
        intervals_sentence(data.lines),
        biased_sentence(findings, labels_of(data.lines), data.apart),
        where.at if where else "",
    )


def ratio_sentence(findings: Findings, data: VarianceAgainstLatent) -> str:
    """Highest over lowest unbiased estimator at the last value of d, and the same two at the first."""
    fair = [one for one in data.lines if unbiased(findings, one.label)]
    last = [(one.values[-1], one) for one in fair if one.values[-1] > 0]
    if len(last) < 2:
        return ""
    high, low = max(last, key=lambda pair: pair[0])[1], min(last, key=lambda pair: pair[0])[1]
    ratio = high.values[-1] / low.values[-1]
    text = (
        f"With {units(data.latent[-1])} the highest ({lowered(high.title)}) has {prose.spoken(ratio)}"
        f" times the variance of the lowest ({lowered(low.title)})"
    )
    if high.values[0] > 0 and low.values[0] > 0:
        text += f", with {units(data.latent[0])} {prose.spoken(high.values[0] / low.values[0])} times"
    return text + "."


def units(count: int) -> str:
    """“1 unit”, “20 units”."""
    return f"{count:,} unit{'' if count == 1 else 's'}"


def alt(data: VarianceAgainstLatent) -> str:
    """The chart in words, with the values at either end."""
    first, last = data.latent[0], data.latent[-1]
    return (
        f"Line chart, both axes logarithmic, of total variance against {first:,} to {last:,} latent units. "
        f"With {first:,}: {ranking(data.lines, 0)}. With {last:,}: {ranking(data.lines)}."
    )


def sketch(findings: Findings) -> Sketch | None:
    """The figure with its words; None where there is nothing to draw."""
    found = data(findings)
    return None if found is None else Sketch(draw(found), caption(findings, found), alt(found))
