"""The meter of the layer-by-layer route, with the same stopping rule as the route through η."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from reportgen.engine.found import Found
from reportgen.engine.layered.channels import (
    LayeredChannel,
    kinds,
    open_channels,
    surrogate_of,
    with_partners,
)
from reportgen.engine.layered.noise import Noise
from reportgen.engine.layered.pilot import fit
from reportgen.engine.layered.recorder import Recorder, recorder_of
from reportgen.engine.progress import MeasureProgress
from reportgen.engine.references import Place
from reportgen.engine.replicates import Key
from reportgen.engine.stopping import rounds
from reportgen.estimators import ESTIMATORS, PILOT_SAMPLES
from reportgen.plan import Arm, MeasurementCell, buckets_for
from reportgen.problems.layered import LayeredModel

ROWS = 4096
"""Samples that pass through the networks at once, over all data points."""
TRIED = {"phi": "pathwise", "theta": "generative"}
"""The estimator with which a recorder is tried out, for gradients in φ and in θ."""


@dataclass(frozen=True)
class Measured(Found[LayeredChannel]):
    """What the meter found; `summarize_layers` turns it into the arrays of a record."""

    draw: Callable[[int, bool], Tensor] = field(repr=False)
    """Draws fresh noise, given the number of samples and whether they are antithetic."""
    draw_at: Callable[[LayeredModel], Callable[[int, bool], Tensor]] = field(repr=False)
    """The same for the model at other data points, from a separate stream."""


def recorders_of(model: LayeredModel, cell: MeasurementCell, arms: tuple[Arm, ...]) -> dict[str, Recorder]:
    """The recorders for gradients in φ and θ, as arms need them; each is tried at the K of its first arm."""
    networks: dict[str, nn.Module] = {"phi": model.encoder, "theta": model.decoder}
    draw = Noise(model, cell.seed, "layers trial", (str(cell.setting), cell.checkpoint))
    found: dict[str, Recorder] = {}
    for arm in sorted(arms, key=lambda arm: ESTIMATORS[arm.estimator].parameters):
        space = ESTIMATORS[arm.estimator].parameters
        if space not in found:
            part = {"phi": "encoder", "theta": "decoder"}[space]
            key = replace(Key.of(arm), estimator=TRIED[space])
            surrogate = surrogate_of(key, model, draw(2 * arm.num_samples), {})
            images = model.x.shape[0]
            found[space] = recorder_of(networks[space], part, surrogate, images, arm.num_samples)
    return found


def measure_layers(
    model: LayeredModel,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[Place, Arm],
    recorders: Mapping[str, Recorder],
    report: Callable[[MeasureProgress], None] | None,
) -> Measured:
    """Measure arms until each total variance has the declared precision, or the budget is spent."""
    buckets = buckets_for(model.x.shape[0])
    channels = open_channels(model, cell, arms, references, recorders, buckets)
    images, identity = model.x.shape[0], (str(cell.setting), cell.checkpoint)
    budget = int(float(cell.measure["budget"]))
    every = with_partners(channels.values())
    if any(channel.estimator.fit for channel in every):
        pilot = Noise(model, cell.seed, "layers pilot", identity)
        fit(every, model, pilot(PILOT_SAMPLES), max(ROWS // images, 1))
    longest = max(channel.num_samples for channel in every)
    samples = _even(max(min(max(ROWS // images, 2), budget // buckets), _even(longest)))
    noise = Noise(model, cell.seed, "layers", identity)
    drawn = rounds(
        channels.values(),
        lambda active: {kind: noise(samples, kind) for kind in kinds(active)},
        lambda channel, bucket, batch: channel.observe(bucket, model, batch),
        lambda channel: channel.relative_half_width(),
        samples=samples,
        buckets=buckets,
        precision=float(cell.measure["precision"]),
        budget=budget,
        report=report,
    )
    return Measured(
        arms,
        channels,
        references,
        drawn,
        Noise(model, cell.seed, "layers direction", identity),
        lambda other: Noise(other, cell.seed, "layers weight", identity),
    )


def _even(samples: int) -> int:
    """`samples`, rounded up to an even number."""
    return samples + samples % 2
