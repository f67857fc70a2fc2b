"""The replicates of one estimator while they are measured, whatever form their moments have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from reportgen.engine.moments import Moments
from reportgen.estimators import Estimator
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm


@dataclass(frozen=True)
class Key:
    """Identifies replicates: arms with equal keys share them."""

    integrand: str
    several: bool
    """Whether the objective is a bound from K samples jointly, not a mean over them."""
    estimator: str
    num_samples: int
    """K"""
    constant: float
    """Added to log p; 0 if gradients are not vectors in η."""
    antithetic: bool
    temperature: float | None = None
    """Temperature of the relaxation; None for the estimator's default, or if it has none."""

    @classmethod
    def of(cls, arm: Arm) -> Key:
        """The key of an arm. Arms whose objectives differ only by an exact term have the same key."""
        objective = OBJECTIVES[arm.objective]
        return cls(
            objective.integrand.name,
            objective.several,
            arm.estimator,
            arm.num_samples,
            arm.constant,
            arm.antithetic,
            arm.temperature,
        )


class Totalled(Protocol):
    """Moments that count their replicates."""

    @property
    def total(self) -> int:
        """Replicates per data point."""


M = TypeVar("M", bound=Totalled)
C = TypeVar("C")


@dataclass
class Paired(Generic[C]):
    """Differences between replicates (or means of several) and the reference's from equally many draws."""

    reference: C
    """Its K is that of the replicates, or a multiple of it if the reference needs more samples."""
    moments: Moments


@dataclass
class Replicates(Generic[M]):
    """Base class of the routes' channels, which add how estimates are made and accumulated."""

    key: Key
    estimator: Estimator
    moments: M
    paired: Paired[Any] | None = field(default=None, kw_only=True)
    minimum: int = field(default=2, kw_only=True)
    """Replicates per image required before measuring may stop."""
    retired: bool = field(default=False, kw_only=True)
    """Whether it is no longer measured: precise enough, or broken."""
    half_width: float = field(default=float("inf"), kw_only=True)
    """Relative half-width of the total variance's interval."""
    seconds: float = field(default=0.0, kw_only=True)
    """Time spent on the estimator's own work, excluding what estimators share."""
    cause: str | None = field(default=None, kw_only=True)
    """Why it is broken; None while it is sound."""

    @property
    def num_samples(self) -> int:
        """K"""
        return self.key.num_samples

    @property
    def temperature(self) -> float | None:
        """Temperature of the relaxation, or None."""
        return None

    @property
    def space(self) -> str:
        """The parameters of the gradient, ``phi`` or ``theta``."""
        return self.estimator.parameters

    @property
    def unbiased(self) -> bool:
        """Whether its mean is the objective's gradient, by construction and at every K.

        An estimator unbiased only at K = 1 does not count; its own mean, along which it is then measured, is
        that gradient at K = 1.
        """
        return self.estimator.bound_unbiased if self.key.several else self.estimator.unbiased

    @property
    def replicates(self) -> int:
        """Replicates per data point so far."""
        return self.moments.total

    @property
    def differences(self) -> int:
        """Differences to the reference per data point so far."""
        return 0 if self.paired is None else self.paired.moments.total
