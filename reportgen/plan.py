"""Experiment → cells. Pure: the same declaration gives the same plan and keys."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.claim_checks import CONSTANT_PROBES
from reportgen.declaration.dotted import value_at, with_value
from reportgen.declaration.estimator_spec import EstimatorSpec
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.own_estimator import OwnEstimator
from reportgen.declaration.train import canonical, dynamics

ENGINE_VERSION = 8
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
    parent: str = ""
    """Key of the training that this one continues, if it does."""

    @property
    def epochs_before(self) -> int:
        """Epochs of the trainings that this one continues."""
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
    """A training stands after the one that it continues."""
    measurements: tuple[MeasurementCell, ...]
    judgements: tuple[JudgementCell, ...] = ()

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them, trainings first."""
        return (*self.trainings, *self.judgements, *self.measurements)


Cell = TrainingCell | JudgementCell | MeasurementCell


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
    judgements: dict[str, JudgementCell] = {}
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
            for training in _training_cells(experiment, setting, sections, base, dataset_digest):
                trainings.setdefault(training.key, training)
        for checkpoint in experiment.judged_checkpoints if training else ():
            assert training is not None
            judged = _judgement_cell(experiment, training, checkpoint, dataset_digest)
            judgements[judged.key] = judged
        for checkpoint in experiment.checkpoints if base else experiment.sweep_checkpoints:
            cell = _measurement_cell(
                experiment, setting, sections, training, base, checkpoint, dataset_digest, code_digests or {}
            )
            measurements[cell.key] = cell
    return Plan(
        experiment.experiment,
        tuple(trainings.values()),
        tuple(measurements.values()),
        tuple(judgements.values()),
    )


def _settings(experiment: Experiment) -> Iterator[dict[str, Any]]:
    """Values of the swept paths: the base setting's, then each of the cross products."""
    resolved = experiment.model_dump(mode="json")
    base = {path: value_at(resolved, path) for path in experiment.swept}
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
        sections = with_value(sections, path, value)
    needed = experiment.problem.needed(sections["problem"])
    return {"problem": needed, "train": canonical(sections["train"])}


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _training_cells(
    experiment: Experiment,
    setting: dict[str, Any],
    sections: dict[str, dict[str, Any]],
    base: bool,
    dataset_digest: str,
) -> Iterator[TrainingCell]:
    """The training of a setting, after those that it continues."""
    problem, train = sections["problem"], sections["train"]
    parent = ""
    if train["after"] is not None:
        ended = train["after"]
        kept = sorted({*ended["checkpoints"], ended["epochs"]})  # its end is where this one begins
        before = {"problem": problem, "train": {**ended, "checkpoints": kept}}
        for cell in _training_cells(experiment, setting, before, False, dataset_digest):
            yield cell
            parent = cell.key
    key = _key("training", problem=problem, train=train, seed=experiment.seed, dataset=dataset_digest)
    yield TrainingCell(key, setting, base, problem, train, experiment.seed, parent)


def _judgement_cell(
    experiment: Experiment, training: TrainingCell, checkpoint: int, dataset_digest: str
) -> JudgementCell:
    assert experiment.judge is not None
    judge = experiment.judge.model_dump(mode="json", exclude={"checkpoints"})
    key = _key(
        "judgement",
        problem=training.problem,
        dataset=dataset_digest,
        train=_reached(training.train, checkpoint),
        setting=training.setting,
        checkpoint=checkpoint,
        judge=judge,
        seed=experiment.seed,
    )
    return JudgementCell(
        key=key,
        training_key=training.key,
        setting=training.setting,
        base=training.base,
        checkpoint=checkpoint,
        problem=training.problem,
        judge=judge,
        seed=experiment.seed,
    )


def _reached(train: Mapping[str, Any], checkpoint: int) -> dict[str, Any] | None:
    """What the parameters at a checkpoint depend on: before training, none of how it is done."""
    if checkpoint > 0:
        return dynamics(train)
    return None if train["after"] is None else {"after": dynamics(train["after"], whole=True)}


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
    arms = dict.fromkeys(_default_arms(experiment))
    if last_of_base or experiment.measure.curves == "everywhere":
        arms |= dict.fromkeys(_curve_arms(experiment))
    if last_of_base:
        arms |= dict.fromkeys(_constant_arms(experiment))
    references = {
        objective: spec
        for objective in experiment.objective
        if (spec := experiment.reference_of(objective)) is not None
    }
    fields = ("precision", "budget", "min_replicates", *(["images"] if experiment.problem.images else []))
    measure = {field: getattr(experiment.measure, field) for field in fields}
    key = _key(
        "measurement",
        problem=sections["problem"],
        dataset=dataset_digest,
        train=_reached(sections["train"], checkpoint),
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
        arms=tuple(arms),
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


def _curve_arms(experiment: Experiment) -> Iterator[Arm]:
    """The first objective's curves against K."""
    objective = experiment.objective[0]
    for spec, num_samples in itertools.product(_serving(experiment), experiment.measure.num_samples):
        pairs = num_samples % 2 == 0 or not spec.antithetic
        if num_samples >= spec.kind.min_samples and pairs:
            yield arm_of(objective, spec, num_samples)


def _constant_arms(experiment: Experiment) -> Iterator[Arm]:
    """Effects of constants added to log p, on the first objective."""
    for spec, constant in itertools.product(_serving(experiment), experiment.measure.constants):
        if spec.name in CONSTANT_PROBES:
            yield arm_of(experiment.objective[0], spec, spec.num_samples, constant)


def _serving(experiment: Experiment) -> list[EstimatorSpec]:
    return [spec for spec in experiment.estimators if spec.kind.serves(experiment.objective[0])]


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
