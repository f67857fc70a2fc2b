"""The meter: draw, estimate, accumulate, until the declared precision is met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import torch
from numpy.random import Generator

from reportgen.errors import CellError
from reportgen.families import MeanFieldGaussian
from reportgen.measure.channels import Channel, ChannelKey, open_channels
from reportgen.measure.draws import EVALUATION_ROWS, Batch, Frame, integrand_values
from reportgen.measure.moments import LeftOut
from reportgen.measure.precision import relative_half_width
from reportgen.measure.pushforward import Pushforward
from reportgen.measure.summary import summarize
from reportgen.objectives import OBJECTIVES
from reportgen.plan import MeasurementCell
from reportgen.problems.problem import Problem
from reportgen.store.records import ArmRecord, MeasurementRecord
from reportgen.streams import stream

BATCH_ROWS = 4096
"""Samples evaluated at once, over all images: small enough for the caches, large enough for the products.
At least 2m an image, so that adding up an m × m scatter costs less than forming it."""
PILOT_SAMPLES = 4096
"""Samples an image from which baselines are fitted; a stream of their own. A fitted baseline b̂
adds (b̂ − b*)² E‖∇ log q‖² to the variance, which falls with this number."""


@dataclass(frozen=True)
class MeasureProgress:
    """How far a measurement is."""

    done: float
    """Estimated fraction of the work, 0 … 1."""
    precision: float
    """Largest relative half-width among the arms' total variances."""
    replicates: int
    """Draws an image so far."""


@dataclass
class Cost:
    """Seconds a sample of the parts that estimators share."""

    forward: float
    forward_and_backward: float


def measure(
    problem: Problem,
    cell: MeasurementCell,
    *,
    dataset: str,
    images: tuple[int, ...],
    report: Callable[[MeasureProgress], None] | None = None,
    environment: dict[str, Any] | None = None,
) -> MeasurementRecord:
    """Measure every arm of a cell at the problem's images.

    Runs rounds of batches until each arm's total variance (over all of φ) has
    the declared relative precision, or the budget of draws an image ends.
    Numbers depend on the cell alone: noise is a Philox stream keyed by the
    cell's seed, setting and checkpoint, consumed in order.
    """
    started = perf_counter()
    pushforward = Pushforward.of(problem.encoder, problem.x)
    with torch.no_grad():
        eta = problem.encoder(problem.x)
    q = MeanFieldGaussian.from_eta(eta)
    count, dimension = eta.shape
    settings = cell.measure
    buckets = min(max(256 // count, 8), 32)
    channels, references = open_channels(
        cell.arms, cell.references, int(settings["min_replicates"]), count, buckets, dimension
    )
    names = {key.integrand for key in channels}
    integrands = [o.integrand for o in OBJECTIVES.values() if o.integrand.name in names]
    integrands = list({i.name: i for i in integrands}.values())
    with_gradient = any(channel.estimator.needs_gradient for channel in channels.values())
    expands = any(c.estimator.extra_forward or c.estimator.extra_backward for c in channels.values())
    identity = (str(cell.setting), cell.checkpoint)

    def draw(generator: Generator, samples: int, gradient: bool) -> Batch:
        shape = (count, samples, dimension // 2)
        wide = eta.dtype == torch.float64
        noise = generator.standard_normal(shape, dtype="float64" if wide else "float32")
        return Batch(problem, q, torch.from_numpy(noise), gradient)

    centre = (
        Batch(problem, q, torch.zeros(count, 1, dimension // 2, dtype=eta.dtype), True) if expands else None
    )
    frame = Frame(q, pushforward.grams[0].to(eta.dtype), centre)
    if any(channel.estimator.fit for channel in channels.values()):
        pilot = draw(stream(cell.seed, "pilot", *identity), PILOT_SAMPLES, False)
        values = integrand_values(pilot, integrands)
        for channel in channels.values():
            channel.fit(values[channel.key.integrand], frame)

    longest = max(key.num_samples for key in channels)
    precision, budget = float(settings["precision"]), int(float(settings["budget"]))
    samples = max(min(max(BATCH_ROWS // count, 2 * dimension), budget // buckets), longest)
    noise = stream(cell.seed, "measure", *identity)
    drawn, done = 0, 0.0
    while True:
        active = [channel for channel in channels.values() if not channel.retired]
        needs_gradient = any(_wants_gradient(channel) for channel in active)
        for bucket in range(buckets):
            values = integrand_values(draw(noise, samples, needs_gradient), integrands)
            cache: dict[ChannelKey, torch.Tensor] = {}
            for channel in active:
                _observe(channel, bucket, values, frame, cache)
        drawn += samples * buckets
        worst = _judge(active, pushforward, precision)
        finished = all(channel.retired for channel in active) or drawn + samples * buckets > budget
        if report is not None:
            done = 1.0 if finished else max(done, _fraction_done(channels, precision, drawn, budget))
            report(MeasureProgress(done, worst, drawn))
        if finished:
            break

    few = max(min(samples, EVALUATION_ROWS // count), 1)
    cost = _time(draw, few, count, with_gradient, stream(cell.seed, "timing", *identity))
    arms = tuple(
        _arm_record(arm, channels[ChannelKey.of(arm)], cost, count, references, precision)
        for arm in cell.arms
    )
    fresh, few = stream(cell.seed, "direction", *identity), max(BATCH_ROWS // (count * buckets), longest)
    rounds = (integrand_values(draw(fresh, few, with_gradient), integrands) for _ in range(buckets))
    arrays = summarize(cell.arms, channels, references, pushforward, q, rounds, frame)
    return MeasurementRecord(
        key=cell.key,
        training_key=cell.training_key,
        setting=dict(cell.setting),
        base=cell.base,
        checkpoint=cell.checkpoint,
        dataset=dataset,
        groups=pushforward.groups,
        arms=arms,
        images=images,
        latent=dimension // 2,
        eta=dimension,
        parameters=pushforward.parameters,
        draws_per_image=drawn,
        seconds=perf_counter() - started,
        environment=environment or {},
        arrays=arrays,
    )


def _wants_gradient(channel: Channel) -> bool:
    paired = channel.paired is not None and channel.paired.reference.estimator.needs_gradient
    return channel.estimator.needs_gradient or paired


def _observe(
    channel: Channel, bucket: int, values: dict[str, Any], frame: Frame, cache: dict[ChannelKey, torch.Tensor]
) -> None:
    try:
        channel.observe(bucket, values[channel.key.integrand], frame, cache)
    except CellError as error:
        channel.cause = str(error)
        channel.retired = True


def _judge(active: list[Channel], pushforward: Pushforward, precision: float) -> float:
    """Update half-widths, retire what is precise enough; the worst half-width.

    A negative control is measured for its mean; no precision is asked of its
    variance, which can be as heavy-tailed as a density to the fourth power.
    """
    worst = 0.0
    gram = pushforward.grams[:1]
    for channel in active:
        if channel.cause is not None:
            continue
        trace = LeftOut.of(channel.moments).trace(gram)[..., 0]
        channel.half_width = relative_half_width(trace[:, 0], trace[:, 1:])
        if channel.estimator.unbiased:
            worst = max(worst, channel.half_width)
        precise = channel.half_width <= precision or not channel.estimator.unbiased
        if precise and channel.moments.total >= channel.minimum:
            channel.retired = True
    return worst


def _fraction_done(channels: dict[ChannelKey, Channel], precision: float, drawn: int, budget: int) -> float:
    needed = drawn
    for channel in channels.values():
        if not channel.retired:
            wanted = (channel.half_width / precision) ** 2 if channel.estimator.unbiased else 1.0
            by_precision = drawn * max(1.0, wanted)
            by_minimum = channel.minimum * channel.key.num_samples
            needed = max(needed, int(min(max(by_precision, by_minimum), budget)))
    return drawn / needed


def _time(
    draw: Callable[[Generator, int, bool], Batch],
    samples: int,
    images: int,
    with_gradient: bool,
    noise: Generator,
) -> Cost:
    def once(gradient: bool) -> float:
        started = perf_counter()
        draw(noise, samples, gradient)
        return (perf_counter() - started) / (samples * images)

    forward = median(once(False) for _ in range(5))
    both = median(once(True) for _ in range(5)) if with_gradient else float("nan")
    return Cost(forward, both)


def _arm_record(
    arm: Any, channel: Channel, cost: Cost, images: int, references: dict[str, Any], precision: float
) -> ArmRecord:
    estimator = channel.estimator
    shared = cost.forward_and_backward if estimator.needs_gradient else cost.forward
    replicates = channel.moments.total
    own = channel.seconds / max(replicates * images, 1)
    reference = references.get(arm.objective)
    status = "met" if channel.half_width <= precision else "budget"
    if channel.cause:
        status = "broken"
    elif status == "budget" and not estimator.unbiased:
        status = "control"
    return ArmRecord(
        objective=arm.objective,
        estimator=arm.estimator,
        label=arm.label,
        num_samples=arm.num_samples,
        constant=arm.constant,
        status=status,
        cause=channel.cause,
        replicates=replicates,
        relative_half_width=channel.half_width,
        forward=float(estimator.forward_passes(arm.num_samples)),
        backward=float(estimator.backward_passes(arm.num_samples)),
        seconds_per_replicate=arm.num_samples * shared + own,
        reference=reference is arm,
    )
