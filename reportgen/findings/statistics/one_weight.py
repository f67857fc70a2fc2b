"""The distribution of an estimator's estimates of one weight's gradient at one image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.jackknife import t_quantile
from reportgen.store.records import WEIGHT_BINS, WEIGHT_REACH, MeasurementRecord

Array = NDArray[np.float64]

FAR = 3.0
"""Standard deviations beyond which an estimate is called far off."""
NORMAL_FAR = math.erfc(FAR / math.sqrt(2.0))
"""Probability that a normal variable lies there."""
_EDGES = np.linspace(-WEIGHT_REACH, WEIGHT_REACH, WEIGHT_BINS + 1)
"""Edges of the bins, in standard deviations from the mean."""
_INNER = (_EDGES[:-1] > -FAR - 1e-9) & (_EDGES[1:] < FAR + 1e-9)


@dataclass(frozen=True)
class Place:
    """Which weight, and at which image; all counted from 1 except the image."""

    image: int
    """Row number in the data set's test part."""
    unit: int
    row: int
    column: int


@dataclass(frozen=True)
class Mean:
    """The mean of enough estimates to be treated as normal."""

    value: float
    error: float
    """Standard error of the mean."""

    def interval(self, level: float) -> tuple[float, float]:
        """The normal interval with this coverage."""
        reach = normal_quantile(level) * self.error
        return self.value - reach, self.value + reach


@dataclass(frozen=True)
class Proportion:
    """The proportion `found` of `total`."""

    found: int
    total: int

    @property
    def value(self) -> float:
        """The proportion itself."""
        return self.found / self.total

    def interval(self, level: float) -> tuple[float, float]:
        """Wilson's interval. Source: Wilson (1927)."""
        p, q = self.value, normal_quantile(level)
        z = q**2 / self.total
        half = q * math.sqrt(p * (1 - p) / self.total + z / (4 * self.total)) / (1 + z)
        centre = (p + z / 2) / (1 + z)
        return min(max(centre - half, 0.0), p), max(min(centre + half, 1.0), p)


@dataclass(frozen=True)
class WeightEstimates:
    """What one arm's estimates of the weight's gradient look like."""

    exact: bool
    """Whether the standard deviation follows from the moments; else it is that of the estimates drawn."""
    edges: Array
    """Edges of the bins, one more than there are bins."""
    counts: Array
    outside: tuple[int, int]
    """Number of estimates below the first bin and above the last."""

    @property
    def drawn(self) -> int:
        """Number of estimates counted."""
        return int(self.counts.sum()) + sum(self.outside)

    @property
    def density(self) -> Array:
        """Density in each bin."""
        return np.asarray(self.counts / (self.drawn * np.diff(self.edges)))


def place(record: MeasurementRecord) -> Place | None:
    """The weight whose estimates were kept; None if there is none."""
    if "weight" not in record.arrays:
        return None
    image, unit, row, column = (int(number) for number in record.arrays["weight"])
    return Place(record.images[image], unit + 1, row + 1, column + 1)


def counts_of(arm: MeasuredArm) -> Array:
    """Histogram of an arm's estimates. Raises NotAvailableError if it broke, or they do not vary."""
    counts = arm.array("weight_counts")
    if np.isnan(counts).any():
        raise NotAvailableError("no estimates of a weight were kept")
    return counts


def deviation_of(arm: MeasuredArm) -> float:
    """Standard deviation of an arm's estimates. Raises as `counts_of`."""
    counts_of(arm)
    return math.sqrt(float(arm.array("weight_variance")))


def mean_of(arm: MeasuredArm) -> Mean:
    """Mean of an arm's estimates. Raises as `counts_of`."""
    deviation = deviation_of(arm)
    return Mean(float(arm.array("weight_mean")), deviation / math.sqrt(arm.about.replicates))


def far_of(arm: MeasuredArm) -> Proportion:
    """Proportion of them more than FAR standard deviations from the mean. Raises as `counts_of`."""
    counts = counts_of(arm)
    total = int(counts.sum())
    return Proportion(total - int(counts[1:-1][_INNER].sum()), total)


def estimates(arm: MeasuredArm) -> WeightEstimates:
    """The distribution of an arm's estimates. Raises as `counts_of`."""
    counts = counts_of(arm)
    return WeightEstimates(
        float(arm.array("weight_variance")) != float(arm.array("weight_drawn")[1]),
        mean_of(arm).value + deviation_of(arm) * _EDGES,
        counts[1:-1],
        (int(counts[0]), int(counts[-1])),
    )


def normal_quantile(level: float) -> float:
    """Quantile of a normal variable for this two-sided coverage."""
    return t_quantile(level, math.inf)
