"""Channels of the layer-by-layer route: one for every distinct `Key`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor

from reportgen.engine.layered.channel import CoordinateChannel
from reportgen.engine.layered.gradients import LayerGradient
from reportgen.engine.layered.moments import LayerMoments
from reportgen.engine.layered.recorder import Recorder
from reportgen.engine.layered.sketch import SKETCH, Sketch
from reportgen.engine.layered.surrogates import SURROGATES, Sampled
from reportgen.engine.moments import Moments
from reportgen.engine.pairing import pair
from reportgen.engine.references import Place, own_arms
from reportgen.engine.replicates import Key
from reportgen.errors import CellError
from reportgen.estimators import ESTIMATORS, Coefficients
from reportgen.memory import MEANS
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.layered import LayeredModel


@dataclass
class LayeredChannel(CoordinateChannel[LayeredModel]):
    """Replicates whose gradients a recorder observes in a model's layers."""

    recorder: Recorder
    coefficients: Coefficients = field(default_factory=dict, kw_only=True)
    """The estimator's fitted coefficients, one row per data point."""

    def at_point(self, point: int) -> LayeredChannel:
        """The channel for the model at one data point only."""
        own = {name: value[point : point + 1] for name, value in self.coefficients.items()}
        return replace(self, coefficients=own)

    def gradients(self, model: LayeredModel, noise: Tensor) -> Mapping[str, LayerGradient]:
        surrogate = surrogate_of(self.key, model, noise, self.coefficients)
        return self.recorder.gradients(surrogate, noise.shape[0], self.key.num_samples)

    def at_once(self, images: int) -> int | None:
        return self.recorder.at_once(images, self.key.num_samples)


def surrogate_of(
    key: Key, model: LayeredModel, noise: Tensor, coefficients: Coefficients
) -> Callable[[], Tensor]:
    """A function that computes one scalar per replicate, [I R], from noise [I R·K n]."""

    def value() -> Tensor:
        reconstruction = key.integrand == "likelihood"
        draws = Sampled(model, noise, key.num_samples, key.several, reconstruction, coefficients)
        return SURROGATES[key.estimator](draws)

    return value


def open_channels(
    model: LayeredModel,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[Place, Arm],
    recorders: Mapping[str, Recorder],
    buckets: int,
) -> dict[Key, LayeredChannel]:
    """Channels for all arms, each compared with its reference on the same noise.

    Raises CellError if their means exceed the memory allowed.
    """
    images = model.x.shape[0]
    sketches = {name: _sketch(recorder, cell.seed, name) for name, recorder in recorders.items()}
    sizes = {name: sum(recorder.sizes.values()) for name, recorder in recorders.items()}
    needed = 8 * images * buckets * sum(sizes[ESTIMATORS[arm.estimator].parameters] for arm in arms)
    if needed > MEANS:
        raise CellError(
            f"layer by layer: the means of {len(arms)} arms need {needed / 2**30:.1f} GiB, at most "
            f"{MEANS / 2**30:.0f} GiB are allowed. "
            "Measure fewer data points, or fewer values of num_samples."
        )
    channels: dict[Key, LayeredChannel] = {}

    def channel_of(key: Key) -> LayeredChannel:
        space = ESTIMATORS[key.estimator].parameters
        recorder = recorders[space]
        moments = LayerMoments.empty(images, buckets, recorder.sizes)
        return LayeredChannel(key, ESTIMATORS[key.estimator], moments, sketches[space], recorder)

    for key in dict.fromkeys(map(Key.of, arms)):
        channels[key] = channel_of(key)
    for arm in (arms[a] for a in own_arms(arms)):
        channel = channels[Key.of(arm)]
        channel.minimum = max(channel.minimum, int(cell.measure["min_replicates"]))
    pair(
        channels,
        arms,
        references,
        ESTIMATORS,
        channel_of,
        lambda _: Moments.empty(images, buckets, SKETCH),
    )
    for channel in channels.values():
        if channel.paired is not None:
            channel.paired.reference.compared = True
    return channels


def with_partners(channels: Collection[LayeredChannel]) -> list[LayeredChannel]:
    """These channels, and those with which they are compared."""
    partners = [channel.paired.reference for channel in channels if channel.paired is not None]
    return list({id(channel): channel for channel in (*channels, *partners)}.values())


def kinds(channels: Collection[LayeredChannel]) -> set[bool]:
    """Kinds of noise (whether antithetic) that these channels, and those they are compared with, need."""
    return {channel.key.antithetic for channel in with_partners(channels)}


def _sketch(recorder: Recorder, seed: int, name: str) -> Sketch:
    dtype = next(p.dtype for found in recorder.parameters.values() for p in found)
    return Sketch.of(recorder.shapes, dtype, seed, name)
