"""The meter: draw, estimate, accumulate, until the declared precision is met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from time import perf_counter

import torch

from reportgen.engine.channels import Channel, ChannelKey, Reference, Values, open_channels
from reportgen.engine.draws import Frame
from reportgen.engine.exact import Exact, exact_moments
from reportgen.engine.moments import LeftOut
from reportgen.engine.part import Part
from reportgen.engine.points import EVALUATION_ROWS, PointsAt
from reportgen.engine.precision import relative_half_width
from reportgen.engine.progress import MeasureProgress
from reportgen.engine.source import Source, Wanted
from reportgen.engine.space import Space
from reportgen.engine.summary import exact_parts, summarize
from reportgen.engine.weights import first_layer, weight_arrays
from reportgen.errors import CellError
from reportgen.estimators import Estimator
from reportgen.objectives import OBJECTIVES, Integrand
from reportgen.plan import Arm, MeasurementCell
from reportgen.problems.problem import Problem
from reportgen.store.records import ArmRecord

BATCH_ROWS = 4096
"""Samples evaluated at once, over all images: small enough for the caches, large enough for the products.
At least 2m an image, so that adding up an m × m scatter costs less than forming it."""
PILOT_SAMPLES = 4096
"""Samples an image from which baselines are fitted; a stream of their own. A fitted baseline b̂
adds (b̂ − b*)² E‖∇ log q‖² to the variance, which falls with this number."""


@dataclass
class Cost:
    """Seconds a sample of the parts that estimators share."""

    samples: float
    """Noise, and z made of it …"""
    forward: float
    """… with log p(x|z) …"""
    forward_and_backward: float
    """… and its gradient."""


def measure_vectors(
    problem: Problem,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[Reference, Arm],
    spaces: Mapping[str, Space],
    groups: int,
    buckets: int,
    shape: tuple[int, int] | None,
    report: Callable[[MeasureProgress], None] | None,
    estimators: Mapping[str, Estimator],
) -> Part:
    """Measure arms whose estimates are vectors in the space of η (or of a small θ).

    Runs rounds of batches until each arm's total variance has the declared
    relative precision, or the budget of draws a data point ends. `shape` is
    the height and width of data points that are images.
    """
    with torch.no_grad():
        eta = problem.encoder(problem.x)
        q = problem.family(eta)
    count = len(eta)
    settings = cell.measure
    dimensions = {name: space.dimension for name, space in spaces.items()}
    minimum = int(settings["min_replicates"])
    channels = open_channels(arms, references, minimum, count, buckets, dimensions, estimators)
    names = {key.integrand for key in channels}
    integrands = {o.integrand.name: o.integrand for o in OBJECTIVES.values() if o.integrand.name in names}
    expands = any(c.estimator.extra_forward or c.estimator.extra_backward for c in channels.values())
    centre = PointsAt(problem, q, q.mean, True) if expands else None
    frame = Frame(problem, q, spaces["phi"].gram.to(eta.dtype), centre)
    source = Source(frame, tuple(integrands.values()), cell.seed, (str(cell.setting), cell.checkpoint))
    everything = Wanted.by(channels.values())
    partners = [channel.paired.reference for channel in channels.values() if channel.paired is not None]
    distinct = {id(channel): channel for channel in (*channels.values(), *partners)}
    fitted = [channel for channel in distinct.values() if channel.estimator.fit]
    if fitted:
        pilot = source.stream("pilot", Wanted.by(fitted, pilot=True)).draw(PILOT_SAMPLES)
        for channel in fitted:
            channel.fit(pilot, frame)

    longest = max(channel.key.num_samples for channel in distinct.values())
    step = 2 if everything.mirrored else 1  # mirrored samples come in pairs
    longest = -(-longest // step) * step
    precision, budget = float(settings["precision"]), int(float(settings["budget"]))
    samples = max(min(max(BATCH_ROWS // count, 2 * max(dimensions.values())), budget // buckets), longest)
    samples = -(-samples // step) * step
    noise = source.stream("measure", everything)
    drawn, done = 0, 0.0
    while True:
        active = [channel for channel in channels.values() if not channel.retired]
        noise.wanted = Wanted.by(active)
        for bucket in range(buckets):
            values = noise.draw(samples)
            cache: dict[ChannelKey, torch.Tensor] = {}
            for channel in active:
                _observe(channel, bucket, values, frame, cache)
        drawn += samples * buckets
        worst = _judge(active, spaces, precision)
        finished = all(channel.retired for channel in active) or drawn + samples * buckets > budget
        if report is not None:
            done = 1.0 if finished else max(done, _fraction_done(channels, precision, drawn, budget))
            report(MeasureProgress(done, worst, drawn))
        if finished:
            break

    few = max(min(samples, EVALUATION_ROWS // count), 1)
    cost = _time(source, few, count, everything)
    records = tuple(
        _arm_record(arm, channels[ChannelKey.of(arm)], cost, count, q.latent, references, precision)
        for arm in arms
    )
    few = max(BATCH_ROWS // (count * buckets), longest)
    fresh = source.stream("direction", everything)
    rounds = (fresh.draw(-(-few // step) * step) for _ in range(buckets))
    exact = _exact(channels, integrands, frame)
    shifts = exact_parts(arms, channels, frame, spaces)
    arrays = summarize(arms, channels, references, spaces, groups, frame, shifts, rounds, exact)
    seen = first_layer(spaces["phi"].pushforward, problem.x, shape)
    reference = references.get((arms[0].objective, "phi"))
    if seen is not None and reference is not None:
        arrays |= weight_arrays(*seen, arms, channels, reference, shifts, arrays["variance"], source)
    parameters = spaces["phi"].pushforward.parameters
    part = Part(records, arrays, drawn, q.latent, eta.shape[1], parameters)
    if seen is None or "pixels" not in arrays:
        return part
    return replace(part, first_layer=seen[0].group, units=seen[0].units)


def _exact(
    channels: dict[ChannelKey, Channel], integrands: dict[str, Integrand], frame: Frame
) -> dict[ChannelKey, Exact]:
    """Exact moments of every sound channel that has them."""
    found = {
        key: exact_moments(channel, integrands[key.integrand], frame)
        for key, channel in channels.items()
        if channel.cause is None
    }
    return {key: exact for key, exact in found.items() if exact is not None}


def _observe(
    channel: Channel, bucket: int, values: Values, frame: Frame, cache: dict[ChannelKey, torch.Tensor]
) -> None:
    try:
        channel.observe(bucket, values, frame, cache)
    except CellError as error:
        channel.cause = str(error)
        channel.retired = True


def _judge(active: list[Channel], spaces: Mapping[str, Space], precision: float) -> float:
    """Update half-widths, retire what is precise enough; the worst half-width.

    A negative control is measured for its mean; no precision is asked of its
    variance, which can be as heavy-tailed as a density to the fourth power.
    """
    worst = 0.0
    for channel in active:
        if channel.cause is not None:
            continue
        gram = spaces[channel.space].pushforward.grams[:1]
        trace = LeftOut.of(channel.moments).trace(gram)[..., 0]
        channel.half_width = relative_half_width(trace[:, 0], trace[:, 1:])
        if not channel.estimator.control:
            worst = max(worst, channel.half_width)
        precise = channel.half_width <= precision or channel.estimator.control
        if precise and channel.moments.total >= channel.minimum:
            channel.retired = True
    return worst


def _fraction_done(channels: dict[ChannelKey, Channel], precision: float, drawn: int, budget: int) -> float:
    needed = drawn
    for channel in channels.values():
        if not channel.retired:
            wanted = 1.0 if channel.estimator.control else (channel.half_width / precision) ** 2
            by_precision = drawn * max(1.0, wanted)
            by_minimum = channel.minimum * channel.key.num_samples
            needed = max(needed, int(min(max(by_precision, by_minimum), budget)))
    return drawn / needed


def _time(source: Source, samples: int, images: int, wanted: Wanted) -> Cost:
    def once(gradient: bool, evaluated: bool = True) -> float:
        noise = source.stream("timing", Wanted(plain=True, mirrored=False, gradient=gradient, auxiliary=0))
        started = perf_counter()
        (noise.draw if evaluated else noise.sample)(samples)
        return (perf_counter() - started) / (samples * images)

    alone = median(once(False, evaluated=False) for _ in range(5))
    forward = median(once(False) for _ in range(5))
    both = median(once(True) for _ in range(5)) if wanted.gradient else float("nan")
    return Cost(alone, forward, both)


def _arm_record(
    arm: Arm,
    channel: Channel,
    cost: Cost,
    images: int,
    latent: int,
    references: Mapping[Reference, Arm],
    precision: float,
) -> ArmRecord:
    estimator = channel.estimator
    evaluated = cost.forward_and_backward if estimator.needs_gradient else cost.forward
    shared = evaluated if estimator.at_samples else cost.samples
    replicates = channel.moments.total
    own = channel.seconds / max(replicates * images, 1)
    status = "met" if channel.half_width <= precision else "budget"
    if channel.cause:
        status = "broken"
    elif status == "budget" and estimator.control:
        status = "control"
    return ArmRecord(
        objective=arm.objective,
        estimator=arm.estimator,
        label=arm.label,
        num_samples=arm.num_samples,
        constant=arm.constant,
        antithetic=arm.antithetic,
        temperature=channel.temperature,
        parameters=channel.space,
        status=status,
        cause=channel.cause,
        replicates=replicates,
        relative_half_width=channel.half_width,
        forward=float(estimator.forward_passes(arm.num_samples, latent)),
        backward=float(estimator.backward_passes(arm.num_samples)),
        seconds_per_replicate=arm.num_samples * shared + own,
        reference=references.get((arm.objective, channel.space)) is arm,
        differences=0 if channel.paired is None or arm.constant else channel.paired.moments.total,
    )
