"""Statistics over several arms of one estimator, along num_samples, a setting or constants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import LEVEL, Quantity, Sample, identity
from reportgen.findings.statistics.named import STATISTICS
from reportgen.findings.statistics.variance import finite_log


def slope(arms: Sequence[MeasuredArm], group: str = "all", statistic: str = "total_variance") -> Quantity:
    """Least-squares slope of a statistic's logarithm on that of num_samples.

    The same bucket of the same image is left out at every K, since arms of
    different K share draws, which must not be counted twice.
    """
    points = {arm.about.num_samples: arm for arm in reversed(arms) if arm.about.constant == 0.0}
    if len(points) < 2:
        raise NotAvailableError(f"a slope needs two values of num_samples, got {len(points)}")
    x = np.log(np.array(sorted(points), dtype=np.float64))
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    logs = [_logarithm(points[k], group, statistic) for k in sorted(points)]
    if len({sample.without.shape for sample in logs}) > 1:
        raise NotAvailableError("arms have different buckets")
    working = math.fsum(w * sample.working for w, sample in zip(weights, logs, strict=True))
    # Summed term by term: the rounding of a matrix product depends on where its operands lie in memory.
    without = sum(w * sample.without for w, sample in zip(weights, logs, strict=True))
    return Sample(working, without, identity)


def slope_along(
    points: Sequence[tuple[float, MeasuredArm]], group: str, statistic: str = "total_variance"
) -> Quantity:
    """Least-squares slope of a statistic's logarithm on that of a setting.

    Cells of different settings share no draws, so each has its own strata.
    """
    x = np.log(np.array([value for value, _ in points], dtype=np.float64))
    weights = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    logs = [_logarithm(arm, group, statistic) for _, arm in points]
    if len({sample.without.shape[1] for sample in logs}) > 1:
        raise NotAvailableError("settings have different buckets")
    working = math.fsum(w * sample.working for w, sample in zip(weights, logs, strict=True))
    moved = [w * (sample.without - sample.working) for w, sample in zip(weights, logs, strict=True)]
    return Sample(working, working + np.concatenate(moved), identity)


def _logarithm(arm: MeasuredArm, group: str, statistic: str) -> Sample:
    made = STATISTICS[statistic].of(arm, group)
    assert isinstance(made, Sample)
    if not 0.0 < made.value < math.inf:
        raise NotAvailableError(
            f"the {statistic.replace('_', ' ')} of {arm.about.label} is {made.value:g} "
            f"at K = {arm.about.num_samples}, its logarithm has no value"
        )
    return made.logarithm()


@dataclass(frozen=True)
class LargestChange:
    """The largest |V/V₀ − 1| of several log ratios log(V/V₀)."""

    changes: tuple[Sample, ...]

    @property
    def value(self) -> float:
        """The largest of the estimates."""
        return max(abs(math.expm1(change.working)) for change in self.changes)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """An interval that holds for all changes at once (Bonferroni), and so for the largest."""
        each = 1.0 - (1.0 - level) / len(self.changes)
        low = high = 0.0
        for change in self.changes:
            ends = Sample(change.working, change.without).interval(each)
            sizes = sorted(abs(math.expm1(min(end, 700.0))) for end in ends)
            low = max(low, sizes[0] if ends[0] * ends[1] > 0.0 else 0.0)
            high = max(high, sizes[1])
        return low, high


def at_constants(arms: Sequence[MeasuredArm]) -> list[MeasuredArm]:
    """Arms at every K for which constants were added to log p."""
    moved = {arm.about.num_samples for arm in arms if arm.about.constant}
    return [arm for arm in arms if arm.about.num_samples in moved]


def constant_effect(arms: Sequence[MeasuredArm]) -> Quantity:
    """Largest relative change of total variance when a constant is added to log p.

    Each arm with a constant is paired with the one without, at the same K.
    """
    plain = {arm.about.num_samples: arm for arm in reversed(arms) if arm.about.constant == 0.0}
    moved = [arm for arm in arms if arm.about.constant != 0.0 and arm.about.num_samples in plain]
    if not moved:
        raise NotAvailableError("no arm with a constant added to log p was measured here")
    return LargestChange(
        tuple(finite_log(arm).minus(finite_log(plain[arm.about.num_samples])) for arm in moved)
    )
