"""Replicates of one estimator while they are measured, however their moments are held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from reportgen.engine.moments import Moments
from reportgen.estimators import Estimator
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm


@dataclass(frozen=True)
class Key:
    """What makes two arms share their replicates."""

    integrand: str
    several: bool
    """Whether the objective is a bound of K samples together, not a mean over them."""
    estimator: str
    num_samples: int
    """K"""
    constant: float
    """Added to log p; 0 where gradients are not vectors in η."""
    antithetic: bool
    temperature: float | None = None
    """Of the relaxation; None for the estimator's own, or where it has none."""

    @classmethod
    def of(cls, arm: Arm) -> Key:
        """Arms whose objectives differ by an exact term have one key."""
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
    """Moments that know of how many replicates they are."""

    @property
    def total(self) -> int:
        """Of each data point."""


M = TypeVar("M", bound=Totalled)
C = TypeVar("C")


@dataclass
class Paired(Generic[C]):
    """Differences of replicates, or of means of several, to the reference's on as many draws."""

    reference: C
    """Its K is the replicates' own, or a multiple where it needs more."""
    moments: Moments


@dataclass
class Replicates(Generic[M]):
    """One estimator's; the routes add how an estimate is made and taken in."""

    key: Key
    estimator: Estimator
    moments: M
    paired: Paired[Any] | None = field(default=None, kw_only=True)
    minimum: int = field(default=2, kw_only=True)
    """Replicates an image below which it does not stop."""
    retired: bool = field(default=False, kw_only=True)
    half_width: float = field(default=float("inf"), kw_only=True)
    """Of the total variance's interval, relative."""
    seconds: float = field(default=0.0, kw_only=True)
    """Spent on what is the estimator's own."""
    cause: str | None = field(default=None, kw_only=True)
    """Why it broke; None while it is sound."""

    @property
    def num_samples(self) -> int:
        """K"""
        return self.key.num_samples

    @property
    def temperature(self) -> float | None:
        """Of the relaxation; None where there is none."""
        return None

    @property
    def space(self) -> str:
        """``phi`` or ``theta``: whose gradient it is."""
        return self.estimator.parameters

    @property
    def unbiased(self) -> bool:
        """Whether its mean is the objective's gradient, by construction and at every K.

        One that is so at K = 1 alone is measured along its own mean, which is then the same.
        """
        return self.estimator.bound_unbiased if self.key.several else self.estimator.unbiased

    @property
    def replicates(self) -> int:
        """Of each data point, so far."""
        return self.moments.total

    @property
    def differences(self) -> int:
        """Of each data point, to the reference."""
        return 0 if self.paired is None else self.paired.moments.total
