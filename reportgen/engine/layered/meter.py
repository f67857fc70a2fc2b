"""The meter of the layer-by-layer route: the same stopping rule, the same record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter

import torch
from torch import Tensor, nn

from reportgen.engine.channels import MODEL_REMEDY
from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.moments import LayerMoments
from reportgen.engine.layered.recorder import Recorder, recorder_of
from reportgen.engine.layered.sketch import SKETCH, Sketch
from reportgen.engine.layered.surrogates import SURROGATES, Sampled
from reportgen.engine.moments import Moments
from reportgen.engine.pairing import block_means, reference_samples
from reportgen.engine.precision import relative_half_width
from reportgen.engine.progress import MeasureProgress
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS, Estimator
from reportgen.objectives import OBJECTIVES
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.layered import LayeredModel
from reportgen.streams import stream

ROWS = 4096
"""Samples that pass through the networks at once, over all data points."""
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
class LayeredChannel:
    """Replicates of one estimator, as moments of every coordinate."""

    key: Key
    moments: LayerMoments
    recorder: Recorder
    sketch: Sketch
    paired: Paired | None = None
    minimum: int = 2
    retired: bool = False
    half_width: float = float("inf")
    seconds: float = 0.0
    cause: str | None = None

    @property
    def estimator(self) -> Estimator:
        return ESTIMATORS[self.key.estimator]

    @property
    def space(self) -> str:
        """``phi`` or ``theta``."""
        return self.estimator.parameters

    @property
    def unbiased(self) -> bool:
        """Whether its mean is the objective's gradient, by construction."""
        return self.estimator.bound_unbiased if self.key.several else self.estimator.unbiased

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

    def parts(self, noise: Tensor) -> tuple[Tensor, ...]:
        """Noise [I R·K n] of whole replicates, as many at once as their gradients fit into memory."""
        num_samples = self.key.num_samples
        replicates = self.recorder.at_once(noise.shape[0], num_samples) or noise.shape[1] // num_samples
        return torch.split(noise, replicates * num_samples, dim=1)


@dataclass
class Paired:
    """Differences of a channel's replicates, or of means of several, to the reference's, as sketches."""

    reference: LayeredChannel
    """Its K is the channel's own, or a multiple where it needs more."""
    moments: Moments


@dataclass(frozen=True)
class Measured:
    """What the route found; `summarize_layers` turns it into the arrays of a record."""

    channels: Mapping[Key, LayeredChannel]
    references: Mapping[tuple[str, str], Arm]
    drawn: int
    draw: Callable[[int, bool], Tensor] = field(repr=False)
    """Fresh noise: samples, and whether in antithetic pairs."""
    draw_at: Callable[[LayeredModel], Callable[[int, bool], Tensor]] = field(repr=False)
    """The same for the model at some other data points, from a stream of its own."""


def recorders_of(model: LayeredModel, cell: MeasurementCell, arms: tuple[Arm, ...]) -> dict[str, Recorder]:
    """How φ's and θ's gradients are seen, as far as arms need them; tried on the first arm of each."""
    networks: dict[str, nn.Module] = {"phi": model.encoder, "theta": model.decoder}
    draw = _Noise(model, cell.seed, "layers trial", (str(cell.setting), cell.checkpoint))
    found: dict[str, Recorder] = {}
    for arm in sorted(arms, key=lambda arm: ESTIMATORS[arm.estimator].parameters):
        space, key = ESTIMATORS[arm.estimator].parameters, Key.of(arm)
        if space not in found:
            part = {"phi": "encoder", "theta": "decoder"}[space]
            surrogate = key.surrogate(model, draw(2 * arm.num_samples))
            images = model.x.shape[0]
            found[space] = recorder_of(networks[space], part, surrogate, images, arm.num_samples)
    return found


def measure_layers(
    model: LayeredModel,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[tuple[str, str], Arm],
    recorders: Mapping[str, Recorder],
    buckets: int,
    report: Callable[[MeasureProgress], None] | None,
) -> Measured:
    """Measure arms until each total variance has the declared precision, or the budget ends."""
    channels = _open(model, cell, arms, references, recorders, buckets)
    images, identity = model.x.shape[0], (str(cell.setting), cell.checkpoint)
    precision, budget = float(cell.measure["precision"]), int(float(cell.measure["budget"]))
    partners = [channel.paired.reference for channel in channels.values() if channel.paired is not None]
    longest = max(channel.key.num_samples for channel in (*channels.values(), *partners))
    longest += longest % 2
    samples = max(min(max(ROWS // images, 2), budget // buckets), longest)
    samples += samples % 2
    draw = _Noise(model, cell.seed, "layers", identity)
    drawn, done = 0, 0.0
    while True:
        active = [channel for channel in channels.values() if not channel.retired]
        for bucket in range(buckets):
            noise = {kind: draw(samples, kind) for kind in _kinds(active)}
            for channel in active:
                _observe(channel, bucket, model, noise)
        drawn += samples * buckets
        worst = 0.0
        for channel in active:
            if channel.cause is None:
                trace = channel.moments.trace(channel.moments.squared_means())[..., 0]
                channel.half_width = relative_half_width(trace[:, 0], trace[:, 1:])
                worst = max(worst, channel.half_width)
                enough = channel.moments.total >= channel.minimum
                channel.retired = enough and channel.half_width <= precision
        finished = all(channel.retired for channel in active) or drawn + samples * buckets > budget
        if report is not None:
            wanted = max(1.0, (worst / precision) ** 2)
            done = 1.0 if finished else max(done, drawn / min(max(drawn * wanted, drawn + 1), budget))
            report(MeasureProgress(done, worst, drawn))
        if finished:
            break
    fresh = _Noise(model, cell.seed, "layers direction", identity)
    return Measured(
        channels,
        references,
        drawn,
        fresh,
        lambda other: _Noise(other, cell.seed, "layers weight", identity),
    )


class _Noise:
    """Noise of one purpose; mirrored pairs have a stream of their own."""

    def __init__(self, model: LayeredModel, seed: int, purpose: str, identity: tuple[str, int]) -> None:
        self.model = model
        self.plain = stream(seed, purpose, *identity)
        self.mirrored = stream(seed, purpose, "mirrored", *identity)

    def __call__(self, samples: int, mirrored: bool = False) -> Tensor:
        generator = self.mirrored if mirrored else self.plain
        count = samples // 2 if mirrored else samples
        shape = (self.model.x.shape[0], count, self.model.noise)
        wide = self.model.x.dtype == torch.float64
        noise = torch.from_numpy(generator.standard_normal(shape, dtype="float64" if wide else "float32"))
        return torch.stack([noise, -noise], 2).flatten(1, 2) if mirrored else noise


def _open(
    model: LayeredModel,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[tuple[str, str], Arm],
    recorders: Mapping[str, Recorder],
    buckets: int,
) -> dict[Key, LayeredChannel]:
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
        return LayeredChannel(key, moments, recorder, sketches[space])

    for arm in arms:
        channels.setdefault(Key.of(arm), channel_of(Key.of(arm)))
    seen: set[tuple[str, str]] = set()
    for arm in arms:
        first = (arm.objective, arm.label) not in seen
        seen.add((arm.objective, arm.label))
        channel = channels[Key.of(arm)]
        if not first:
            continue
        channel.minimum = max(channel.minimum, int(cell.measure["min_replicates"]))
        reference = references.get((arm.objective, channel.space))
        if reference is None or reference.label == arm.label or channel.paired is not None:
            continue
        kind = ESTIMATORS[reference.estimator]
        samples = reference_samples(arm.num_samples, kind.min_samples, channel.key.several)
        if samples is None:
            continue
        counterpart = replace(channel.key, estimator=reference.estimator, num_samples=samples)
        if kind.independent or counterpart == channel.key:
            counterpart = replace(counterpart, antithetic=False)
        partner = channels.get(counterpart) or channel_of(counterpart)
        channel.paired = Paired(partner, Moments.empty(images, buckets, SKETCH))
    return channels


def _kinds(channels: Collection[LayeredChannel]) -> set[bool]:
    """Whether noise is antithetic: of these channels, and of those they are compared with."""
    partners = {c.paired.reference.key.antithetic for c in channels if c.paired is not None}
    return {c.key.antithetic for c in channels} | partners


def _observe(channel: LayeredChannel, bucket: int, model: LayeredModel, noise: Mapping[bool, Tensor]) -> None:
    key = channel.key
    sketches: list[Tensor] = []
    for part in channel.parts(channel.used(noise)):
        started = perf_counter()
        gradients = channel.gradients(model, part)
        channel.moments.update(bucket, gradients, part.shape[1] // key.num_samples)
        channel.seconds += perf_counter() - started
        if not bool(torch.isfinite(channel.moments.squared_norms[:, bucket].sum())):
            channel.cause = f"{key.estimator}: needs finite estimates, found inf or nan. {MODEL_REMEDY}"
            channel.retired = True
            return
        if channel.paired is not None:
            sketches.append(channel.sketch(gradients))
    if channel.paired is not None:
        partner, own = channel.paired.reference, torch.cat(sketches, 1)
        other = own if partner is channel else partner.sketches(model, noise)
        size = partner.key.num_samples // key.num_samples
        channel.paired.moments.update(bucket, block_means(own, size) - other)


def _sketch(recorder: Recorder, seed: int, name: str) -> Sketch:
    dtype = next(p.dtype for found in recorder.parameters.values() for p in found)
    return Sketch.of(recorder.shapes, dtype, seed, name)
