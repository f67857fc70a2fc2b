"""What was measured, looked up by place: objective, checkpoint, setting, samples."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from reportgen.declaration.companions import companions
from reportgen.declaration.dotted import identity, same_value
from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings.series import Series, of_one_seed
from reportgen.findings.statistics.arm import MeasuredArm, arms, find
from reportgen.plan import Plan
from reportgen.store.records import BrokenRecord, JudgementRecord, MeasurementRecord, TrainingRecord


@dataclass(frozen=True, eq=False, repr=False)
class Measured:
    """The records of an experiment, looked up by place.

    Where a method takes a place, None stands for the first objective, the last
    checkpoint measured there, the base setting, or an estimator's own K.
    """

    experiment: Any
    """The declaration."""
    plan: Plan
    trainings: tuple[TrainingRecord, ...]
    """Trainings in the plan's order; those that broke are in `broken`."""
    measurements: tuple[MeasurementRecord, ...]
    judgements: tuple[JudgementRecord, ...]
    broken: tuple[BrokenRecord, ...]
    """Cells without a record, with the reason: they broke, or their time was up."""

    @property
    def objectives(self) -> tuple[str, ...]:
        """Objectives in the order declared."""
        return tuple(self.experiment.objective)

    @property
    def labels(self) -> tuple[str, ...]:
        """Estimators' labels in the order declared."""
        return tuple(spec.label for spec in self.experiment.estimators)

    @property
    def estimator_of(self) -> dict[str, str]:
        """Label → name in the table of estimators."""
        return {spec.label: spec.name for spec in self.experiment.estimators}

    def compared(self, objective: str | None = None, parameters: str = "phi") -> tuple[str, ...]:
        """Labels of the estimators of the gradient in φ or of that in θ: only these can be compared.

        Estimators that do not apply to the objective are left out.
        """
        wanted = objective or self.objectives[0]
        return tuple(
            spec.label
            for spec in self.experiment.estimators
            if spec.kind.parameters == parameters and spec.kind.serves(wanted)
        )

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """Epochs measured in the base setting, ascending."""
        return tuple(sorted({record.checkpoint for record in self.measurements if record.base}))

    @property
    def groups(self) -> tuple[str, ...]:
        """Parameter groups of the base setting, ``all`` first."""
        return next((record.groups for record in self.measurements if record.base), ("all",))

    @property
    def blocks(self) -> tuple[str, ...]:
        """Parameter groups of φ, ``all`` first; those of θ are named “θ …”."""
        return tuple(group for group in self.groups if not group.startswith("θ "))

    def reference(self, objective: str | None = None) -> str:
        """Label of the arm with which the others are compared."""
        wanted = objective or self.objectives[0]
        for cell in self.plan.measurements:
            if wanted in cell.references:
                return cell.references[wanted]
        return self.labels[0]

    @property
    def compared_with(self) -> dict[str, dict[str, str]]:
        """Objective → label → label of the reference it is compared with; references are left out."""
        found: dict[str, dict[str, str]] = {name: {} for name in self.objectives}
        for record in self.measurements:
            own = {(arm.objective, arm.parameters): arm.label for arm in record.arms if arm.reference}
            for arm in record.arms:
                reference = own.get((arm.objective, arm.parameters), arm.label)
                if reference != arm.label:
                    found[arm.objective][arm.label] = reference
        return found

    def settings(self, name: str, setting: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
        """Measured values of a swept setting, ascending if they are numbers.

        Other settings are at the value that `setting` gives them, or at their base value.
        """
        along = [record.setting[name] for record in self._along(name, setting)]
        values = {identity(value): value for value in along}.values()
        numbers = all(isinstance(value, int | float) for value in values)
        return tuple(sorted(values)) if numbers else tuple(values)

    def series(self, path: str | None = None) -> tuple[Series, ...]:
        """Series of at least two numbers along a swept setting, or along each of them; see `series`.

        A setting that only changes along with another is not named beside it. The training's seed
        is fixed: the base's, or if that has no series, the first that has one.
        """
        paths = [path] if path else list(self.experiment.swept)
        settings = [record.setting for record in self.measurements]
        told = dict.fromkeys(name for name in self.experiment.swept if name != TRAINING_SEED)
        for known in self.experiment.swept:
            for other in companions(self.experiment, known) if known in told else ():
                told.pop(other, None)
        return tuple(
            replace(run, named={key: value for key, value in run.named.items() if key in told})
            for path in paths
            if path in told
            for run in of_one_seed(path, settings, self._base_setting())
        )

    def record(
        self, checkpoint: int | None = None, setting: Mapping[str, Any] | None = None
    ) -> MeasurementRecord | None:
        """The record of a place; settings that `setting` does not name stay at their base value."""
        wanted = None if setting is None else {**self._base_setting(), **setting}
        found = [
            record
            for record in self._by_place.get(None if wanted is None else identity(wanted), ())
            if checkpoint in (None, record.checkpoint)
        ]
        return max(found, key=lambda record: record.checkpoint) if found else None

    def arm(
        self,
        label: str,
        *,
        objective: str | None = None,
        checkpoint: int | None = None,
        setting: Mapping[str, Any] | None = None,
        num_samples: int | None = None,
        constant: float = 0.0,
    ) -> MeasuredArm | None:
        """The arm measured in a place, if there is one. Raises LookupError for an undeclared label."""
        self._require(label)
        record = self.record(checkpoint, setting)
        if record is None:
            return None
        return find(record, objective or self.objectives[0], label, num_samples, constant)

    def _require(self, *labels: str) -> None:
        for label in labels:
            if label not in self.labels:
                raise LookupError(f"no estimator {label!r}; there are {', '.join(self.labels)}")

    def _along(self, path: str, setting: Mapping[str, Any] | None) -> list[MeasurementRecord]:
        """Cells along a swept setting, the others fixed as `setting` says, or else at their base value."""
        fixed = {**self._base_setting(), **(setting or {})}
        return [
            record
            for record in self.measurements
            if path in record.setting
            and (
                not fixed
                or all(same_value(v, fixed.get(key)) for key, v in record.setting.items() if key != path)
            )
        ]

    @cached_property
    def _by_place(self) -> dict[Hashable, list[MeasurementRecord]]:
        """Records by setting, and those of the base setting also under None."""
        found: dict[Hashable, list[MeasurementRecord]] = {}
        for record in self.measurements:
            found.setdefault(identity(record.setting), []).append(record)
            if record.base:
                found.setdefault(None, []).append(record)
        return found

    def _base_setting(self) -> dict[str, Any]:
        return next((record.setting for record in self._by_place.get(None, ())), {})

    def _arms(self, label: str, place: Mapping[str, Any]) -> list[MeasuredArm]:
        self._require(label)
        record = self.record(place.get("checkpoint"), place.get("setting"))
        if record is None:
            return []
        return arms(record, place.get("objective") or self.objectives[0], label)
