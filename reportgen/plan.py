"""Experiment → cells. Pure: the same declaration gives the same plan and keys."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.claim_checks import CONSTANT_PROBES
from reportgen.declaration.experiment import Experiment
from reportgen.estimators import ESTIMATORS

ENGINE_VERSION = 2
"""Part of every key: raise it whenever the same cell would come out with other numbers."""


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


def make_plan(experiment: Experiment, dataset_digest: str) -> Plan:
    """Lays out every cell of an experiment.

    The base setting comes first, then the cross product of `sweep`; a swept
    setting that equals the base is the base. `dataset_digest` is the SHA-256
    of the data set's bytes. A record's arms stand in the order of its cell's
    `arms`; labels are not part of any key, so read them from the plan.
    """
    trainings: dict[str, TrainingCell] = {}
    measurements: dict[str, MeasurementCell] = {}
    for setting in _settings(experiment):
        training = _training_cell(experiment, setting, not trainings, dataset_digest)
        if training.key in trainings:
            continue
        trainings[training.key] = training
        checkpoints = experiment.train.checkpoints if training.base else experiment.sweep_checkpoints
        for checkpoint in checkpoints:
            cell = _measurement_cell(experiment, training, checkpoint, dataset_digest)
            measurements[cell.key] = cell
    return Plan(experiment.experiment, tuple(trainings.values()), tuple(measurements.values()))


def _settings(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Values of the swept paths: the base setting's, then each of the cross product."""
    resolved = experiment.model_dump(mode="json")
    yield {path: _value(resolved, path) for path in experiment.sweep}
    for values in itertools.product(*experiment.sweep.values()):
        yield {path: _plain(value) for path, value in zip(experiment.sweep, values, strict=True)}


def _value(resolved: dict[str, Any], path: str) -> Any:
    section, _, field = path.partition(".")
    return resolved[section][field]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _training_cell(
    experiment: Experiment, setting: dict[str, Any], base: bool, dataset_digest: str
) -> TrainingCell:
    sections = {
        "problem": experiment.problem.model_dump(mode="json"),
        "train": experiment.train.model_dump(mode="json"),
    }
    for path, value in setting.items():
        section, _, field = path.partition(".")
        sections[section][field] = value
    key = _key("training", **sections, seed=experiment.seed, dataset=dataset_digest)
    return TrainingCell(key=key, setting=setting, base=base, seed=experiment.seed, **sections)


def _measurement_cell(
    experiment: Experiment, training: TrainingCell, checkpoint: int, dataset_digest: str
) -> MeasurementCell:
    last_of_base = training.base and checkpoint == experiment.train.checkpoints[-1]
    arms = tuple(
        dict.fromkeys([*_default_arms(experiment), *(_extra_arms(experiment) if last_of_base else ())])
    )
    reference = experiment.reference
    references = dict.fromkeys(experiment.objective, reference.label) if reference else {}
    fields = ("images", "precision", "budget", "min_replicates")
    dynamics = {name: training.train[name] for name in ("objective", "batch_size", "learning_rate")}
    measure = {field: getattr(experiment.measure, field) for field in fields}
    key = _key(
        "measurement",
        problem=training.problem,
        dataset=dataset_digest,
        # Neither later epochs nor other checkpoints reach back to the parameters of this one,
        # and before training none of the rest does either.
        train=dynamics if checkpoint > 0 else None,
        setting=training.setting,
        checkpoint=checkpoint,
        measure=measure,
        arms=[[arm.objective, arm.estimator, arm.num_samples, arm.constant] for arm in arms],
        reference=[reference.name, reference.num_samples] if reference else None,
        seed=experiment.seed,
    )
    return MeasurementCell(
        key=key,
        training_key=training.key,
        setting=training.setting,
        base=training.base,
        checkpoint=checkpoint,
        problem=training.problem,
        measure=measure,
        arms=arms,
        references=references,
        seed=experiment.seed,
    )


def _default_arms(experiment: Experiment) -> Iterator[Arm]:
    """Every estimator of every objective, as declared."""
    for objective, spec in itertools.product(experiment.objective, experiment.estimators):
        yield Arm(objective, spec.name, spec.label, spec.num_samples)


def _extra_arms(experiment: Experiment) -> Iterator[Arm]:
    """The first objective's curves against K, and effects of constants added to log p."""
    objective = experiment.objective[0]
    for spec, num_samples in itertools.product(experiment.estimators, experiment.measure.num_samples):
        if num_samples >= ESTIMATORS[spec.name].min_samples:
            yield Arm(objective, spec.name, spec.label, num_samples)
    for spec, constant in itertools.product(experiment.estimators, experiment.measure.constants):
        if spec.name in CONSTANT_PROBES:
            yield Arm(objective, spec.name, spec.label, spec.num_samples, constant)


def _key(kind: str, **parts: Any) -> str:
    """32 hexadecimal digits that change when, and only when, something in `parts` does."""
    content = {"engine": ENGINE_VERSION, "kind": kind, **parts}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
