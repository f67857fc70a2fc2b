"""The course of all judged models' trainings: the objective on the test part, over epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from matplotlib.figure import Figure

from reportgen.declaration.train import TRAINING_SEED
from reportgen.figures.captions import sentences
from reportgen.figures.drafting.axes import epoch_axis, epoch_position, faint_grid
from reportgen.figures.drafting.labels import TRAINED_AS, end_labels_of_panels
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import PAPER
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.model_grid import Grid, grid
from reportgen.figures.models.looks import look
from reportgen.figures.models.panels import ACROSS, is_lowest, name, panels
from reportgen.findings import Findings, prose
from reportgen.findings.models.rows import EVERY
from reportgen.store.records import TrainingRecord

FEWEST = 2
"""Fewest models for this figure; a single one has the figure of its own training."""


@dataclass(frozen=True)
class Curve:
    """One model: (epoch, nats per image) at its checkpoints, mean over its trainings."""

    title: str
    row: int
    points: tuple[tuple[int, float], ...]
    each: tuple[tuple[tuple[int, float], ...], ...] = ()
    """The same for every training, if there are several."""
    seeds: tuple[str, ...] = ()
    """Seeds of these trainings."""


@dataclass(frozen=True)
class LearningCurves:
    """One panel per training objective; a row of the table has the same look in each."""

    panels: tuple[tuple[str, tuple[Curve, ...]], ...]

    @property
    def curves(self) -> tuple[Curve, ...]:
        """All curves, panel by panel."""
        return tuple(curve for _, curves in self.panels for curve in curves)


def data(findings: Findings) -> LearningCurves | None:
    """Curves of every model that was trained; None with fewer than two."""
    table = grid(findings)
    if table is None:
        return None
    panels = []
    for column, title in enumerate(table.columns):
        curves = tuple(_curves(findings, table, column))
        if curves:
            panels.append((title, curves))
    found = LearningCurves(tuple(panels))
    return found if len(found.curves) >= FEWEST else None


def _curves(findings: Findings, table: Grid, column: int) -> list[Curve]:
    records = {record.key: record for record in findings.trainings}
    found = []
    for index, row in enumerate(table.rows):
        model = row.models[column]
        cells = [] if model is None else [cell for cell in model.cells if cell.training_key in records]
        each = [_points(records[cell.training_key]) for cell in cells]
        shared = set.intersection(*map(set, each)) if each else set()
        if shared:
            points = tuple((e, sum(one[e] for one in each) / len(each)) for e in sorted(shared))
            title = row.title(table) or table.columns[column]
            others = tuple(tuple(sorted(one.items())) for one in each) if len(each) > 1 else ()
            seeds = tuple(str(cell.setting[TRAINING_SEED]) for cell in cells) if others else ()
            found.append(Curve(title, index, points, others, seeds))
    return found


def _points(record: TrainingRecord) -> dict[int, float]:
    return {int(epoch): value for epoch, value in record.test_bound.items() if math.isfinite(value)}


def draw(data: LearningCurves) -> Figure:
    """Panels side by side on one scale, which need not include untrained models."""
    figure, axes = panels(len(data.panels))
    epochs = sorted({epoch for curve in data.curves for epoch, _ in curve.points})
    low, high = _scale(data)
    labels = []
    for panel, (ax, (title, curves)) in enumerate(zip(axes, data.panels, strict=True)):
        ends = []
        for curve in curves:
            shape = look(curve.row)
            for points in curve.each:
                (one,) = ax.plot(
                    [epoch_position(e) for e, _ in points], [v for _, v in points],
                    color=shape.colour, linewidth=0.5, alpha=0.45, zorder=2,
                )  # fmt: skip
                mark(one, "ink", curve.title)
            positions, values = [epoch_position(e) for e, _ in curve.points], [v for _, v in curve.points]
            (line,) = ax.plot(
                positions, values, color=shape.colour, linestyle=shape.dash, linewidth=1.2,
                marker=shape.marker, markersize=4.2, markeredgecolor=PAPER, zorder=3,
            )  # fmt: skip
            seen = [index for index, value in enumerate(values) if value >= low]
            places = [(positions[index], values[index]) for index in seen]
            mark(line, "points", curve.title, seen, panel, places)
            ends.append((positions[-1], max(values[-1], low), name(curve.title, len(axes)), shape))
        ax.set_ylim(low, high)
        ax.set_title(title)
        if not panel % ACROSS:
            ax.set_ylabel("nats per image")
        closest = 0.06 if len(axes) == 1 else 0.14
        epoch_axis(ax, epochs, "epoch" if is_lowest(panel, len(axes)) else "", closest=closest)
        faint_grid(ax, "y")
        labels.append((ax, ends, [curve.title for curve in curves]))
    end_labels_of_panels(labels)
    return figure


def _scale(data: LearningCurves) -> tuple[float, float]:
    """Limits that include every value except those before training, which would flatten the rest."""
    points = [point for curve in data.curves for one in (curve.points, *curve.each) for point in one]
    values = [v for epoch, v in points if epoch > 0] or [v for _, v in points]
    low, high = min(values), max(values)
    margin = 0.06 * ((high - low) or 1.0)
    return low - margin, high + margin


def table(data: LearningCurves) -> Table:
    """One row per model, checkpoint and training, including values below the scale, which are not drawn."""
    seeds = any(curve.seeds for curve in data.curves)
    columns = (
        Column("Trained as"),
        Column("Model", heads=True),
        *([Column("Seed")] * seeds),
        Column("Epoch"),
        Column("Objective on the test set", "nats per image", "nats"),
    )
    rows: list[Row] = []
    for panel, (title, curves) in enumerate(data.panels):
        for curve in curves:
            mean = [EVERY if curve.seeds else ""] * seeds
            rows += [
                Row((title, curve.title, *mean, epoch, value), Mark(curve.title, index, panel))
                for index, (epoch, value) in enumerate(curve.points)
            ]
            rows += [
                Row((title, curve.title, seed, epoch, value))
                for seed, points in zip(curve.seeds, curve.each, strict=True)
                for epoch, value in points
            ]
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: LearningCurves) -> str:
    """What is drawn, and which lines are comparable."""
    low, _ = _scale(data)
    cut = sum(any(v < low for _, v in curve.points) for curve in data.curves)
    bounds = (
        ", each model’s own: for a VAE the evidence lower bound, for an IWAE the bound with as many samples"
        " as it was trained with, which is never looser for the same model. Lines of VAEs are comparable with"
        " one another, lines of IWAEs only at the same k"
    )
    several = any(title == TRAINED_AS["iwae"] for title, _ in data.panels)
    return sentences(
        "Training objective on the test set at the checkpoints"
        f"{bounds if several else ', the evidence lower bound'}.",
        "Single estimates, drawn without intervals.",
        "Thin lines are single trainings, thick lines their mean."
        if any(curve.each for curve in data.curves)
        else "",
        _cut(cut, len(data.curves)),
        f"Data set: {findings.vocabulary.dataset}.",
    )


def _cut(cut: int, of: int) -> str:
    """How many lines begin below the panels."""
    if not cut:
        return ""
    lines = f"{prose.capital(prose.in_words(cut))} of {prose.in_words(of)} lines" if cut < of else "All lines"
    lines += " starts" if cut == 1 else " start"
    return f"{lines} below the panels, since the objective at the first checkpoint is too low to show."


def alt(data: LearningCurves) -> str:
    """The curves in words, with where each ends."""
    told = " ".join(
        f"{title}: {'; '.join(f'{c.title} at {prose.fixed(c.points[-1][1], 2)}' for c in curves)}."
        for title, curves in data.panels
    )
    return f"Line charts of the training objective on test images over epochs. At the last epoch: {told}"
