"""What is accumulated: one channel for every distinct integrand, estimator, K, constant and kind of noise.

Several arms may read one channel: the ELBO with the KL in closed form has
the covariance of the reconstruction term and a mean moved by − ∇KL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import torch
from torch import Tensor

from reportgen.engine.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.moments import Moments
from reportgen.engine.pairing import block_means, reference_samples
from reportgen.errors import CellError, UsageError
from reportgen.estimators import ESTIMATORS, Coefficients, Estimator
from reportgen.memory import memory_limit
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm

MODEL_REMEDY = (
    "Look at the model at these data points; where it was trained, "
    "measure an earlier checkpoint or lower the learning_rate."
)
"""Where estimates of a known estimator are no numbers."""


@dataclass(frozen=True)
class ChannelKey:
    """What makes two arms share their replicates."""

    integrand: str
    several: bool
    """Whether the objective is a bound of K samples together, not a mean over them."""
    estimator: str
    num_samples: int
    constant: float
    antithetic: bool
    temperature: float | None = None
    """Of the relaxation; None for the estimator's own, or where it has none."""

    @classmethod
    def of(cls, arm: Arm) -> ChannelKey:
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


Values = Mapping[tuple[str, bool], IntegrandValues]
"""Of one set of draws, by integrand and by whether the noise is antithetic."""


@dataclass
class Channel:
    """Replicates of one estimator of one integrand, as moments in η."""

    key: ChannelKey
    estimator: Estimator
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
    def temperature(self) -> float | None:
        """Of the relaxation; None where there is none."""
        return self.estimator.temperature if self.key.temperature is None else self.key.temperature

    @property
    def space(self) -> str:
        """``phi`` or ``theta``: whose gradient its vectors are."""
        return self.estimator.parameters

    @property
    def unbiased(self) -> bool:
        """Whether its mean is the objective's gradient, by construction."""
        return self.estimator.bound_unbiased if self.key.several else self.estimator.unbiased

    def draws(self, values: Values, frame: Frame) -> IntegrandDraws:
        """What the estimator sees of a set of draws."""
        key = self.key
        own = values[key.integrand, key.antithetic]
        further = self.estimator.auxiliary
        return IntegrandDraws(
            own, frame, key.num_samples, key.constant, key.several, further, self.temperature
        )

    def estimate(self, values: Values, frame: Frame) -> Tensor:
        """One estimate a replicate, [I R m]."""
        evaluate = self.estimator.bound if self.key.several else self.estimator.evaluate
        assert evaluate is not None
        draws = self.draws(values, frame)
        found = evaluate(draws, self.coefficients)
        images, _, m = self.moments.mean.shape
        wanted = (images, draws.replicates, m)
        if not isinstance(found, Tensor) or found.shape != wanted:
            what = f"shape {list(found.shape)}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
            raise UsageError(
                f"{self.key.estimator}: needs one estimate a replicate, [I R m] = {list(wanted)}, "
                f"found {what}. Average over the K samples, the third axis, and over no other."
            )
        return found

    @property
    def remedy(self) -> str:
        """What to do about estimates that are no numbers; of a user's own, where to look."""
        if self.key.constant:
            return "Add a smaller constant."
        if self.key.estimator not in ESTIMATORS:
            file, _, name = self.key.estimator.rpartition(":")
            return f"Mend {name} in {file}." if file else "Mend it."
        return MODEL_REMEDY

    def fit(self, values: Values, frame: Frame) -> None:
        """Fit the estimator's coefficients on pilot samples."""
        if self.estimator.fit is not None:
            self.coefficients = self.estimator.fit(self.draws(values, frame))

    def observe(self, bucket: int, values: Values, frame: Frame, cache: dict[ChannelKey, Tensor]) -> None:
        """Take in a batch: moments of the estimate, and of its difference to the reference."""
        started = perf_counter()
        estimates = cached_estimate(self, values, frame, cache)
        self.seconds += perf_counter() - started
        if not bool(torch.isfinite(estimates.sum())):  # inf and nan survive a sum
            raise CellError(
                f"{self.key.estimator} of {self.key.integrand}: needs finite estimates, found inf or nan. "
                f"{self.remedy}"
            )
        self.moments.update(bucket, estimates)
        if self.paired is not None:
            reference = cached_estimate(self.paired.reference, values, frame, cache)
            size = self.paired.reference.key.num_samples // self.key.num_samples
            self.paired.moments.update(bucket, block_means(estimates, size) - reference)


@dataclass
class Paired:
    """Differences of a channel's replicates, or of means of several, to the reference's on as many draws."""

    reference: Channel
    """Its K is the channel's own, or a multiple where it needs more."""
    moments: Moments


def cached_estimate(
    channel: Channel, values: Values, frame: Frame, cache: dict[ChannelKey, Tensor]
) -> Tensor:
    """The channel's estimates on this batch, computed at most once."""
    if channel.key not in cache:
        cache[channel.key] = channel.estimate(values, frame)
    return cache[channel.key]


Reference = tuple[str, str]
"""An objective, and whose gradient: ``phi`` or ``theta``."""


def reference_arms(
    arms: tuple[Arm, ...], references: Mapping[str, str], estimators: Mapping[str, Estimator]
) -> dict[Reference, Arm]:
    """The arm that the others are compared with: in φ as declared, in θ the first one."""
    found: dict[Reference, Arm] = {}
    for arm in arms:
        space = estimators[arm.estimator].parameters
        named = space == "theta" or arm.label == references.get(arm.objective)
        if named and not arm.constant:
            found.setdefault((arm.objective, space), arm)
    return found


def open_channels(
    arms: tuple[Arm, ...],
    references: Mapping[Reference, Arm],
    minimum: int,
    images: int,
    buckets: int,
    dimensions: Mapping[str, int],
    estimators: Mapping[str, Estimator],
) -> dict[ChannelKey, Channel]:
    """Channels for all arms; `dimensions` are those of a replicate in φ's and in θ's space.

    Arms at their declared K without a constant are compared with the
    reference on the same draws, replicate by replicate (see
    `reportgen.engine.pairing`). `estimators` has the arms' by name. Raises
    CellError where their moments cannot be held.
    """
    sizes = {ChannelKey.of(arm): dimensions[estimators[arm.estimator].parameters] for arm in arms}
    _require_room(images, buckets, list(sizes.values()))

    def empty(name: str, buckets: int) -> Moments:
        return Moments.empty(images, buckets, dimensions[estimators[name].parameters])

    channels: dict[ChannelKey, Channel] = {}
    for arm in arms:
        key = ChannelKey.of(arm)
        if key not in channels:
            channels[key] = Channel(key, estimators[arm.estimator], empty(arm.estimator, buckets))
    seen: set[tuple[str, str]] = set()
    for arm in arms:
        first = (arm.objective, arm.label) not in seen
        seen.add((arm.objective, arm.label))
        channel = channels[ChannelKey.of(arm)]
        if first or arm.constant:
            channel.minimum = max(channel.minimum, minimum)
        if not first or arm.constant:
            continue
        reference = references.get((arm.objective, channel.space))
        if reference is None or reference.label == arm.label or channel.paired is not None:
            continue
        kind = estimators[reference.estimator]
        samples = reference_samples(arm.num_samples, kind.min_samples, channel.key.several)
        if samples is None:
            continue
        counterpart = replace(
            channel.key,
            estimator=reference.estimator,
            num_samples=samples,
            constant=0.0,
            temperature=reference.temperature,
        )
        if kind.independent or counterpart == channel.key:
            counterpart = replace(counterpart, antithetic=False)
        partner = channels.get(counterpart) or Channel(counterpart, kind, empty(counterpart.estimator, 1))
        channel.paired = Paired(partner, empty(arm.estimator, buckets))
    return channels


def _require_room(images: int, buckets: int, sizes: Sequence[int]) -> None:
    """Raises CellError where second moments of replicates of these sizes surely exceed the memory."""
    needed, limit = 8 * images * buckets * sum(m * m for m in sizes), memory_limit()
    if limit is not None and needed > limit:
        raise CellError(
            f"second moments of {max(sizes)} numbers a data point at {images} data points need "
            f"{needed / 2**30:.1f} GiB for {len(sizes)} estimators, found {limit / 2**30:.1f} GiB of memory. "
            "Lower measure.images, or the number of latent units."
        )
