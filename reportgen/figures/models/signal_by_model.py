"""Signal-to-noise ratio of gradients against K, for each trained model: in φ and in θ, over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reportgen.figures.captions import intervals_sentence, lowered, place, sentences
from reportgen.figures.drafting.axes import log_axis, setting_axis
from reportgen.figures.drafting.lines import Line, draw_lines, extent, rows_of
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.points import handle
from reportgen.figures.drafting.style import INK, MUTED, SMALL, new_figure
from reportgen.figures.drafting.table import Column, Row, Table
from reportgen.figures.model_grid import first_alone, grid
from reportgen.figures.reading import MISSING, all_looks, gradient_title
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.models.table import JudgedModel

FIRST, STEP = 0.45, 0.3
"""Opacity of the first checkpoint, and what is added to it by the last but one."""


@dataclass(frozen=True)
class Panel:
    """One trained model, with lines over `counts` at each checkpoint in order."""

    title: str
    column: str
    counts: tuple[int, ...]
    by_epoch: tuple[tuple[int, tuple[Line, ...]], ...]
    slopes: tuple[Estimate, ...]
    """Log-log slopes of the last checkpoint's lines."""
    training: str
    """Key of its training, which is the same for a VAE and an IWAE of one sample."""

    @property
    def last(self) -> tuple[Line, ...]:
        """The lines at the last checkpoint."""
        return self.by_epoch[-1][1]


@dataclass(frozen=True)
class SignalByModel:
    """Panels arranged as in the table of models; None where nothing was measured."""

    rows: tuple[tuple[str, tuple[Panel | None, ...]], ...]
    columns: tuple[str, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, row by row."""
        return tuple(panel for _, row in self.rows for panel in row if panel is not None)


def data(findings: Findings) -> SignalByModel | None:
    """Curves of every model that was measured at two K or more; None with fewer than two such models."""
    table = grid(findings)
    if table is None:
        return None
    rows = []
    for row in table.rows:
        panels = tuple(
            _panel(findings, model, row.title(table), column)
            for column, model in zip(table.columns, row.models, strict=True)
        )
        if any(panels):
            rows.append((row.title(table), panels))
    found = SignalByModel(tuple(rows), table.columns)
    return found if len(found.panels) > 1 else None


def _panel(findings: Findings, model: JudgedModel | None, title: str, column: str) -> Panel | None:
    if model is None or model.cell is None or model.training is None:
        return None
    setting = model.cell.setting
    epochs = sorted({r.checkpoint for r in findings.measurements if r.setting == setting})
    curves = {
        (epoch, label): dict(findings.curve(label, "signal_to_noise", setting=setting, checkpoint=epoch))
        for epoch in epochs
        for label in findings.labels
    }
    counts = tuple(sorted({k for curve in curves.values() for k in curve}))
    by_epoch = tuple(
        (epoch, tuple(_line(findings, label, curves[epoch, label], counts) for label in findings.labels))
        for epoch in epochs
        if any(len(curves[epoch, label]) > 1 for label in findings.labels)
    )
    if len(counts) < 2 or not by_epoch:
        return None
    last, _ = by_epoch[-1]
    slopes = tuple(
        findings.slope("signal_to_noise", label, setting=setting, checkpoint=last)
        for label in findings.labels
    )
    return Panel(title, column, counts, by_epoch, slopes, model.training.key)


def _line(findings: Findings, label: str, curve: Mapping[int, Estimate], counts: tuple[int, ...]) -> Line:
    values = tuple(curve.get(count, MISSING) for count in counts)
    return Line(label, gradient_title(findings, label), all_looks(findings)[label], values)


def draw(data: SignalByModel) -> Figure:
    """One panel per model, on one scale; earlier checkpoints are fainter and thinner."""
    figure = new_figure(18 + 25 * len(data.rows))
    shape = (len(data.rows), len(data.columns))
    axes = figure.subplots(*shape, sharex=True, sharey=True, squeeze=False)
    everything = [v for p in data.panels for _, lines in p.by_epoch for v in extent(lines)]
    counts = sorted({float(k) for panel in data.panels for k in panel.counts})
    index = count()
    for r, (title, row) in enumerate(data.rows):
        for c, panel in enumerate(row):
            ax = axes[r, c]
            if panel is not None:
                _fill(ax, panel, next(index))
            else:
                ax.text(
                    0.5, 0.5, "not measured", transform=ax.transAxes, ha="center", va="center",
                    fontsize=SMALL, color=INK, alpha=MUTED,
                )  # fmt: skip
            log_axis(ax, "y", everything, room=4, minors=c == 0)
            setting_axis(ax, counts, log=True)
            if panel is None:
                ax.grid(visible=False)
            if r == 0:
                ax.set_title(data.columns[c])
            if c == 0:
                ax.set_ylabel(title.replace(", ", ",\n"), rotation=0, ha="right", va="center")
    for ax in axes[-1]:
        ax.set_xlabel("samples K in one estimate")
    lines = data.panels[0].last
    figure.legend(
        [handle(one.look) for one in lines], [one.title for one in lines], loc="outside upper left",
        ncols=len(lines), frameon=False, handlelength=2.2, columnspacing=1.6, borderpad=0.0,
    )  # fmt: skip
    return figure


def _fill(ax: Axes, panel: Panel, index: int) -> None:
    counts = [float(count) for count in panel.counts]
    for number, (_, lines) in enumerate(panel.by_epoch[:-1]):
        share = number / max(len(panel.by_epoch) - 2, 1)
        for one in lines:
            values = [v if v > 0 else float("nan") for v in one.values]
            (earlier,) = ax.plot(
                counts, values, color=one.look.colour, linestyle=one.look.dash,
                linewidth=0.6 + 0.4 * share, alpha=FIRST + STEP * share,
            )  # fmt: skip
            mark(earlier, "ink", one.series)
    draw_lines(ax, counts, panel.last, size=3.6, panel=index)


def table(data: SignalByModel) -> Table:
    """One row per model, checkpoint, estimator and number of samples, with slopes at the last checkpoint."""
    columns = (
        Column("Trained as"),
        Column("Model"),
        Column("Epoch"),
        Column("Estimator", heads=True),
        Column("Samples K"),
        Column("Signal-to-noise ratio"),
        Column("Slope of its line"),
    )
    rows: list[Row] = []
    for index, panel in enumerate(data.panels):
        for epoch, lines in panel.by_epoch:
            before = (panel.column, panel.title or panel.column, epoch)
            last = lines is panel.last
            for one, slope in zip(lines, panel.slopes, strict=True):
                found = rows_of((one,), panel.counts, panel=index, before=before)
                rows += [
                    Row((*row.cells, slope if last else None), row.mark if last else None) for row in found
                ]
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: SignalByModel) -> str:
    """What is drawn, and how the ratio changes with K."""
    where = place(findings)
    panels = data.panels
    lasts = sorted({panel.by_epoch[-1][0] for panel in panels})
    earlier = sorted({epoch for panel in panels for epoch, _ in panel.by_epoch[:-1]})
    full = prose.listing(list(map(prose.count, lasts)), "or")
    faint = f"; earlier epochs are fainter and thinner: {prose.listing(list(map(prose.count, earlier)))}"
    trained = {panel.training: panel for panel in panels}.values()
    told = [
        text
        for index, one in enumerate(panels[0].last)
        if (text := _told([panel.slopes[index] for panel in trained], lowered(one.title)))
    ]
    return sentences(
        "Signal-to-noise ratio of one estimate against the number of samples K of the estimate, both"
        " logarithmic, one panel per trained model; k is the number of samples in training.",
        first_alone(findings),
        f"Full colour: epoch {full}{faint}." if earlier else "",
        f"As K grows at the last checkpoint, {'; '.join(told)}." if told else "",
        intervals_sentence([one for panel in panels for one in panel.last]),
        where.varying_over,
    )


def _told(slopes: Sequence[Estimate], name: str) -> str:
    """What more samples do to one estimator’s ratio, over all models; empty if no slope is known."""
    known = sorted((slope for slope in slopes if slope.has_interval), key=lambda slope: slope.value)
    if not known:
        return ""
    counts = {
        "falls": sum(slope.high < 0 for slope in known),
        "rises": sum(slope.low > 0 for slope in known),
    }
    open_ = len(known) - sum(counts.values())
    parts = [f"{way} in {_of(count, len(known))}" for way, count in counts.items() if count]
    parts += [f"is undecided in {_of(open_, len(known))}"] if open_ else []
    alike: dict[str, list[Estimate]] = {}
    for one in (known[0], known[-1]):
        alike.setdefault(prose.with_interval(one), []).append(one)
    ends = [marks.told_of_all(text, ones) for text, ones in alike.items()]
    slope = f"{'slopes between' if len(ends) > 1 else 'slope'} {prose.listing(ends)}"
    return f"for {name} it {prose.listing(parts)}, with {slope}"


def _of(count: int, models: int) -> str:
    if count == models:
        return "every model" if models > 1 else "the one model"
    return f"{prose.in_words(count)} of {prose.in_words(models)} models"


def alt(data: SignalByModel) -> str:
    """The panels in words, with the ratio at both ends of K at the last checkpoint."""
    told = []
    for panel in data.panels:
        ends = []
        for one in panel.last:
            known = [v for v in one.values if v > 0]
            if known:
                low, high = prose.number(known[0]), prose.number(known[-1])
                ends.append(f"{lowered(one.title)} from {low} to {high}")
        told.append(f"{panel.column}{', ' + panel.title if panel.title else ''}: {'; '.join(ends)}.")
    return f"Line charts of the signal-to-noise ratio against K, one panel per model. {' '.join(told)}"
