"""Two quantities against each other: by their ratio or their difference, paired where it can be."""

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
"""Positive statistics, which are compared by their ratio and not by their difference."""


@dataclass(frozen=True)
class Unpaired:
    """A difference of quantities whose leave-outs cannot be paired: each end on half the error."""

    left: Quantity
    right: Quantity

    @property
    def value(self) -> float:
        """Left minus right."""
        return self.left.value - self.right.value

    def interval(self, level: float) -> tuple[float, float]:
        """Holds with this coverage, whatever the dependence of the two."""
        each = (1.0 + level) / 2.0
        (a, b), (c, d) = self.left.interval(each), self.right.interval(each)
        return a - d, b - c


def contrast(left: Quantity, right: Quantity, as_ratio: bool) -> tuple[str, Quantity, float]:
    """What two quantities are compared by: its name, itself, and its value where they are equal."""
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
