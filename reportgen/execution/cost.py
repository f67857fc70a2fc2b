"""What a cell is expected to cost: enough to order cells, and to tell a person what to expect.

Seconds on one thread of a 2020s server core. The constants were fitted to
runs on the digits; a number from here is good to a factor of two or three.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reportgen.datasets import Dataset
from reportgen.plan import MeasurementCell, Plan, TrainingCell

STEP_OVERHEAD = 2.2e-4
"""Of one training step, whatever the network."""
FLOPS = 4e10
"""Multiplications and additions a second, in products of this size."""
ARM_OVERHEAD = 3e-7
"""Of one replicate of one arm, besides the decoder."""
TYPICAL_DRAWS = 20_000
"""An image, where the budget does not end a cell before."""


def training_seconds(cell: TrainingCell, pixels: int, images: int) -> float:
    """Forward, backward and update of every step."""
    weights = _weights(cell.problem, pixels)
    batch = int(cell.train["batch_size"])
    steps = int(cell.train["epochs"]) * -(-images // batch)
    return steps * (STEP_OVERHEAD + 2 * 6 * weights * batch / FLOPS)


def measuring_seconds(cell: MeasurementCell, pixels: int) -> float:
    """Draws, decoder passes and moments, as if every arm needed a typical number of replicates."""
    budget = float(cell.measure["budget"])
    draws = min(TYPICAL_DRAWS * max(arm.num_samples for arm in cell.arms) ** 0.5, budget)
    decoder = draws * 2 * _weights(cell.problem, pixels) / FLOPS
    return float(cell.measure["images"]) * (decoder + draws * len(cell.arms) * ARM_OVERHEAD)


def seconds_of(plan: Plan, dataset: Dataset) -> dict[str, float]:
    """Expected seconds of every cell, by key."""
    cost = {c.key: training_seconds(c, dataset.pixels, len(dataset.train)) for c in plan.trainings}
    return cost | {c.key: measuring_seconds(c, dataset.pixels) for c in plan.measurements}


def most_draws(cells: Sequence[MeasurementCell]) -> int:
    """Decoder evaluations at most, over all images and cells."""
    return sum(int(float(cell.measure["budget"])) * int(cell.measure["images"]) for cell in cells)


def _weights(problem: dict[str, Any], pixels: int) -> int:
    """Of encoder and decoder, biases left out."""
    hidden = [int(width) for width in problem["hidden"]]
    latent = int(problem["latent"])
    inner = sum(a * b for a, b in zip(hidden, hidden[1:], strict=False))
    return pixels * hidden[0] + inner + 2 * latent * hidden[-1] + latent * hidden[-1] + inner + hidden[0] * pixels
