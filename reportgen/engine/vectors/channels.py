"""Channels, which accumulate moments of estimates in η: one for every distinct `Key`.

Several arms may share a channel: the ELBO with the KL in closed form has the
covariance of the reconstruction term, and a mean shifted by − ∇KL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor

from reportgen.engine.finite import MODEL_REMEDY, not_finite
from reportgen.engine.moments import LeftOut, Moments
from reportgen.engine.pairing import block_means, pair
from reportgen.engine.precision import relative_half_width
from reportgen.engine.references import Place, own_arms
from reportgen.engine.replicates import Key, Paired, Replicates
from reportgen.engine.vectors import returned
from reportgen.engine.vectors.draws import Frame, IntegrandDraws, IntegrandValues
from reportgen.engine.vectors.passes import require_declared
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS, Coefficients, Estimator
from reportgen.memory import memory_limit
from reportgen.plan import Arm

Values = Mapping[tuple[str, bool], IntegrandValues]
"""The values of one set of draws, by integrand and by whether the noise is antithetic."""


@dataclass
class Channel(Replicates[Moments]):
    """Replicates of one estimator of one integrand, as moments in η."""

    coefficients: Coefficients = field(default_factory=dict)
    paired: Paired[Channel] | None = field(default=None, kw_only=True)

    @property
    def temperature(self) -> float | None:
        return self.estimator.temperature if self.key.temperature is None else self.key.temperature

    def relative_half_width(self, gram: Tensor) -> float:
        """Relative half-width of the total variance's interval; `gram` is J Jᵀ, [I m m]."""
        trace = LeftOut.of(self.moments).trace(gram.unsqueeze(0))[..., 0]
        return relative_half_width(trace[:, 0], trace[:, 1:])

    def draws(self, values: Values, frame: Frame) -> IntegrandDraws:
        """A set of draws as the estimator sees it."""
        key = self.key
        own = values[key.integrand, key.antithetic]
        further = self.estimator.auxiliary
        return IntegrandDraws(
            own, frame, key.num_samples, key.constant, key.several, further, self.temperature, self.own
        )

    def estimate(self, values: Values, frame: Frame) -> Tensor:
        """One estimate per replicate, [I R m]."""
        evaluate = self.estimator.bound if self.key.several else self.estimator.evaluate
        assert evaluate is not None
        draws = self.draws(values, frame)
        images, _, m = self.moments.mean.shape
        wanted = (images, draws.replicates, m)
        found = returned.estimates(self.key.estimator, evaluate(draws, self.coefficients), wanted)
        if self.own and not self.moments.total:
            require_declared(
                self.key.estimator, self.estimator, draws.passes, self.key.num_samples, frame.q.latent
            )
            again = returned.estimates(self.key.estimator, evaluate(draws, self.coefficients), wanted)
            returned.require_repeat(self.key.estimator, found, again)
        return found

    @property
    def own(self) -> bool:
        """Whether the estimator is a user's own, which may write into its inputs, or draw noise."""
        return ESTIMATORS.get(self.estimator.name) is not self.estimator

    @property
    def remedy(self) -> str:
        """What to do about estimates that are inf or nan; for a user's own estimator, where to look."""
        if self.key.constant:
            return "Add a smaller constant."
        if self.key.estimator not in ESTIMATORS:
            file, _, name = self.key.estimator.partition(":")
            return f"Mend {name} in {file}." if name else "Mend it."
        return MODEL_REMEDY

    def fit(self, values: Values, frame: Frame) -> None:
        """Fit the estimator's coefficients on pilot samples."""
        if self.estimator.fit is not None:
            found = self.estimator.fit(self.draws(values, frame))
            self.coefficients = returned.coefficients(self.key.estimator, found)

    def observe(self, bucket: int, values: Values, cache: dict[Key, Tensor], frame: Frame) -> None:
        """Add a batch to the moments of the estimates, and to those of their differences to the reference."""
        started = perf_counter()
        estimates = cached_estimate(self, values, frame, cache)
        self.seconds += perf_counter() - started
        self.moments.update(bucket, estimates)
        if not self.moments.finite(bucket):
            squared = ", squared" if bool(torch.isfinite(estimates).all()) else ""
            raise not_finite(f"{self.key.estimator} of {self.key.integrand}{squared}", self.remedy)
        if self.paired is not None:
            reference = cached_estimate(self.paired.reference, values, frame, cache)
            size = self.paired.reference.key.num_samples // self.key.num_samples
            self.paired.moments.update(bucket, block_means(estimates, size) - reference)


def cached_estimate(channel: Channel, values: Values, frame: Frame, cache: dict[Key, Tensor]) -> Tensor:
    """The channel's estimates on this batch, computed at most once."""
    if channel.key not in cache:
        cache[channel.key] = channel.estimate(values, frame)
    return cache[channel.key]


def open_channels(
    arms: tuple[Arm, ...],
    references: Mapping[Place, Arm],
    minimum: int,
    images: int,
    buckets: int,
    dimensions: Mapping[str, int],
    estimators: Mapping[str, Estimator],
) -> dict[Key, Channel]:
    """Channels for all arms; `dimensions` gives the length of a replicate in φ's and in θ's space.

    Arms at their declared K and without a constant are compared with the
    reference on the same draws (see `reportgen.engine.pairing`). `estimators`
    maps names to estimators. Raises CellError if the moments exceed the memory.
    """
    sizes = {Key.of(arm): dimensions[estimators[arm.estimator].parameters] for arm in arms}
    _require_room(images, buckets, list(sizes.values()))

    def empty(name: str, buckets: int) -> Moments:
        return Moments.empty(images, buckets, dimensions[estimators[name].parameters])

    channels: dict[Key, Channel] = {}
    for arm in arms:
        key = Key.of(arm)
        if key not in channels:
            channels[key] = Channel(key, estimators[arm.estimator], empty(arm.estimator, buckets))
    own = own_arms(arms)
    for a, arm in enumerate(arms):
        if a in own or arm.constant:
            channel = channels[Key.of(arm)]
            channel.minimum = max(channel.minimum, minimum)
    pair(
        channels,
        arms,
        references,
        estimators,
        lambda beside: Channel(beside, estimators[beside.estimator], empty(beside.estimator, 1)),
        lambda channel: empty(channel.key.estimator, buckets),
    )
    return channels


def _require_room(images: int, buckets: int, sizes: Sequence[int]) -> None:
    """Raise CellError if second moments of replicates of these sizes certainly exceed the memory."""
    needed, limit = 8 * images * buckets * sum(m * m for m in sizes), memory_limit()
    if limit is not None and needed > limit:
        raise CellError(
            f"second moments of {max(sizes)} numbers a data point at {images} data points need "
            f"{needed / 2**30:.1f} GiB for {len(sizes)} estimators, found {limit / 2**30:.1f} GiB of memory. "
            "Lower measure.images, or the number of latent units."
        )
