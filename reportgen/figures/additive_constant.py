"""Variance against a constant added to log p, which changes no gradient."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.figures.captions import intervals_sentence, place, ranking, sentences
from reportgen.figures.drafting.axes import log_axis
from reportgen.figures.drafting.labels import variance_axis, variance_column
from reportgen.figures.drafting.lines import Line, draw_lines, extent, label_lines, rows_of
from reportgen.figures.drafting.style import new_figure
from reportgen.figures.drafting.table import Column, Table
from reportgen.figures.drafting.ticks import plain
from reportgen.figures.reading import MISSING, line, named
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.objectives import OBJECTIVES


@dataclass(frozen=True)
class AdditiveConstant:
    """For each label, the variance at each constant and the largest relative change over them."""

    objective: str
    constants: tuple[float, ...]
    lines: tuple[Line, ...]
    effects: tuple[Estimate, ...]

    @property
    def of_likelihood(self) -> bool:
        """Whether f is a log-likelihood, in nats."""
        return self.objective not in OBJECTIVES or bool(OBJECTIVES[self.objective].unit)


def data(findings: Findings) -> AdditiveConstant | None:
    """Variances of the labels measured with constants; None with fewer than two constants."""
    curves = {label: dict(findings.constants(label)) for label in findings.compared()}
    values = tuple(sorted({constant for curve in curves.values() for constant in curve}))
    if len(values) < 2:
        return None
    lines, effects = [], []
    for label in findings.compared():
        one = line(findings, label, tuple(curves[label].get(c, MISSING) for c in values))
        if sum(value > 0 for value in one.values) > 1:
            lines.append(one)
            effects.append(findings.get("constant_effect", label))
    if not lines:
        return None
    return AdditiveConstant(findings.objectives[0], values, tuple(lines), tuple(effects))


def draw(data: AdditiveConstant) -> Figure:
    """Log variance against the constant on a linear axis."""
    figure = new_figure(44)
    ax = figure.add_subplot()
    draw_lines(ax, data.constants, data.lines, size=5.0)
    log_axis(ax, "y", extent(data.lines), pad=0.08)
    ax.set_xticks(data.constants, [plain(constant) for constant in data.constants])
    span = data.constants[-1] - data.constants[0]
    ax.set_xlim(data.constants[0] - 0.04 * span, data.constants[-1] + 0.04 * span)
    ax.set_xlabel("constant added to log p(x | z), nats" if data.of_likelihood else "constant added to f")
    ax.set_ylabel(variance_axis(data.objective))
    label_lines(ax, data.constants, data.lines)
    return figure


def table(data: AdditiveConstant) -> Table:
    """One row per estimator and constant."""
    constant = Column("Constant", "nats" if data.of_likelihood else "")
    columns = (Column("Estimator", heads=True), constant, variance_column(data.objective))
    return Table(columns, rows_of(data.lines, data.constants))


def caption(findings: Findings, data: AdditiveConstant) -> str:
    """What is drawn, and by how much each estimator's variance moves."""
    where = place(findings, data.objective)
    moved = [
        f"{change(effect)} for {named(findings, one.label)}"
        for one, effect in zip(data.lines, data.effects, strict=True)
        if effect.available
    ]
    return sentences(
        f"Total variance when a constant is added to {'log p(x | z)' if data.of_likelihood else 'f'},"
        " which changes no gradient.",
        f"Compared with adding nothing, the variance changes {prose.listing(moved)}." if moved else "",
        intervals_sentence(data.lines),
        where.at,
    )


def change(effect: Estimate) -> str:
    """A largest relative change in words; above 100 % it can only be a rise, and is given as a factor."""
    if effect.value == 0:
        return marks.told("not at all", effect)
    if effect.value > 1:
        return f"by up to a factor of {marks.told(prose.spoken(1 + effect.value), effect)}"
    return f"by up to {marks.told(prose.percent(effect.value), effect)}"


def alt(data: AdditiveConstant) -> str:
    """The chart in words, with the values at either end."""
    low, high = plain(data.constants[0]), plain(data.constants[-1])
    return (
        f"Line chart of total variance, logarithmic, against the constant from {low} to {high}"
        f"{' nats' * data.of_likelihood}. "
        f"At {low}: {ranking(data.lines, 0)}. At {high}: {ranking(data.lines)}."
    )
