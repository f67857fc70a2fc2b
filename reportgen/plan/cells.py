"""The cells of a plan: trainings, judgements and measurements, each with its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reportgen.plan.arms import Arm


@dataclass(frozen=True)
class TrainingCell:
    """Train one model and keep its parameters at the declared epochs."""

    key: str
    setting: dict[str, Any]
    base: bool
    problem: dict[str, Any]
    """Resolved `problem` section: model, data, hidden, latent, …"""
    train: dict[str, Any]
    """Resolved `train` section: objective, epochs, batch_size, learning_rate, checkpoints, …"""
    seed: int
    parent: str = ""
    """Key of the training that this one continues; empty if it continues none."""

    @property
    def epochs_before(self) -> int:
        """Total epochs of the trainings that this one continues."""
        before, total = self.train["after"], 0
        while before is not None:
            total += int(before["epochs"])
            before = before["after"]
        return total


@dataclass(frozen=True)
class JudgementCell:
    """Judge a trained model: the likelihood of test images, and active units."""

    key: str
    training_key: str
    setting: dict[str, Any]
    base: bool
    checkpoint: int
    problem: dict[str, Any]
    judge: dict[str, Any]
    """Resolved `judge` section: images, num_samples, curve."""
    seed: int
    twin: str = ""
    """Key of the first judgement of the same training at the same checkpoint, if an earlier setting has one:
    no number depends on the setting, so its results can be reused."""


@dataclass(frozen=True)
class MeasurementCell:
    """Measure every arm at one checkpoint of one trained model."""

    key: str
    training_key: str
    """Empty if nothing is trained."""
    setting: dict[str, Any]
    base: bool
    checkpoint: int
    problem: dict[str, Any]
    measure: dict[str, Any]
    """Resolved `measure` section: precision, budget, min_replicates, and images if the problem has any."""
    arms: tuple[Arm, ...]
    references: dict[str, str]
    """Objective → label of the arm (at its declared K, no constant) that the others are compared with."""
    seed: int


def buckets_for(points: int) -> int:
    """Number of buckets into which the replicates of each data point are divided, given how many points."""
    return min(max(256 // points, 8), 32)


@dataclass(frozen=True)
class Plan:
    """All cells of an experiment, in the order they are run."""

    experiment: str
    trainings: tuple[TrainingCell, ...]
    """Each training comes after the one that it continues."""
    measurements: tuple[MeasurementCell, ...]
    judgements: tuple[JudgementCell, ...] = ()

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, trainings first."""
        return (*self.trainings, *self.judgements, *self.measurements)


Cell = TrainingCell | JudgementCell | MeasurementCell
