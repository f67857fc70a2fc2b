"""The K-sample bound of judged models against K: how far the ELBO lies below the likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.figures.captions import sentences
from reportgen.figures.drafting.axes import faint_grid, setting_axis
from reportgen.figures.drafting.labels import end_labels_of_panels
from reportgen.figures.drafting.points import curve
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.model_grid import grid
from reportgen.figures.models.looks import look
from reportgen.figures.models.panels import ACROSS, is_lowest, name, panels
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.models.statistics import bound_of


@dataclass(frozen=True)
class Bounds:
    """One model's bounds at each K."""

    title: str
    row: int
    estimates: tuple[tuple[int, Estimate], ...]
    several: bool
    """Whether several trainings of it were judged."""

    def between(self, before: int) -> tuple[Estimate, Estimate]:
        """The bounds at index `before` (0: fewest samples, −2: second most) and with the most samples."""
        return self.estimates[before][1], self.estimates[-1][1]

    def gain(self, before: int) -> float:
        """How much the bound with the most samples exceeds the one at index `before`."""
        less, most = self.between(before)
        return most.value - less.value


@dataclass(frozen=True)
class BoundAgainstK:
    """One panel per training objective."""

    panels: tuple[tuple[str, tuple[Bounds, ...]], ...]

    @property
    def models(self) -> tuple[tuple[str, Bounds], ...]:
        """Every model, with the title of its panel."""
        return tuple((title, one) for title, found in self.panels for one in found)


def data(findings: Findings) -> BoundAgainstK | None:
    """The bounds of every judged model; None if there is none with several K."""
    table = grid(findings)
    if table is None:
        return None
    panels = []
    for column, title in enumerate(table.columns):
        found = []
        for index, row in enumerate(table.rows):
            model = row.models[column]
            if model is None or model.record is None:
                continue
            curve = model.record.curve
            estimates = tuple((k, of) for k in curve if (of := bound_of(model.records, k)).available)
            if len(estimates) > 1:
                found.append(Bounds(row.title(table) or title, index, estimates, len(model.records) > 1))
        if found:
            panels.append((title, tuple(found)))
    return BoundAgainstK(tuple(panels)) if panels else None


def draw(data: BoundAgainstK) -> Figure:
    """Panels side by side on one scale, with lines named at their ends."""
    figure, axes = panels(len(data.panels))
    ks = sorted({k for _, one in data.models for k, _ in one.estimates})
    labels = []
    for panel, (ax, (title, models)) in enumerate(zip(axes, data.panels, strict=True)):
        ends = []
        for one in models:
            shape = look(one.row)
            x, found = [float(k) for k, _ in one.estimates], [of for _, of in one.estimates]
            curve(
                ax, x, [of.value for of in found], [of.low for of in found], [of.high for of in found],
                shape, size=3.8, series=one.title, panel=panel,
            )  # fmt: skip
            ends.append((x[-1], found[-1].value, name(one.title, len(axes)), shape))
        setting_axis(ax, [float(k) for k in ks], log=True)
        faint_grid(ax, "y")
        ax.set_title(title)
        if not panel % ACROSS:
            ax.set_ylabel("bound, nats per image")
        if is_lowest(panel, len(axes)):
            ax.set_xlabel("samples K of the bound")
        labels.append((ax, ends, [one.title for one in models]))
    end_labels_of_panels(labels)
    return figure


def table(data: BoundAgainstK) -> Table:
    """One row per model and number of samples."""
    columns = (
        Column("Trained as"),
        Column("Model", heads=True),
        Column("Samples K"),
        Column("Bound", "nats per image"),
    )
    rows = (
        Row((title, one.title, k, bound), Mark(one.title, index, panel))
        for panel, (title, models) in enumerate(data.panels)
        for one in models
        for index, (k, bound) in enumerate(one.estimates)
    )
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: BoundAgainstK) -> str:
    """What is drawn, how much the bound gains over all K, and how much at the last step of K."""
    *_, before, last = (k for k, _ in data.models[0][1].estimates)
    first = data.models[0][1].estimates[0][0]
    told = (_ends(data, 0), _ends(data, -2))
    whole = f"From K = {prose.count(first)} to {prose.count(last)} the bound gains {told[0]}"
    end = f"From K = {prose.count(before)} to {prose.count(last)} alone it gains {told[1]}"
    return sentences(
        "Mean over test images of the K-sample bound on log p(x) against K; k is the number of samples in"
        " training. All values of a model come from the same samples; the last serves as its log-likelihood.",
        f"{whole}: the smaller the gain, the closer q is to the posterior.",
        f"{end}; more samples would raise it further." if before != first else "",
        f"Bars are 95% intervals over {_over([one.several for _, one in data.models])}"
        + (
            "; the images are the same for every model, so differences between models are known more"
            " precisely than the bars show."
            if len(data.models) > 1
            else "."
        ),
    )


def _over(several: Sequence[bool]) -> str:
    """What the intervals are over, given which models have several trainings."""
    if not any(several):
        return "images"
    return (
        f"trainings and images{'' if all(several) else ', for a model with one training over images alone'}"
    )


def _ends(data: BoundAgainstK, before: int) -> str:
    """The greatest and the least gain of a bound, and their models."""
    gains = sorted(data.models, key=lambda pair: pair[1].gain(before))
    (least, low), (most, high) = gains[0], gains[-1]
    largest, smallest = (prose.fixed(one.gain(before), 2) for one in (high, low))
    if len(gains) > 1 and largest == smallest:
        every = [bound for _, one in gains for bound in one.between(before)]
        return f"{marks.told_of_all(largest, every)} nats for every model"
    largest, smallest = (
        marks.told_of_all(text, one.between(before)) for text, one in ((largest, high), (smallest, low))
    )
    seen = f"{largest} nats for {_name(most, high)}"
    return f"{seen}, the most, and {smallest} for {_name(least, low)}, the least" if low is not high else seen


def _name(panel: str, one: Bounds) -> str:
    return panel if one.title == panel else f"{panel}, {one.title}"


def alt(data: BoundAgainstK) -> str:
    """The curves in words, with both ends of each."""
    told = "; ".join(
        f"{_name(panel, one)}: "
        + ", ".join(
            f"{prose.fixed(bound.value, 2)} at K = {prose.count(k)}"
            for k, bound in (one.estimates[0], one.estimates[-1])
        )
        for panel, one in data.models
    )
    return f"Line charts of the K-sample bound in nats per image against K, logarithmic. {told}."
