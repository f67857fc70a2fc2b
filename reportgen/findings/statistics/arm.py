"""One arm of one measured cell, and functions that look it up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.objectives import OBJECTIVES
from reportgen.store.records import ArmRecord, MeasurementRecord

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MeasuredArm:
    """One arm of a record, at row `index` of its arrays."""

    record: MeasurementRecord
    index: int

    @property
    def about(self) -> ArmRecord:
        """How it was measured."""
        return self.record.arms[self.index]

    def same_as(self, other: MeasuredArm) -> bool:
        """Whether both are the same row of the same record."""
        return self.record is other.record and self.index == other.index

    def shares_gradient(self, other: MeasuredArm) -> bool:
        """Whether both estimate the same gradient: a bound of K samples has a different one for each K."""
        if self.about.objective != other.about.objective:
            return False
        several = OBJECTIVES[self.about.objective].several
        return not several or self.about.num_samples == other.about.num_samples

    @property
    def default(self) -> bool:
        """Whether it is its label's arm at the default K, with no constant added."""
        same = [
            i
            for i, arm in enumerate(self.record.arms)
            if (arm.objective, arm.label, arm.constant) == (self.about.objective, self.about.label, 0.0)
        ]
        return bool(same) and same[0] == self.index

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Parameter groups of its gradient, ``all`` first; beside φ, those of θ are named “θ …”."""
        if len({arm.parameters for arm in self.record.arms}) == 1:
            return self.record.groups
        theta = self.about.parameters == "theta"
        return tuple(name for name in self.record.groups if name == "all" or name.startswith("θ ") == theta)

    @property
    def status(self) -> str:
        """``met``, ``budget`` or ``broken: cause``."""
        about = self.about
        return f"broken: {about.cause or 'no cause was kept'}" if about.status == "broken" else about.status

    def array(self, name: str) -> Array:
        """This arm's part of an array; raises if the arm broke or has too few replicates."""
        about = self.about
        if about.status == "broken":
            raise NotAvailableError(self.status)
        if about.replicates < 2:
            raise NotAvailableError(f"needs 2 replicates, got {about.replicates}")
        return np.asarray(self.record.arrays[name][self.index])

    def group(self, name: str) -> int:
        """Position of a parameter group."""
        try:
            return self.record.groups.index(name)
        except ValueError:
            known = ", ".join(self.record.groups)
            raise LookupError(f"no parameter group {name!r}; there are {known}") from None

    @cached_property
    def reference(self) -> MeasuredArm:
        """The arm of the same objective and parameters with which the others are compared."""
        for i, arm in enumerate(self.record.arms):
            same = (arm.objective, arm.parameters) == (self.about.objective, self.about.parameters)
            if arm.reference and same:
                return MeasuredArm(self.record, i)
        raise NotAvailableError(f"objective {self.about.objective} has no reference arm")


def directions(arm: MeasuredArm, group: str = "all") -> int:
    """The most directions in which the estimates at one data point can lie."""
    record, theta = arm.record, arm.about.parameters == "theta"
    if theta or group != "all":
        named = [name.startswith("θ ") if group == "all" else name == group for name in record.groups]
        own = int(record.arrays["coordinate_count"][named].sum())
    else:
        own = record.parameters
    return own if theta or not record.eta else min(own, record.eta)


def broken_arms(records: Iterable[MeasurementRecord]) -> tuple[ArmRecord, ...]:
    """Arms that broke in cells whose other arms are kept."""
    return tuple(arm for record in records for arm in record.arms if arm.status == "broken")


def find(
    record: MeasurementRecord,
    objective: str,
    label: str,
    num_samples: int | None = None,
    constant: float = 0.0,
) -> MeasuredArm | None:
    """The arm with these names, at its default K if `num_samples` is None; None if it was not measured."""
    for i, arm in enumerate(record.arms):
        same = (arm.objective, arm.label, arm.constant) == (objective, label, constant)
        if same and num_samples in (None, arm.num_samples):
            return MeasuredArm(record, i)
    return None


def arms(record: MeasurementRecord, objective: str, label: str) -> list[MeasuredArm]:
    """Every arm of a label, over K and constants, in the record's order."""
    return [
        MeasuredArm(record, i)
        for i, arm in enumerate(record.arms)
        if (arm.objective, arm.label) == (objective, label)
    ]
