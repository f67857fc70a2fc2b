"""What is accumulated layer by layer: a channel for every objective, estimator, K and kind of noise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor

from reportgen.engine.finite import not_finite
from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.moments import LayerMoments
from reportgen.engine.layered.recorder import Recorder
from reportgen.engine.layered.sketch import SKETCH, Sketch
from reportgen.engine.layered.surrogates import SURROGATES, Sampled
from reportgen.engine.moments import Moments
from reportgen.engine.pairing import block_means, counterpart
from reportgen.engine.precision import relative_half_width
from reportgen.engine.references import Reference, own_arms
from reportgen.engine.replicates import Paired, Replicates
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.layered import LayeredModel

MEMORY = 4 * 2**30
"""Bytes that the means of all arms may take."""


@dataclass(frozen=True)
class Key:
    """What makes two arms share their replicates."""

    several: bool
    reconstruction: bool
    estimator: str
    num_samples: int
    antithetic: bool

    @classmethod
    def of(cls, arm: Arm) -> Key:
        objective = OBJECTIVES[arm.objective]
        likelihood = objective.integrand.name == "likelihood"
        return cls(objective.several, likelihood, arm.estimator, arm.num_samples, arm.antithetic)

    def surrogate(self, model: LayeredModel, noise: Tensor) -> Callable[[], Tensor]:
        """One scalar a replicate, [I R], from noise [I R·K n]."""

        def value() -> Tensor:
            draws = Sampled(model, noise, self.num_samples, self.several, self.reconstruction)
            return SURROGATES[self.estimator](draws)

        return value


@dataclass
class LayeredChannel(Replicates[Key, LayerMoments]):
    """Replicates of one estimator, as moments of every coordinate; differences are those of sketches."""

    recorder: Recorder
    sketch: Sketch
    paired: Paired[LayeredChannel] | None = field(default=None, kw_only=True)

    def used(self, noise: Mapping[bool, Tensor]) -> Tensor:
        """As much of its kind of noise as makes whole replicates, [I R·K n]."""
        own, num_samples = noise[self.key.antithetic], self.key.num_samples
        return own[:, : own.shape[1] // num_samples * num_samples]

    def sketches(self, model: LayeredModel, noise: Mapping[bool, Tensor]) -> Tensor:
        """Of every replicate, [I R q]."""
        parts = self.parts(self.used(noise))
        return torch.cat([self.sketch(self.gradients(model, part)) for part in parts], 1)

    def gradients(self, model: LayeredModel, noise: Tensor) -> Mapping[str, LayerGradient]:
        """Of every layer, from noise [I R·K n]."""
        surrogate = self.key.surrogate(model, noise)
        return self.recorder.gradients(surrogate, noise.shape[0], self.key.num_samples)

    def observe(self, bucket: int, model: LayeredModel, noise: Mapping[bool, Tensor]) -> None:
        """Take in a batch: moments of the estimate, and of its difference to the reference."""
        sketches: list[Tensor] = []
        for part in self.parts(self.used(noise)):
            started = perf_counter()
            gradients = self.gradients(model, part)
            self.moments.update(bucket, gradients, part.shape[1] // self.num_samples)
            self.seconds += perf_counter() - started
            if not bool(torch.isfinite(self.moments.squared_norms[:, bucket].sum())):
                raise not_finite(self.key.estimator)
            if self.paired is not None:
                sketches.append(self.sketch(gradients))
        if self.paired is not None:
            partner, own = self.paired.reference, torch.cat(sketches, 1)
            other = own if partner is self else partner.sketches(model, noise)
            size = partner.num_samples // self.num_samples
            self.paired.moments.update(bucket, block_means(own, size) - other)

    def relative_half_width(self) -> float:
        """Of the total variance."""
        trace = self.moments.trace(self.moments.squared_means())[..., 0]
        return relative_half_width(trace[:, 0], trace[:, 1:])

    def parts(self, noise: Tensor) -> tuple[Tensor, ...]:
        """Noise [I R·K n] of whole replicates, as many at once as their gradients fit into memory."""
        num_samples = self.key.num_samples
        replicates = self.recorder.at_once(noise.shape[0], num_samples) or noise.shape[1] // num_samples
        return torch.split(noise, replicates * num_samples, dim=1)


def open_channels(
    model: LayeredModel,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[Reference, Arm],
    recorders: Mapping[str, Recorder],
    buckets: int,
) -> dict[Key, LayeredChannel]:
    """Channels for all arms, each compared with its reference on the same noise.

    Raises CellError where their means cannot be held.
    """
    images = model.x.shape[0]
    sketches = {name: _sketch(recorder, cell.seed, name) for name, recorder in recorders.items()}
    sizes = {name: sum(recorder.sizes.values()) for name, recorder in recorders.items()}
    needed = 8 * images * buckets * sum(sizes[ESTIMATORS[arm.estimator].parameters] for arm in arms)
    if needed > MEMORY:
        raise CellError(
            f"layer by layer: the means of {len(arms)} arms need {needed / 2**30:.1f} GiB, at most "
            f"{MEMORY / 2**30:.0f} GiB are allowed. "
            "Measure fewer data points, or fewer values of num_samples."
        )
    channels: dict[Key, LayeredChannel] = {}

    def channel_of(key: Key) -> LayeredChannel:
        space = ESTIMATORS[key.estimator].parameters
        recorder = recorders[space]
        moments = LayerMoments.empty(images, buckets, recorder.sizes)
        return LayeredChannel(key, ESTIMATORS[key.estimator], moments, recorder, sketches[space])

    for key in dict.fromkeys(map(Key.of, arms)):
        channels[key] = channel_of(key)
    for arm in (arms[a] for a in own_arms(arms)):
        channel = channels[Key.of(arm)]
        channel.minimum = max(channel.minimum, int(cell.measure["min_replicates"]))
        reference = references.get((arm.objective, channel.space))
        if reference is None or reference.label == arm.label or channel.paired is not None:
            continue
        beside = counterpart(channel.key, reference, ESTIMATORS[reference.estimator])
        if beside is not None:
            partner = channels.get(beside) or channel_of(beside)
            channel.paired = Paired(partner, Moments.empty(images, buckets, SKETCH))
    return channels


def kinds(channels: Collection[LayeredChannel]) -> set[bool]:
    """Whether noise is antithetic: of these channels, and of those they are compared with."""
    partners = {c.paired.reference.key.antithetic for c in channels if c.paired is not None}
    return {c.key.antithetic for c in channels} | partners


def _sketch(recorder: Recorder, seed: int, name: str) -> Sketch:
    dtype = next(p.dtype for found in recorder.parameters.values() for p in found)
    return Sketch.of(recorder.shapes, dtype, seed, name)
