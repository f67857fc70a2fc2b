"""Signal-to-noise ratio, which has no unit, against the number of samples K, in φ and θ together."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.figures import reading
from reportgen.figures.captions import intervals_sentence, lowered, place, ranking, sentences
from reportgen.figures.drafting.axes import log_axis, setting_axis
from reportgen.figures.drafting.labels import signal_axis
from reportgen.figures.drafting.lines import Line, draw_lines, extent, label_lines
from reportgen.figures.drafting.style import height, new_figure
from reportgen.figures.drafting.table import Column, Table
from reportgen.figures.reading import MISSING, gradient_title, line
from reportgen.figures.variance_against_num_samples import rows_with_slopes, slope_note
from reportgen.findings import Estimate, Findings, prose


@dataclass(frozen=True)
class SignalAgainstNumSamples:
    """Signal-to-noise ratio at each K, and the slope fitted on log-log axes."""

    objective: str
    num_samples: tuple[int, ...]
    lines: tuple[Line, ...]
    slopes: tuple[Estimate, ...]


def data(findings: Findings) -> SignalAgainstNumSamples | None:
    """The curves at the last checkpoint; None if they add nothing to the figure of variances."""
    if not reading.varies_with_samples(findings):
        return None
    curves = {label: dict(findings.curve(label, "signal_to_noise")) for label in findings.labels}
    counts = tuple(sorted({count for curve in curves.values() for count in curve}))
    if len(counts) < 2:
        return None
    lines = []
    for label in findings.labels:
        values = tuple(curves[label].get(count, MISSING) for count in counts)
        one = line(findings, label, values, samples=False)
        if sum(value > 0 for value in one.values) > 1:
            lines.append(Line(label, gradient_title(findings, label), one.look, values))
    if not lines:
        return None
    slopes = tuple(findings.slope("signal_to_noise", one.label) for one in lines)
    return SignalAgainstNumSamples(findings.objectives[0], counts, tuple(lines), slopes)


def draw(data: SignalAgainstNumSamples) -> Figure:
    """Log-log curves, with each line's fitted slope beside its name."""
    tall = height(84, len(data.lines))
    figure = new_figure(tall)
    ax = figure.add_subplot()
    counts = [float(count) for count in data.num_samples]
    draw_lines(ax, counts, data.lines)
    log_axis(ax, "y", extent(data.lines))
    setting_axis(ax, counts, log=True, most=12)
    ax.set_xlabel("samples K in one estimate")
    ax.set_ylabel(signal_axis(tall))
    label_lines(ax, counts, data.lines, [slope_note(slope) for slope in data.slopes])
    return figure


def table(data: SignalAgainstNumSamples) -> Table:
    """One row per estimator and number of samples, with the slope of its line."""
    columns = (
        Column("Estimator", heads=True),
        Column("Samples K"),
        Column("Signal-to-noise ratio"),
        Column("Slope of its line"),
    )
    return Table(columns, rows_with_slopes(data.lines, data.num_samples, data.slopes))


def caption(findings: Findings, data: SignalAgainstNumSamples) -> str:
    """What is drawn, and for which estimators the ratio rises or falls with K."""
    where = place(findings, data.objective)
    known = [(one, slope) for one, slope in zip(data.lines, data.slopes, strict=True) if slope.has_interval]
    rising = [reading.named_gradient(findings, one.label) for one, slope in known if slope.low > 0]
    falling = [reading.named_gradient(findings, one.label) for one, slope in known if slope.high < 0]
    seen = [f"rises for {prose.listing(rising)}"] if rising else []
    seen += [f"falls for {prose.listing(falling)}"] if falling else []
    text = " and ".join(seen)
    return sentences(
        "Signal-to-noise ratio of one estimate against the number of samples K, both logarithmic; beside each"
        " name the fitted slope with its 95% interval.",
        f"As K grows, it {text}." if text else "",
        intervals_sentence(data.lines),
        where.varying,
    )


def alt(data: SignalAgainstNumSamples) -> str:
    """The chart in words, with slopes and the values at the largest K."""
    slopes = "; ".join(
        f"{lowered(one.title)} at {prose.with_interval(slope)}"
        for one, slope in zip(data.lines, data.slopes, strict=True)
    )
    first, last = (prose.count(data.num_samples[index]) for index in (0, -1))
    return (
        f"Line chart, both axes logarithmic, of the signal-to-noise ratio against {first} to {last} samples."
        f" Slopes: {slopes}. At the largest K: {ranking(data.lines)}."
    )
