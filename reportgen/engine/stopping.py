"""The stopping rule: rounds of batches until the declared precision is reached or the budget is spent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from reportgen.engine.progress import MeasureProgress
from reportgen.engine.replicates import Replicates
from reportgen.errors import CellError

C = TypeVar("C", bound=Replicates[Any])
B = TypeVar("B")


def rounds(
    channels: Collection[C],
    draw: Callable[[Sequence[C]], B],
    observe: Callable[[C, int, B], None],
    half_width: Callable[[C], float],
    *,
    samples: int,
    buckets: int,
    precision: float,
    budget: int,
    report: Callable[[MeasureProgress], None] | None,
) -> int:
    """Measure the channels by the stopping rule; returns the draws per data point.

    A round is one batch of `samples` for every bucket. `draw` makes a batch for
    the channels still measured, `observe` adds it to one of them, and
    `half_width` returns the relative half-width of a channel's total variance. A
    channel that raises CellError is retired, with the error as its cause.
    """
    drawn, done = 0, 0.0
    while True:
        active = [channel for channel in channels if not channel.retired]
        for bucket in range(buckets):
            batch = draw(active)
            for channel in (one for one in active if one.cause is None):
                try:
                    observe(channel, bucket, batch)
                except CellError as error:
                    channel.cause, channel.retired = str(error), True
        drawn += samples * buckets
        worst = _judge([channel for channel in active if channel.cause is None], half_width, precision)
        finished = all(channel.retired for channel in active) or drawn + samples * buckets > budget
        if report is not None:
            done = 1.0 if finished else max(done, _fraction_done(channels, precision, drawn, budget))
            report(MeasureProgress(done, worst, drawn))
        if finished:
            return drawn


def _judge(active: Sequence[C], half_width: Callable[[C], float], precision: float) -> float:
    """Update half-widths, retire channels that are precise enough, and return the worst half-width.

    A negative control is measured for its mean; no precision is required of its
    variance, which can be as heavy-tailed as a density to the fourth power.
    """
    worst = 0.0
    for channel in active:
        channel.half_width = half_width(channel)
        if not channel.estimator.control:
            worst = max(worst, channel.half_width)
        precise = channel.half_width <= precision or channel.estimator.control
        channel.retired = precise and channel.replicates >= channel.minimum
    return worst


def _fraction_done(channels: Collection[C], precision: float, drawn: int, budget: int) -> float:
    """Draws so far as a fraction of those that the slowest channel is expected to need."""
    needed = drawn
    for channel in channels:
        if not channel.retired:
            wanted = 1.0 if channel.estimator.control else (channel.half_width / precision) ** 2
            by_precision = drawn * max(1.0, wanted)
            by_minimum = channel.minimum * channel.num_samples
            needed = max(needed, int(min(max(by_precision, by_minimum), budget)))
    return drawn / needed
