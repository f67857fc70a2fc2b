"""Whether estimators have the reference's mean: their length along its gradient, and the corrected test."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reportgen.figures.captions import lowered, place, sentences
from reportgen.figures.drafting.axes import faint_grid, margin_column, margin_head, row_labels
from reportgen.figures.drafting.labels import row_height, wrapped
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.points import dot
from reportgen.figures.drafting.style import GRID, INK, MUTED, PAPER, TEXT, Look, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.reading import all_looks, named, title_of
from reportgen.findings import Estimate, Findings, marks, prose


@dataclass(frozen=True)
class Mean:
    """One estimator's mean gradient compared with the reference's."""

    label: str
    title: str
    look: Look
    projection: Estimate
    """Its component along the reference's mean gradient, relative to the latter: 1 without bias."""
    p_value: float
    """Smallest p-value of the joint test over images, Holm-corrected; NaN if not tested."""
    differs: bool = False
    """Whether the test finds a different mean, with correction over the estimators too."""
    same: bool | None = None
    """Whether the exact mean is the reference's; None if it is not known."""


@dataclass(frozen=True)
class Unbiasedness:
    """All estimators except the reference, in the order of declaration."""

    objective: str
    reference: str
    rows: tuple[Mean, ...]
    alone: bool = False
    """Whether there is only one data point, so that p-values need no correction."""

    @property
    def p_name(self) -> str:
        """What follows the p in a heading."""
        return "" if self.alone else ", corrected"

    @property
    def zoom(self) -> float | None:
        """Half-width of a second panel around 1, if some rows would be unreadably narrow in a single one.

        It holds the intervals that reach at most three times as far as the median
        one; None if one panel shows all of them well enough.
        """
        reach = sorted(max(abs(row.projection.low - 1), abs(row.projection.high - 1)) for row in self.rows)
        near = [r for r in reach if r <= 3 * reach[len(reach) // 2]]
        return 1.2 * max(near) if reach[-1] > 8 * max(near) > 0 else None


def data(findings: Findings) -> Unbiasedness | None:
    """The rows at the last checkpoint under the first objective; None with nothing to compare."""
    if not findings.checkpoints:
        return None
    ink = all_looks(findings)
    against = findings.reference()
    off = findings.other_means()
    rows = tuple(
        Mean(
            label,
            title_of(findings, label),
            ink[label],
            findings.get("relative_projection", label),
            findings.get("bias_p_value", label).value,
            label in off,
            findings.exactly_the_same_mean(label),
        )
        for label in findings.compared()
        if label != against
    )
    rows = tuple(
        r for r in rows if r.projection.has_interval and math.isfinite(r.projection.low + r.projection.high)
    )
    if not rows:
        return None
    return Unbiasedness(findings.objectives[0], named(findings, against), rows, findings.vocabulary.alone)


def draw(data: Unbiasedness) -> Figure:
    """A dot with interval in each row, around 1; a second, magnified panel if the scales differ widely."""
    titles = [wrapped(row.title, 26) for row in data.rows]
    figure = new_figure(22 + row_height(titles, 7.0) * len(titles))
    zoom = data.zoom
    panels = figure.subplots(1, 2 if zoom else 1, sharey=True, squeeze=False, gridspec_kw={"wspace": 0.12})
    axes = list(panels[0])
    ends = [bound for row in data.rows for bound in (row.projection.low, row.projection.high, 1.0)]
    margin = 0.06 * (max(ends) - min(ends)) or 0.1
    panel(axes[0], data, min(ends) - margin, max(ends) + margin)
    if zoom:
        panel(axes[1], data, 1 - zoom, 1 + zoom)
        axes[0].set_title("All")
        axes[1].set_title("Around 1")
    axes[0].set_ylim(len(data.rows) - 0.5, -0.5)
    row_labels(axes[0], titles)
    margin_head(axes[-1], f"p{data.p_name}")
    margin_column(
        axes[-1], [prose.p_number(row.p_value) if math.isfinite(row.p_value) else "–" for row in data.rows]
    )
    figure.supxlabel(
        f"mean gradient along that of {data.reference}, relative to it", fontsize=TEXT, color=INK
    )
    return figure


def panel(ax: Axes, data: Unbiasedness, low: float, high: float) -> None:
    """Rows between two limits; a value outside is marked by an arrow at that edge."""
    ax.set_xlim(low, high)
    ax.axvline(1.0, color=INK, alpha=MUTED, linewidth=0.7, zorder=1.5)
    for y, row in enumerate(data.rows):
        ax.axhline(y, color=INK, alpha=GRID, linewidth=0.5, zorder=1)
        value = row.projection
        if value.high >= low and value.low <= high:
            dot(ax, value.value, y, value.low, value.high, row.look, size=5.2, row=Mark("", y))
        if not low <= value.value <= high:
            left = value.value < low
            (arrow,) = ax.plot(
                [0.02 if left else 0.98],
                [y],
                marker="<" if left else ">",
                markersize=4.5,
                color=row.look.colour,
                markeredgecolor=PAPER,
                markeredgewidth=0.5,
                transform=ax.get_yaxis_transform(),
                linestyle="none",
            )
            mark(arrow, "marks", points=[y])
    ax.set_xlim(low, high)
    faint_grid(ax, "x")
    ax.locator_params(axis="x", nbins=5)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def table(data: Unbiasedness) -> Table:
    """One row per estimator."""
    columns = (
        Column("Estimator", heads=True),
        Column(f"Mean gradient along that of {data.reference}"),
        Column(f"p-value{data.p_name}", form="p"),
    )
    rows = (Row((row.title, row.projection, row.p_value), Mark("", y)) for y, row in enumerate(data.rows))
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: Unbiasedness) -> str:
    """What is drawn, and which estimators do not have the reference's mean."""
    where = place(findings, data.objective)
    return sentences(
        f"Mean gradient of each estimator along that of {data.reference}, relative to it:"
        " 1 without bias in that direction. Lines are 95% intervals.",
        "Right: the p-value of a joint test of all directions."
        if findings.vocabulary.alone
        else f"Right: the smallest p-value over {findings.vocabulary.units} of a joint test of all"
        " directions, Holm-corrected.",
        "The right panel magnifies part of the left; an arrow marks a value outside it." if data.zoom else "",
        *found_sentences(findings, data),
        where.at,
    )


def found_sentences(findings: Findings, data: Unbiasedness) -> list[str]:
    """What the tests found, and what is known without them."""
    off = [row for row in data.rows if row.differs]
    rows = "; ".join(
        f"{name_of(findings, row)}, {marks.told(prose.with_interval(row.projection), row.projection)},"
        f" {marks.told(prose.p_value(row.p_value), findings.get('bias_p_value', row.label))}"
        for row in off
    )
    if off:
        also = "" if data.alone else " as well"
        seen = f"With correction over the estimators{also}, a different mean was found for {rows}"
        seen += ", and for no other" * (len(off) < len(data.rows))
    elif any(math.isfinite(row.p_value) for row in data.rows):
        seen = "For no estimator was a different mean found"
    else:
        seen = "No joint test was made"
    chance = [named(findings, row.label) for row in off if row.same]
    missed = [named(findings, row.label) for row in data.rows if row.same is False and not row.differs]
    known = []
    if chance:
        known.append(f"the exact mean of {prose.listing(chance)} is known to agree, so this is chance")
    elif all(row.same for row in data.rows):
        known.append("the exact means are known to agree")
    if missed:
        known.append(f"the exact mean of {prose.listing(missed)} is known to differ")
    return [f"{'; '.join([seen, *known])}."]


def name_of(findings: Findings, row: Mean) -> str:
    """An estimator inside a sentence, under the name of its row."""
    own = row.title.lower().startswith(row.label.lower()) and findings.estimator_of[row.label] != row.label
    return f"“{row.label}”" if own else lowered(row.title)


def alt(data: Unbiasedness) -> str:
    """The dots in words."""
    rows = "; ".join(
        f"{lowered(row.title)} at {prose.with_interval(row.projection)}, {prose.p_value(row.p_value)}"
        for row in data.rows
    )
    return f"Dot plot of the mean gradient relative to that of {data.reference}, 1 being no bias. {rows}."
