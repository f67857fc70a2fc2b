"""The course of training: the bound on training and test images, with the measured checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from reportgen.declaration.train import TRAINING_SEED
from reportgen.figures.captions import lowered, sentences
from reportgen.figures.drafting.axes import epoch_axis, epoch_position, faint_grid
from reportgen.figures.drafting.labels import end_labels, objective_title, value_title
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import PAPER, Look, new_figure
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.figures.model_grid import base_model
from reportgen.figures.models import learning_curves
from reportgen.findings import Findings, prose
from reportgen.store.records import TrainingRecord

TRAIN = Look("#848a91", "s", "-")
OTHERS = 6
"""The most other settings whose bounds a caption states."""
TEST = Look("#0072b2", "o", "-")


@dataclass(frozen=True)
class LearningCurve:
    """Nats per data point: the mean over each epoch's (or step's) minibatches; the bound at checkpoints."""

    objective: str
    images: bool
    """Whether the data are images with a held-out test part; else there is one data point."""
    train: tuple[tuple[int, float], ...]
    test: tuple[tuple[int, float], ...]
    round: str = "epoch"
    """The unit of training: “epoch” or “step”."""


def data(findings: Findings) -> LearningCurve | None:
    """The curve of the base setting; None if it was not trained."""
    record = base_training(findings)
    if record is None:
        return None
    train = tuple((epoch, value) for epoch, value in enumerate(record.train_bound, 1) if math.isfinite(value))
    test = sorted((int(epoch), value) for epoch, value in record.test_bound.items() if math.isfinite(value))
    if not train and not test:
        return None
    cell = next(cell for cell in findings.plan.trainings if cell.base)
    objective = str(cell.train.get("objective", "elbo"))
    images, v = findings.experiment.problem.images, findings.vocabulary
    return LearningCurve(objective, images, train, tuple(test), v.round)


def base_training(findings: Findings) -> TrainingRecord | None:
    """The record of the base setting's training; None if it is missing or broke."""
    keys = [cell.key for cell in findings.plan.trainings if cell.base]
    return next((record for record in findings.trainings if record.key in keys), None)


def draw(data: LearningCurve) -> Figure:
    """A grey line for the training bound, and marks for the test part at checkpoints."""
    figure = new_figure(56)
    ax = figure.add_subplot()
    ends = []
    drawn = _titles(data)
    if data.train:
        positions, values = [epoch_position(e) for e, _ in data.train], [v for _, v in data.train]
        single = TRAIN.marker if len(values) == 1 else ""
        (curve,) = ax.plot(positions, values, color=TRAIN.colour, linewidth=1.3, marker=single, zorder=2)
        places = list(zip(positions, values, strict=True))
        mark(curve, "points", drawn[0], range(len(values)), at=places)
        ends.append((positions[-1], values[-1], drawn[0], TRAIN))
    if data.test:
        positions, values = [epoch_position(e) for e, _ in data.test], [v for _, v in data.test]
        (curve,) = ax.plot(
            positions,
            values,
            color=TEST.colour,
            linewidth=1.1,
            marker=TEST.marker,
            markersize=5,
            markeredgecolor=PAPER,
            zorder=3,
        )
        mark(curve, "marks", drawn[1], range(len(values)))
        ends.append((positions[-1], values[-1], drawn[1], TEST))
    epochs = sorted({e for e, _ in data.test} or {1, data.train[-1][0]})
    epoch_axis(ax, epochs, data.round)
    faint_grid(ax, "y")
    ax.set_ylabel(f"{objective_title(data.objective)}, {_nats(data)}")
    end_labels(ax, ends, [name for _, _, name, _ in ends])
    return figure


def table(data: LearningCurve) -> Table:
    """One row per mean on the training data, then one per checkpoint."""
    train, test = _titles(data)
    columns = (
        Column("Data", heads=True),
        Column(data.round.capitalize()),
        Column(objective_title(data.objective), _nats(data), "nats"),
    )
    rows = (
        Row((name.replace("\n", " "), epoch, value), Mark(name, index))
        for name, points in ((train, data.train), (test, data.test))
        for index, (epoch, value) in enumerate(points)
    )
    return Table(columns, tuple(rows))


def _titles(data: LearningCurve) -> tuple[str, str]:
    """Names of the lines, with the line breaks of their labels."""
    if data.images:
        return "Training images,\nmean of an epoch", "Test images,\nat checkpoints"
    return "One sample,\nat every step", "Many samples,\nat checkpoints"


def caption(findings: Findings, data: LearningCurve) -> str:
    """What is drawn, and the bound at the end of training."""
    seen = ""
    if data.test:
        epoch, value = data.test[-1]
        bound = "test bound" if data.images else "bound"
        at = findings.vocabulary.checkpoint(epoch)
        seen = f"At {at}, the {bound} is {prose.fixed(value, 2)} {_nats(data)}"
        if data.images and data.train and data.train[-1][0] == epoch:
            seen += f" and the training bound {prose.fixed(data.train[-1][1], 2)}"
        seen += _others(findings, epoch, bound)
    record, model = base_training(findings), base_model(findings)
    told = (
        f"{' on the test set' * data.images} at the checkpoints where gradients were measured (marks)."
        if not data.train
        else " mean over the minibatches of each epoch, and value on the test set at the checkpoints"
        " where gradients were measured (marks)."
        if data.images
        else " from the one sample of each step, and from thousands at the checkpoints"
        " where gradients were measured (marks)."
    )
    return sentences(
        f"Training objective ({lowered(objective_title(data.objective))}) over {data.round}s:" + told,
        seen,
        f"{'Both curves are s' if data.train and data.test else 'S'}ingle estimates, drawn without"
        " intervals.",
        f"Model: {model}." if model else "",
        f"Data: {findings.vocabulary.dataset}." if record and not data.images else "",
        f"Data set: {findings.vocabulary.dataset}." if record and data.images else "",
    )


def _nats(data: LearningCurve) -> str:
    return "nats per image" if data.images else "nats"


def _others(findings: Findings, epoch: int, bound: str) -> str:
    """“; of other settings the bound is −23.80 (covariance low_rank).”, if they are few; else the full stop.

    Left out if another figure shows them. Only trainings in which gradients are measured count, not those
    that merely precede another.
    """
    base, measured = base_training(findings), {cell.training_key for cell in findings.plan.measurements}
    found = [
        (prose.fixed(record.test_bound[str(epoch)], 2), _apart(record, base))
        for record in findings.trainings
        if record is not base and record.key in measured
        if math.isfinite(record.test_bound.get(str(epoch), math.nan))
    ]
    if not 0 < len(found) <= OTHERS or learning_curves.data(findings) is not None:
        return "."
    anew = all(path == TRAINING_SEED for _, apart in found for path, _ in apart)
    told = [f"{value} ({', '.join(_setting(*one) for one in apart)})" for value, apart in found]
    return f"; of other {'trainings' if anew else 'settings'} the {bound} is {prose.listing(told)}."


def _apart(record: TrainingRecord, base: TrainingRecord | None) -> list[tuple[str, Any]]:
    """The settings in which a training differs from the base one."""
    of_base = {} if base is None else base.setting
    return [(path, value) for path, value in record.setting.items() if value != of_base.get(path)]


def _setting(path: str, value: Any) -> str:
    return f"{path.rpartition('.')[2].replace('_', ' ')} {value_title(path, value)}"


def alt(data: LearningCurve) -> str:
    """The curve in words."""
    points = "; ".join(
        f"{data.round} {prose.count(epoch)}: {prose.fixed(value, 2)}" for epoch, value in data.test
    )
    return (
        f"Line chart of the training objective in {_nats(data)} over {data.round}s."
        f" {'Test set' if data.images else 'Checkpoints'}: {points or 'not measured'}."
    )
