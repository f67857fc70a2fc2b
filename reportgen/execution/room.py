"""The memory that a cell certainly needs, known before any of it is built.

These are lower bounds: what they refuse cannot run here. What else is needed (activations of the
encoder, copies that torch makes) is left out; so are variances of the weights that see the pixels, unless
every coordinate is kept, since a pixel that is black in all measured images gives its weights none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reportgen.datasets import Dataset, Table
from reportgen.declaration import Experiment
from reportgen.estimators import ESTIMATORS
from reportgen.execution.cost import declared, size_of
from reportgen.memory import MEANS, memory_limit
from reportgen.plan import Cell, MeasurementCell, TrainingCell, buckets_for

TRAINED = 4 * (4 + 3)
"""Bytes per parameter in training: itself, its gradient, Adam's two moments; and while the state is
written, these again without the gradient."""
NUMBER, VARIANCE = 4, 8
"""Bytes of an activation, and of a variance or a mean."""
UNITS = ("problem", "hidden")


@dataclass(frozen=True)
class Need:
    """Bytes that a cell needs, and what for."""

    size: int
    what: str
    place: tuple[str, ...]
    """The setting that it depends on."""
    remedy: str
    most: float = math.inf
    """Most bytes that it may take, however much memory there is."""


def require_room(experiment: Experiment, cells: Iterable[Cell], dataset: Dataset | Table | None) -> None:
    """Raises DeclarationError for cells that certainly need more memory than there is, or than is allowed."""
    limit = memory_limit() or math.inf
    columns, rows = size_of(dataset)
    for cell in cells:
        for need in needs(cell, columns, rows):
            if need.size > min(need.most, limit):
                allowed = (
                    f"found {_gibibytes(limit)}"
                    if limit < need.most
                    else f"at most {_gibibytes(need.most)} are allowed"
                )
                raise experiment.error(
                    ("sweep",) if cell.setting and not cell.base else need.place,
                    f"{need.what} needs at least {_gibibytes(need.size)} of memory, {allowed}. {need.remedy}",
                )


def needs(cell: Cell, columns: int, rows: int) -> list[Need]:
    """What a training or a measurement needs; nothing if the model has no declared network."""
    problem = declared(cell.problem)
    parameters = problem.encoding(columns) + problem.weights(columns, rows)
    if not problem.network or not parameters:
        return []
    named = f"a network of {parameters:.2g} weights"
    if isinstance(cell, TrainingCell):
        samples = min(int(cell.train["batch_size"]), rows) * int(cell.train["num_samples"])
        return [
            Need(TRAINED * parameters, f"training {named}", UNITS, "Use fewer units."),
            Need(
                NUMBER * samples * problem.units(columns),
                f"a step of training on {samples} samples",
                ("train", "batch_size"),
                "Use a smaller train.batch_size or train.num_samples, or fewer units.",
            ),
        ]
    if not isinstance(cell, MeasurementCell):
        return []
    phi = [arm for arm in cell.arms if arm.own or ESTIMATORS[arm.estimator].parameters == "phi"]
    labels, images = {arm.label for arm in phi}, int(cell.measure["images"])
    rows_kept = 0 if problem.layered else 1 + buckets_for(images)
    found = [
        Need(
            NUMBER * parameters + VARIANCE * rows_kept * len(labels) * problem.encoding(0),
            f"measuring {named} under {len(labels)} estimators",
            UNITS,
            "Use fewer units or estimators.",
        )
    ]
    if problem.layered:
        kept = len(phi) * problem.encoding(columns) + (len(cell.arms) - len(phi)) * problem.decoding(columns)
        found.append(
            Need(
                VARIANCE * images * buckets_for(images) * kept,
                f"keeping every coordinate of the gradients of {len(cell.arms)} arms",
                ("measure", "images"),
                "Measure fewer images, estimators or values of measure.num_samples.",
                MEANS,
            )
        )
    return found


def _gibibytes(size: float) -> str:
    return f"{size / 2**30:,.1f} GiB"
