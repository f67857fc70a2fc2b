"""Experiment → cells. Pure: the same declaration gives the same plan and keys."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.claim_checks import CONSTANT_PROBES
from reportgen.declaration.estimator_spec import EstimatorSpec
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.own_estimator import OwnEstimator

ENGINE_VERSION = 7
"""Part of every key: raise it whenever the same cell would come out with other numbers."""


@dataclass(frozen=True)
class Arm:
    """One estimator of one objective, with K and the constant added to log p."""

    objective: str
    estimator: str
    label: str
    num_samples: int = 1
    constant: float = 0.0
    antithetic: bool = False
    """Whether the samples of an estimate come in pairs of mirrored noise."""
    own: OwnEstimator | None = None
    """What the declaration says of a user's own estimator; `estimator` is then the reference of its code."""
    temperature: float | None = None
    """Of the relaxation; None for the estimator's own, or where it has none."""

    @property
    def content(self) -> list[Any]:
        """What its numbers depend on; an option that is not used is not part of it."""
        of = [self.objective, self.estimator, self.num_samples, self.constant, self.antithetic]
        return of if self.temperature is None else [*of, self.temperature]


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
    """Empty where nothing is trained."""
    setting: dict[str, Any]
    base: bool
    checkpoint: int
    problem: dict[str, Any]
    measure: dict[str, Any]
    """Resolved `measure` section: precision, budget, min_replicates, and images where there are any."""
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


def make_plan(
    experiment: Experiment, dataset_digest: str = "", code_digests: Mapping[str, str] | None = None
) -> Plan:
    """Lays out every cell of an experiment.

    The base setting comes first, then the cross products of `sweep`; a swept
    setting that was there before is not repeated. `dataset_digest` is the
    SHA-256 of the data set's bytes, empty where the problem has none, and
    `code_digests` are those of the user's own code, by reference. A
    record's arms stand in the order of its cell's `arms`; labels are not part
    of any key, so read them from the plan.
    """
    trainings: dict[str, TrainingCell] = {}
    measurements: dict[str, MeasurementCell] = {}
    settings: list[dict[str, Any]] = []
    for setting in _settings(experiment):
        if setting in settings:
            continue
        base = not settings
        settings.append(setting)
        sections = _sections(experiment, setting)
        training = None
        if experiment.problem.trained:
            training = _training_cell(experiment, setting, sections, base, dataset_digest)
            trainings[training.key] = training
        for checkpoint in experiment.checkpoints if base else experiment.sweep_checkpoints:
            cell = _measurement_cell(
                experiment, setting, sections, training, base, checkpoint, dataset_digest, code_digests or {}
            )
            measurements[cell.key] = cell
    return Plan(experiment.experiment, tuple(trainings.values()), tuple(measurements.values()))


def _settings(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Values of the swept paths: the base setting's, then each of the cross products."""
    resolved = experiment.model_dump(mode="json")
    base = {path: _value(resolved, path) for path in experiment.swept}
    yield base
    for block in experiment.sweep:
        for values in itertools.product(*block.values()):
            yield base | {path: _plain(value) for path, value in zip(block, values, strict=True)}


def _sections(experiment: Experiment, setting: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The sections `problem` and `train` with a setting's values put in."""
    sections = {
        "problem": experiment.problem.model_dump(mode="json"),
        "train": experiment.train.model_dump(mode="json"),
    }
    for path, value in setting.items():
        section, _, field = path.partition(".")
        sections[section][field] = value
    return {**sections, "problem": experiment.problem.needed(sections["problem"])}


def _value(resolved: dict[str, Any], path: str) -> Any:
    section, _, field = path.partition(".")
    return resolved[section][field]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _training_cell(
    experiment: Experiment,
    setting: dict[str, Any],
    sections: dict[str, dict[str, Any]],
    base: bool,
    dataset_digest: str,
) -> TrainingCell:
    key = _key("training", **sections, seed=experiment.seed, dataset=dataset_digest)
    return TrainingCell(key=key, setting=setting, base=base, seed=experiment.seed, **sections)


def _measurement_cell(
    experiment: Experiment,
    setting: dict[str, Any],
    sections: dict[str, dict[str, Any]],
    training: TrainingCell | None,
    base: bool,
    checkpoint: int,
    dataset_digest: str,
    code_digests: Mapping[str, str],
) -> MeasurementCell:
    last_of_base = base and checkpoint == experiment.checkpoints[-1]
    arms = tuple(
        dict.fromkeys([*_default_arms(experiment), *(_extra_arms(experiment) if last_of_base else ())])
    )
    references = {
        objective: spec
        for objective in experiment.objective
        if (spec := experiment.reference_of(objective)) is not None
    }
    fields = ("precision", "budget", "min_replicates", *(["images"] if experiment.problem.images else []))
    dynamics = {name: sections["train"][name] for name in ("objective", "batch_size", "learning_rate")}
    measure = {field: getattr(experiment.measure, field) for field in fields}
    key = _key(
        "measurement",
        problem=sections["problem"],
        dataset=dataset_digest,
        # Neither later epochs nor other checkpoints reach back to the parameters of this one,
        # and before training none of the rest does either.
        train=dynamics if checkpoint > 0 else None,
        setting=setting,
        checkpoint=checkpoint,
        measure=measure,
        arms=[arm.content for arm in arms],
        references={
            objective: [
                spec.name,
                spec.num_samples,
                spec.antithetic,
                *([] if spec.temperature is None else [spec.temperature]),
            ]
            for objective, spec in references.items()
        },
        seed=experiment.seed,
        **_code(experiment, code_digests),
    )
    return MeasurementCell(
        key=key,
        training_key=training.key if training else "",
        setting=setting,
        base=base,
        checkpoint=checkpoint,
        problem=sections["problem"],
        measure=measure,
        arms=arms,
        references={objective: spec.label for objective, spec in references.items()},
        seed=experiment.seed,
    )


def _code(experiment: Experiment, digests: Mapping[str, str]) -> dict[str, Any]:
    """What a key says of a user's own code; nothing where there is none."""
    used = sorted(set(experiment.code.values()))
    facts = [[spec.name, spec.own.unbiased, spec.own.serves] for spec in experiment.estimators if spec.own]
    return {"code": [[name, digests.get(name, "")] for name in used], "own": facts} if used else {}


def _default_arms(experiment: Experiment) -> Iterator[Arm]:
    """Every estimator of every objective, as declared."""
    for objective, spec in itertools.product(experiment.objective, experiment.estimators):
        if spec.kind.serves(objective):
            yield arm_of(objective, spec, spec.num_samples)


def _extra_arms(experiment: Experiment) -> Iterator[Arm]:
    """The first objective's curves against K, and effects of constants added to log p."""
    objective = experiment.objective[0]
    serving = [spec for spec in experiment.estimators if spec.kind.serves(objective)]
    for spec, num_samples in itertools.product(serving, experiment.measure.num_samples):
        pairs = num_samples % 2 == 0 or not spec.antithetic
        if num_samples >= spec.kind.min_samples and pairs:
            yield arm_of(objective, spec, num_samples)
    for spec, constant in itertools.product(serving, experiment.measure.constants):
        if spec.name in CONSTANT_PROBES:
            yield arm_of(objective, spec, spec.num_samples, constant)


def arm_of(objective: str, spec: EstimatorSpec, num_samples: int, constant: float = 0.0) -> Arm:
    """The arm that an estimator of a declaration is under an objective, at any K."""
    return Arm(
        objective,
        spec.name,
        spec.label,
        num_samples,
        constant,
        spec.antithetic,
        spec.own,
        spec.temperature,
    )


def _key(kind: str, **parts: Any) -> str:
    """32 hexadecimal digits that change when, and only when, something in `parts` does."""
    content = {"engine": ENGINE_VERSION, "kind": kind, **parts}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
