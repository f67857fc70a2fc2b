"""What is accumulated: one channel for every distinct integrand, estimator, K and constant.

Several arms may read one channel: the ELBO with the KL in closed form has
the covariance of the reconstruction term and a mean moved by − ∇KL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor

from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS, Coefficients, Estimator
from reportgen.measure.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.measure.moments import Moments
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm


@dataclass(frozen=True)
class ChannelKey:
    """What makes two arms share their replicates."""

    integrand: str
    estimator: str
    num_samples: int
    constant: float

    @classmethod
    def of(cls, arm: Arm) -> ChannelKey:
        return cls(OBJECTIVES[arm.objective].integrand.name, arm.estimator, arm.num_samples, arm.constant)


@dataclass
class Channel:
    """Replicates of one estimator of one integrand, as moments in η."""

    key: ChannelKey
    moments: Moments
    coefficients: Coefficients = field(default_factory=dict)
    paired: Paired | None = None
    minimum: int = 2
    """Replicates an image below which it does not stop."""
    retired: bool = False
    half_width: float = float("inf")
    seconds: float = 0.0
    cause: str | None = None
    """Why the channel broke; None while it is sound."""

    @property
    def estimator(self) -> Estimator:
        return ESTIMATORS[self.key.estimator]

    def estimate(self, values: IntegrandValues, frame: Frame) -> Tensor:
        """One estimate a replicate, [I R m]."""
        draws = IntegrandDraws(values, frame, self.key.num_samples, self.key.constant)
        return self.estimator.evaluate(draws, self.coefficients)

    def fit(self, values: IntegrandValues, frame: Frame) -> None:
        """Fit the estimator's coefficients on pilot samples."""
        if self.estimator.fit is not None:
            draws = IntegrandDraws(values, frame, self.key.num_samples, self.key.constant)
            self.coefficients = self.estimator.fit(draws)

    def observe(
        self, bucket: int, values: IntegrandValues, frame: Frame, cache: dict[ChannelKey, Tensor]
    ) -> None:
        """Take in a batch: moments of the estimate, and of its difference to the reference."""
        started = perf_counter()
        estimates = cached_estimate(self, values, frame, cache)
        self.seconds += perf_counter() - started
        if not bool(torch.isfinite(estimates.sum())):  # inf and nan survive a sum
            remedy = (
                "Add a smaller constant."
                if self.key.constant
                else "Measure an earlier checkpoint, or train with a smaller learning_rate."
            )
            raise CellError(
                f"{self.key.estimator} of {self.key.integrand}: needs finite estimates, found inf or nan. "
                f"{remedy}"
            )
        self.moments.update(bucket, estimates)
        if self.paired is not None:
            reference = cached_estimate(self.paired.reference, values, frame, cache)
            self.paired.moments.update(bucket, estimates - reference)


@dataclass
class Paired:
    """Differences of a channel's replicates to the reference's, on the same draws and K."""

    reference: Channel
    moments: Moments


def cached_estimate(
    channel: Channel, values: IntegrandValues, frame: Frame, cache: dict[ChannelKey, Tensor]
) -> Tensor:
    """The channel's estimates on this batch, computed at most once."""
    if channel.key not in cache:
        cache[channel.key] = channel.estimate(values, frame)
    return cache[channel.key]


def open_channels(
    arms: tuple[Arm, ...],
    references: dict[str, str],
    minimum: int,
    images: int,
    buckets: int,
    dimension: int,
) -> tuple[dict[ChannelKey, Channel], dict[str, Arm]]:
    """Channels for all arms, and the reference arm of each objective.

    Arms at their declared K without a constant are compared with the
    reference on the same draws, replicate by replicate.
    """
    channels: dict[ChannelKey, Channel] = {}
    for arm in arms:
        key = ChannelKey.of(arm)
        if key not in channels:
            channels[key] = Channel(key, Moments.empty(images, buckets, dimension))
    reference_arms: dict[str, Arm] = {}
    for arm in arms:
        if (
            arm.objective not in reference_arms
            and arm.label == references.get(arm.objective)
            and not arm.constant
        ):
            reference_arms[arm.objective] = arm
    seen: set[tuple[str, str]] = set()
    for arm in arms:
        first = (arm.objective, arm.label) not in seen
        seen.add((arm.objective, arm.label))
        channel = channels[ChannelKey.of(arm)]
        if first or arm.constant:
            channel.minimum = max(channel.minimum, minimum)
        if not first or arm.constant:
            continue
        reference = reference_arms.get(arm.objective)
        if reference is None or reference.label == arm.label or channel.paired is not None:
            continue
        counterpart = ChannelKey(
            channel.key.integrand,
            reference.estimator,
            max(arm.num_samples, ESTIMATORS[reference.estimator].min_samples),
            0.0,
        )
        if counterpart.num_samples != arm.num_samples:
            continue
        if counterpart in channels:
            partner = channels[counterpart]
        else:
            partner = Channel(counterpart, Moments.empty(images, 1, 1))
        channel.paired = Paired(partner, Moments.empty(images, buckets, dimension))
    return channels, reference_arms
