"""Arms, which are what a cell measures: one estimator of one objective, at one K."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.checks.claims import CONSTANT_PROBES
from reportgen.declaration.estimator_spec import EstimatorSpec
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.own_estimator import OwnEstimator


@dataclass(frozen=True)
class Arm:
    """One estimator of one objective, with its K and the constant that is added to log p."""

    objective: str
    estimator: str
    label: str
    num_samples: int = 1
    constant: float = 0.0
    antithetic: bool = False
    """Whether the samples of an estimate come in pairs of mirrored noise."""
    own: OwnEstimator | None = None
    """The declaration of a user's own estimator; `estimator` is then the reference to its code."""
    temperature: float | None = None
    """Temperature of the relaxation; None for the estimator's default, or if it has none."""

    @property
    def content(self) -> list[Any]:
        """Everything that the arm's numbers depend on; unused options are left out."""
        of = [self.objective, self.estimator, self.num_samples, self.constant, self.antithetic]
        return of if self.temperature is None else [*of, self.temperature]


def arm_of(objective: str, spec: EstimatorSpec, num_samples: int, constant: float = 0.0) -> Arm:
    """The arm of a declared estimator for an objective, at the given K."""
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


def default_arms(experiment: Experiment) -> Iterator[Arm]:
    """Every declared estimator, at its declared K, for every objective that it serves."""
    for objective, spec in itertools.product(experiment.objective, experiment.estimators):
        if spec.kind.serves(objective):
            yield arm_of(objective, spec, spec.num_samples)


def curve_arms(experiment: Experiment) -> Iterator[Arm]:
    """Arms of the curves against K, for the first objective."""
    objective = experiment.objective[0]
    for spec, num_samples in itertools.product(_serving(experiment), experiment.measure.num_samples):
        pairs = num_samples % 2 == 0 or not spec.antithetic
        if num_samples >= spec.kind.min_samples and pairs:
            yield arm_of(objective, spec, num_samples)


def constant_arms(experiment: Experiment) -> Iterator[Arm]:
    """Arms with a constant added to log p, for the first objective."""
    for spec, constant in itertools.product(_serving(experiment), experiment.measure.constants):
        if spec.name in CONSTANT_PROBES:
            yield arm_of(experiment.objective[0], spec, spec.num_samples, constant)


def _serving(experiment: Experiment) -> list[EstimatorSpec]:
    return [spec for spec in experiment.estimators if spec.kind.serves(experiment.objective[0])]
