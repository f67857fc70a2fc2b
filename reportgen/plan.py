"""Experiment → cells. Pure: the same declaration gives the same plan and keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Arm:
    """One estimator of one objective, with K and the constant added to log p."""

    objective: str
    estimator: str
    label: str
    num_samples: int = 1
    constant: float = 0.0


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


@dataclass(frozen=True)
class MeasurementCell:
    """Measure every arm at one checkpoint of one trained model."""

    key: str
    training_key: str
    setting: dict[str, Any]
    base: bool
    checkpoint: int
    problem: dict[str, Any]
    measure: dict[str, Any]
    """Resolved `measure` section: images, precision, budget, min_replicates, …"""
    arms: tuple[Arm, ...]
    references: dict[str, str]
    """Objective → label of the arm (K and constant as default) the others are compared with."""
    seed: int


@dataclass(frozen=True)
class Plan:
    """All cells of an experiment, in the order they are run."""

    experiment: str
    trainings: tuple[TrainingCell, ...]
    measurements: tuple[MeasurementCell, ...]
