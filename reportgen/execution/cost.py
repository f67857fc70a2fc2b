"""What a cell is expected to cost: enough to order cells, and to tell a person what to expect.

Seconds on one thread of a 2020s server core. The constants were fitted to
runs on the digits; a number from here is good to a factor of two or three.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from reportgen.datasets import Dataset
from reportgen.plan import MeasurementCell, Plan, TrainingCell

STEP_OVERHEAD = 2.2e-4
"""Of one training step, whatever the network."""
FLOPS = 4e10
"""Multiplications and additions a second, in products of this size."""
REPLICATE = 4.5e-7
"""Of one replicate of one arm, besides the decoder …"""
REPLICATE_SQUARE = 3.8e-10
"""… and this much more for each entry of its m × m second moment."""
TYPICAL_SAMPLES = 320_000
"""Over all images, for a precision of 2 %."""


def training_seconds(cell: TrainingCell, pixels: int, images: int) -> float:
    """Forward, backward and update of every step."""
    weights = _weights(cell.problem, pixels)
    batch = int(cell.train["batch_size"])
    steps = int(cell.train["epochs"]) * -(-images // batch)
    return steps * (STEP_OVERHEAD + 2 * 6 * weights * batch / FLOPS)


def measuring_seconds(cell: MeasurementCell, pixels: int) -> float:
    """Draws, decoder passes and moments, if the variances are of a usual kind."""
    images, settings = float(cell.measure.get("images", 1)), cell.measure
    wanted = TYPICAL_SAMPLES / images * (0.02 / float(settings["precision"])) ** 2
    draws = min(max(wanted, float(settings["min_replicates"])), float(settings["budget"]))
    decoder = 2 * _weights(cell.problem, pixels) / FLOPS if "hidden" in cell.problem else 0.0
    square = (2.0 * float(cell.problem.get("latent", 1))) ** 2
    arms = sum((REPLICATE + REPLICATE_SQUARE * square) / arm.num_samples for arm in cell.arms)
    return images * draws * (decoder + arms)


def seconds_of(plan: Plan, dataset: Dataset | None) -> dict[str, float]:
    """Expected seconds of every cell, by key."""
    pixels, size = (dataset.pixels, len(dataset.train)) if dataset else (0, 0)
    cost = {c.key: training_seconds(c, pixels, size) for c in plan.trainings}
    return cost | {c.key: measuring_seconds(c, pixels) for c in plan.measurements}


def most_draws(cells: Sequence[MeasurementCell]) -> int:
    """Decoder evaluations at most, over all images and cells."""
    return sum(int(float(cell.measure["budget"])) * int(cell.measure.get("images", 1)) for cell in cells)


def _weights(problem: dict[str, Any], pixels: int) -> int:
    """Of encoder and decoder, biases left out."""
    hidden = [int(width) for width in problem["hidden"]]
    latent = int(problem["latent"])
    inner = sum(a * b for a, b in pairwise(hidden))
    return (
        pixels * hidden[0]
        + inner
        + 2 * latent * hidden[-1]
        + latent * hidden[-1]
        + inner
        + hidden[0] * pixels
    )
