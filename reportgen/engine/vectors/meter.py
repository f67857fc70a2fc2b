"""The meter of the route through η: draw, estimate and accumulate until the declared precision is reached."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from reportgen.engine.found import Found
from reportgen.engine.progress import MeasureProgress
from reportgen.engine.references import Place, own_arms
from reportgen.engine.replicates import Key
from reportgen.engine.stopping import rounds
from reportgen.engine.vectors.channels import Channel, Values, open_channels
from reportgen.engine.vectors.draws import Frame
from reportgen.engine.vectors.points import PointsAt
from reportgen.engine.vectors.source import Source, Wanted
from reportgen.engine.vectors.space import Space
from reportgen.errors import CellError
from reportgen.estimators import PILOT_SAMPLES, Estimator
from reportgen.memory import memory_limit
from reportgen.objectives import OBJECTIVES, Integrand
from reportgen.plan import Arm, MeasurementCell, buckets_for
from reportgen.problems.problem import Problem

BATCH_ROWS = 4096
"""Samples per batch, over all images: few enough for the caches, enough for efficient matrix products. At
least 2m per image are taken, so that adding an m × m scatter to the moments costs less than forming it."""


@dataclass(frozen=True)
class Measured(Found[Channel]):
    """What the meter found; `summarize` turns it into the arrays of a record."""

    spaces: Mapping[str, Space]
    source: Source
    wanted: Wanted
    """What all channels together need from a batch."""
    buckets: int

    @property
    def frame(self) -> Frame:
        return self.source.frame

    @property
    def images(self) -> int:
        """I"""
        return self.frame.gram.shape[0]

    @property
    def samples_a_bucket(self) -> int:
        """Samples per image and bucket such that all buckets make one batch, but enough for the largest K."""
        longest = _longest(self.channels.values(), self.wanted)
        return self.wanted.whole(max(BATCH_ROWS // (self.images * self.buckets), longest))

    @cached_property
    def shifts(self) -> dict[Place, Tensor]:
        """What the exact term of an objective adds to every estimate, [I m]: −∇KL, or zero."""
        found = {}
        for objective, space in dict.fromkeys(map(self.place, self.arms)):
            if OBJECTIVES[objective].exact_kl and space == "phi":
                shift = -self.frame.q.kl_gradient().double()
            else:
                shift = torch.zeros(self.images, self.spaces[space].dimension, dtype=torch.float64)
            found[objective, space] = shift
        return found


def measure_vectors(
    problem: Problem,
    cell: MeasurementCell,
    arms: tuple[Arm, ...],
    references: Mapping[Place, Arm],
    spaces: Mapping[str, Space],
    report: Callable[[MeasureProgress], None] | None,
    estimators: Mapping[str, Estimator],
) -> Measured:
    """Measure arms whose estimates are vectors in η (or in a small θ), by `reportgen.engine.stopping`'s rule.

    Coefficients such as baselines are fitted first, on separate draws.
    """
    settings, images = cell.measure, problem.x.shape[0]
    buckets = buckets_for(images)
    precision, budget = float(settings["precision"]), int(float(settings["budget"]))
    dimensions = {name: space.dimension for name, space in spaces.items()}
    minimum = int(settings["min_replicates"])
    channels = open_channels(arms, references, minimum, images, buckets, dimensions, estimators)
    kept = {Key.of(arms[a]) for a in own_arms(arms)}
    _require_room([spaces[channels[key].space] for key in kept], 1 + buckets)
    integrands = integrands_of(channels)
    frame = _frame(problem, spaces["phi"].gram, channels.values())
    source = Source(frame, tuple(integrands.values()), cell.seed, (str(cell.setting), cell.checkpoint))
    everything = Wanted.by(channels.values())
    _fit(_with_partners(channels.values()), source)

    least = max(BATCH_ROWS // images, 2 * max(dimensions.values()))
    longest = _longest(channels.values(), everything)
    samples = everything.whole(max(min(least, budget // buckets), longest))
    noise = source.stream("measure", everything)

    def draw(active: Sequence[Channel]) -> tuple[Values, dict[Key, Tensor]]:
        noise.wanted = Wanted.by(active)
        return noise.draw(samples), {}

    drawn = rounds(
        channels.values(),
        draw,
        lambda channel, bucket, batch: channel.observe(bucket, *batch, frame),
        lambda channel: channel.relative_half_width(spaces[channel.space].gram),
        samples=samples,
        buckets=buckets,
        precision=precision,
        budget=budget,
        report=report,
    )
    return Measured(arms, channels, references, drawn, spaces, source, everything, buckets)


def integrands_of(channels: Collection[Key]) -> dict[str, Integrand]:
    """The integrands of the objectives whose gradients the channels estimate, by name."""
    names = {key.integrand for key in channels}
    return {o.integrand.name: o.integrand for o in OBJECTIVES.values() if o.integrand.name in names}


def _frame(problem: Problem, gram: Tensor, channels: Collection[Channel]) -> Frame:
    """The frame of all batches; the mean of q is evaluated only if an estimator needs it."""
    with torch.no_grad():
        eta = problem.encoder(problem.x)
        q = problem.family(eta)
    expands = any(c.estimator.extra_forward or c.estimator.extra_backward for c in channels)
    centre = PointsAt(problem, q, q.mean, True) if expands else None
    return Frame(problem, q, gram.to(eta.dtype), centre)


def _require_room(spaces: Sequence[Space], rows: int) -> None:
    """Raise CellError if the variances of all coordinates certainly exceed the memory; one space per arm."""
    coordinates = [sum(int(alive.sum()) for alive in space.live) for space in spaces]
    needed, limit = 8 * rows * sum(coordinates), memory_limit()
    if limit is not None and needed > limit:
        raise CellError(
            f"variances of {max(coordinates):,} coordinates, {rows} times for their errors, need "
            f"{needed / 2**30:.1f} GiB for {len(spaces)} estimators, found {limit / 2**30:.1f} GiB of "
            "memory. Measure fewer estimators at once, or keep parts out of φ by requires_grad_(False); "
            "at 32 data points or more each is kept 9 times."
        )


def _with_partners(channels: Collection[Channel]) -> list[Channel]:
    """These channels, and those with which they are paired."""
    partners = [channel.paired.reference for channel in channels if channel.paired is not None]
    return list({id(channel): channel for channel in (*channels, *partners)}.values())


def _longest(channels: Collection[Channel], wanted: Wanted) -> int:
    return wanted.whole(max(channel.key.num_samples for channel in _with_partners(channels)))


def _fit(channels: Collection[Channel], source: Source) -> None:
    """Fit the coefficients of estimators that have any, on draws used for nothing else."""
    fitted = [channel for channel in channels if channel.estimator.fit]
    if fitted:
        pilot = source.stream("pilot", Wanted.by(fitted, pilot=True)).draw(PILOT_SAMPLES)
        for channel in fitted:
            channel.fit(pilot, source.frame)
