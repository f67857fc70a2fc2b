"""What a cell is expected to cost: enough to order cells, and to tell a person what to expect.

Seconds on one thread of a 2020s server core. The constants were fitted to
runs on digits and on MNIST; a number from here is good to a factor of two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen.datasets import Dataset, Table
from reportgen.declaration.problems import PROBLEMS, Problem
from reportgen.estimators import ESTIMATORS
from reportgen.plan import Arm, JudgementCell, MeasurementCell, Plan, TrainingCell

STEP_OVERHEAD = 2.5e-4
"""Seconds of one training step, besides its products, if its gradient is written out …"""
AUTOGRAD_OVERHEAD = 1.5e-3
"""… and if it is not."""
FLOPS = 8e10
"""Additions and multiplications per second, in products of this size."""
SAMPLE = 1e-6
"""Seconds of one sample's way through a model and back, besides its products."""
JUDGEMENT = 0.2
"""Seconds of one judged model, besides its samples."""
MEASUREMENT = 0.4
"""Seconds of one measured cell, besides its draws."""
REPLICATE = 2.5e-7
"""Seconds of one replicate of one arm, besides the decoder …"""
REPLICATE_SQUARE = 2e-10
"""… and this much more for each entry of its m × m second moment."""
LAYERED = 4e-6
"""Seconds of one draw of one arm that is measured layer by layer, besides its products."""
POINT = 1.0e-8
"""Seconds of each coordinate of a further point at which f is evaluated."""
TYPICAL_SAMPLES = 320_000
"""Samples over all images, for a precision of 2 %."""
FINEST = 1e9
"""How many times finer than 2 % a precision counts as: beyond that, every budget ends first."""


def training_seconds(cell: TrainingCell, columns: int, rows: int) -> float:
    """Forward, backward and update of every step; an image passes the encoder's first part once."""
    problem = declared(cell.problem)
    points = rows if problem.images else 1
    batch = min(int(cell.train["batch_size"]), points)
    steps = int(cell.train["epochs"]) * -(-points // batch)
    overhead = STEP_OVERHEAD if problem.written_out else AUTOGRAD_OVERHEAD
    samples = batch * int(cell.train["num_samples"])
    products = batch * problem.encoding(columns) + samples * problem.weights(columns, rows)
    return steps * (overhead + 6 * products / FLOPS + samples * SAMPLE)


def judging_seconds(cell: JudgementCell, columns: int, rows: int) -> float:
    """Each sample's way through the model, without a way back."""
    problem = declared(cell.problem)
    samples = (cell.judge["images"] or rows) * int(cell.judge["num_samples"])
    return JUDGEMENT + float(samples * (2 * problem.weights(columns, rows) / FLOPS + SAMPLE / 2))


def measuring_seconds(cell: MeasurementCell, columns: int, rows: int) -> float:
    """Draws, decoder passes and moments, if variances are typical."""
    problem = declared(cell.problem)
    images, settings = float(cell.measure.get("images", 1)), cell.measure
    finer = min(0.02 / float(settings["precision"]), FINEST)
    wanted = TYPICAL_SAMPLES / images * finer**2
    draws = min(max(wanted, float(settings["min_replicates"])), float(settings["budget"]))
    by_layer = [arm for arm in cell.arms if _by_layer(arm, cell.problem)]
    in_eta = [arm for arm in cell.arms if arm not in by_layer]
    decoder = 4 * problem.weights(columns, rows) / FLOPS + SAMPLE if in_eta else 0.0
    moments = REPLICATE + REPLICATE_SQUARE * float(problem.eta_size) ** 2
    arms = sum((moments + _further(arm, problem, decoder)) / arm.num_samples for arm in in_eta)
    way = 10 * (problem.encoding(columns) + problem.weights(columns, rows)) / FLOPS + LAYERED
    return MEASUREMENT + images * draws * (decoder + arms + len(by_layer) * way)


def _by_layer(arm: Arm, problem: Mapping[str, Any]) -> bool:
    """Whether each of its draws goes there and back through the model by itself."""
    if problem["model"] == "layered_vae":
        return True
    return arm.own is None and ESTIMATORS[arm.estimator].parameters == "theta"


def _further(arm: Arm, problem: Problem, decoder: float) -> float:
    """Seconds of a replicate's decoder passes, besides the one per sample whose value all arms share."""
    if arm.own is not None:
        return 0.0
    latent = problem.eta_size if problem.latent_size is None else problem.latent_size
    passes = ESTIMATORS[arm.estimator].forward_passes(arm.num_samples, latent) - arm.num_samples
    return max(passes, 0) * (decoder + POINT * latent)


def seconds_of(plan: Plan, dataset: Dataset | Table | None) -> dict[str, float]:
    """Expected seconds of every cell, by key."""
    columns, rows = size_of(dataset)
    cost = {c.key: training_seconds(c, columns, rows) for c in plan.trainings}
    tested = len(dataset.test) if isinstance(dataset, Dataset) else 1
    cost |= {c.key: 0.0 if c.twin else judging_seconds(c, columns, tested) for c in plan.judgements}
    return cost | {c.key: measuring_seconds(c, columns, rows) for c in plan.measurements}


def most_draws(cells: Sequence[MeasurementCell]) -> int:
    """Most decoder evaluations, over all images and cells."""
    return sum(int(float(cell.measure["budget"])) * int(cell.measure.get("images", 1)) for cell in cells)


def size_of(dataset: Dataset | Table | None) -> tuple[int, int]:
    """Columns and rows that a model is fitted to."""
    if isinstance(dataset, Table):
        return dataset.columns, len(dataset.labels)
    return (dataset.pixels, len(dataset.train)) if dataset else (0, 1)


def declared(problem: Mapping[str, Any]) -> Problem:
    """The `problem` section of a cell, as a model again."""
    return PROBLEMS[problem["model"]].model_validate(dict(problem))
