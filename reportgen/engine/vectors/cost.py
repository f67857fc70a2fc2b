"""The time that samples take, which estimators share."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter

from reportgen.engine.vectors.channels import Channel
from reportgen.engine.vectors.points import EVALUATION_ROWS
from reportgen.engine.vectors.source import Source, Wanted

REPEATS = 5


@dataclass(frozen=True)
class Cost:
    """Seconds per sample for what estimators share."""

    samples: float
    """Drawing noise, and making z from it …"""
    forward: float
    """… and evaluating log p(x|z) …"""
    forward_and_backward: float
    """… and its gradient; NaN if no estimator needs it."""

    def of(self, channel: Channel) -> float:
        """Seconds per replicate of one data point, including the estimator's own work."""
        estimator = channel.estimator
        evaluated = self.forward_and_backward if estimator.needs_gradient else self.forward
        shared = evaluated if estimator.at_samples else self.samples
        images, own = channel.moments.mean.shape[0], channel.seconds
        return channel.key.num_samples * shared + own / max(channel.moments.total * images, 1)


def timed(source: Source, gradient: bool) -> Cost:
    """Measured on a batch that passes through the decoder at once; with gradients if `gradient`."""
    images = source.frame.gram.shape[0]
    samples = max(EVALUATION_ROWS // images, 1)

    def once(gradient: bool, evaluated: bool = True) -> float:
        noise = source.stream("timing", Wanted(plain=True, mirrored=False, gradient=gradient, auxiliary=0))
        started = perf_counter()
        (noise.draw if evaluated else noise.sample)(samples)
        return (perf_counter() - started) / (samples * images)

    alone = median(once(False, evaluated=False) for _ in range(REPEATS))
    forward = median(once(False) for _ in range(REPEATS))
    both = median(once(True) for _ in range(REPEATS)) if gradient else float("nan")
    return Cost(alone, forward, both)
