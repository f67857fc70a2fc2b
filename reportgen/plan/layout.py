"""Experiment → cells, as a pure function: equal declarations give equal plans and keys."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reportgen.declaration.companions import swept_settings
from reportgen.declaration.dotted import identity, with_value
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.train import canonical, unseeded
from reportgen.plan.arms import constant_arms, curve_arms, default_arms
from reportgen.plan.cells import JudgementCell, MeasurementCell, Plan, TrainingCell
from reportgen.plan.keys import code_parts, key_of, reached


def make_plan(
    experiment: Experiment, dataset_digest: str = "", code_digests: Mapping[str, str] | None = None
) -> Plan:
    """Lay out every cell of an experiment.

    The base setting comes first, then the cross product of `sweep`, without
    repeating a setting. `dataset_digest` is the SHA-256 of the data set's bytes,
    empty if the problem has none; `code_digests` are those of the user's own
    code, by reference. A record's arms are in the order of its cell's `arms`;
    labels are not part of any key, so read them from the plan.
    """
    trainings: dict[str, TrainingCell] = {}
    judgements: dict[str, JudgementCell] = {}
    first: dict[tuple[str, int], str] = {}
    measurements: dict[str, MeasurementCell] = {}
    for number, setting in enumerate(_settings(experiment)):
        base = number == 0
        sections = _sections(experiment, setting)
        training = None
        if experiment.problem.trained:
            for training in _training_cells(setting, sections, base, dataset_digest):
                trainings.setdefault(training.key, training)
        for checkpoint in experiment.judged_checkpoints if training else ():
            assert training is not None
            judged = _judgement_cell(experiment, training, checkpoint, dataset_digest)
            known = first.setdefault((training.key, checkpoint), judged.key)
            judgements[judged.key] = replace(judged, twin="" if known == judged.key else known)
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


def _settings(experiment: Experiment) -> list[dict[str, Any]]:
    """Values at the swept paths: first the base setting, then each setting of the sweep, none twice."""
    found: dict[Hashable, dict[str, Any]] = {}
    for setting in (experiment.base, *swept_settings(experiment)):
        found.setdefault(identity(setting), {path: _plain(value) for path, value in setting.items()})
    return list(found.values())


def _sections(experiment: Experiment, setting: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The sections `problem` and `train` with the values of a setting filled in."""
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
    setting: dict[str, Any],
    sections: dict[str, dict[str, Any]],
    base: bool,
    dataset_digest: str,
) -> Iterator[TrainingCell]:
    """The training of a setting, preceded by those that it continues."""
    problem, train = sections["problem"], sections["train"]
    parent = ""
    if train["after"] is not None:
        ended = train["after"]
        kept = sorted({*ended["checkpoints"], ended["epochs"]})  # this training starts from its last epoch
        before = {"problem": problem, "train": {**ended, "checkpoints": kept}}
        for cell in _training_cells(setting, before, False, dataset_digest):
            yield cell
            parent = cell.key
    seed = int(train["seed"])
    key = key_of("training", problem=problem, train=unseeded(train), seed=seed, dataset=dataset_digest)
    yield TrainingCell(key, setting, base, problem, train, seed, parent)


def _judgement_cell(
    experiment: Experiment, training: TrainingCell, checkpoint: int, dataset_digest: str
) -> JudgementCell:
    assert experiment.judge is not None
    judge = experiment.judge.model_dump(mode="json", exclude={"checkpoints"})
    key = key_of(
        "judgement",
        problem=training.problem,
        dataset=dataset_digest,
        **reached(training.train, checkpoint, experiment.seed),
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
    arms = dict.fromkeys(default_arms(experiment))
    declared = len(arms)
    if last_of_base or experiment.measure.curves == "everywhere":
        arms |= dict.fromkeys(curve_arms(experiment))
    if last_of_base:
        arms |= dict.fromkeys(constant_arms(experiment))
    references = {
        objective: spec
        for objective in experiment.objective
        if (spec := experiment.reference_of(objective)) is not None
    }
    fields = ("precision", "budget", "min_replicates", *(["images"] if experiment.problem.images else []))
    measure = {field: getattr(experiment.measure, field) for field in fields}
    key = key_of(
        "measurement",
        problem=sections["problem"],
        dataset=dataset_digest,
        **reached(sections["train"], checkpoint, experiment.seed),
        setting=setting,
        checkpoint=checkpoint,
        measure=measure,
        arms=[arm.content for arm in arms],
        declared=declared,  # these arms are compared with the reference; those added for curves are not
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
        **code_parts(experiment, code_digests),
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
