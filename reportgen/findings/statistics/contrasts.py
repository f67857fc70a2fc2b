"""Two quantities compared by their ratio or their difference, paired if possible."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import Quantity, Sample, exponential

RATIOS = frozenset(
    {
        "total_variance",
        "mean_norm",
        "signal_to_noise",
        "directional_signal_to_noise",
        "variance_ratio",
        "work_normalized_variance",
        "evaluations",
        "exact_total_variance",
        "exact_mean_norm",
        "variance_to_exact",
        "mean_squared_error",
    }
)
"""Positive statistics, which are compared by their ratio rather than their difference."""


@dataclass(frozen=True)
class Unpaired:
    """A difference of quantities whose leave-outs cannot be paired; each interval is at half the error."""

    left: Quantity
    right: Quantity

    @property
    def value(self) -> float:
        """Left minus right."""
        return self.left.value - self.right.value

    def interval(self, level: float) -> tuple[float, float]:
        """An interval with this coverage, however the two depend on each other."""
        each = (1.0 + level) / 2.0
        (a, b), (c, d) = self.left.interval(each), self.right.interval(each)
        return a - d, b - c


def contrast(left: Quantity, right: Quantity, as_ratio: bool) -> tuple[str, Quantity, float]:
    """The quantity that compares two: its name, the quantity, and its value if the two are equal."""
    if not isinstance(left, Sample) or not isinstance(right, Sample):
        return "difference", Unpaired(left, right), 0.0
    if as_ratio and left.value > 0.0 and right.value > 0.0:
        try:
            paired = left.logarithm().minus(right.logarithm())
        except ValueError as reason:
            raise NotAvailableError(str(reason)) from None
        return "ratio", Sample(paired.working, paired.without, exponential), 1.0
    try:
        return "difference", left.plain().minus(right.plain()), 0.0
    except ValueError:
        return "difference", Unpaired(left, right), 0.0
