"""How the estimates of one weight's gradient at one image are spread, estimator by estimator."""

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
"""The part of a normal variable that lies there."""
_EDGES = np.linspace(-WEIGHT_REACH, WEIGHT_REACH, WEIGHT_BINS + 1)
"""Of the bins, in standard deviations from the mean."""
_INNER = (_EDGES[:-1] > -FAR - 1e-9) & (_EDGES[1:] < FAR + 1e-9)


@dataclass(frozen=True)
class Place:
    """Which weight, and at which image; all counted from 1 but the image."""

    image: int
    """Row number in the data set's test part."""
    unit: int
    row: int
    column: int


@dataclass(frozen=True)
class Mean:
    """Of so many estimates that it is normal."""

    value: float
    error: float
    """Its standard error."""

    def interval(self, level: float) -> tuple[float, float]:
        """Of this coverage."""
        reach = normal_quantile(level) * self.error
        return self.value - reach, self.value + reach


@dataclass(frozen=True)
class Proportion:
    """A part of so many."""

    found: int
    total: int

    @property
    def value(self) -> float:
        """The part."""
        return self.found / self.total

    def interval(self, level: float) -> tuple[float, float]:
        """Wilson's. Source: Wilson (1927)."""
        p, q = self.value, normal_quantile(level)
        z = q**2 / self.total
        half = q * math.sqrt(p * (1 - p) / self.total + z / (4 * self.total)) / (1 + z)
        centre = (p + z / 2) / (1 + z)
        return min(max(centre - half, 0.0), p), max(min(centre + half, 1.0), p)


@dataclass(frozen=True)
class WeightEstimates:
    """What one arm's estimates of the weight's gradient look like."""

    exact: bool
    """Whether their standard deviation follows from the moments; else it is that of the estimates drawn."""
    edges: Array
    """Ends of the bins, one more than there are."""
    counts: Array
    outside: tuple[int, int]
    """Estimates below the first and above the last of the bins."""

    @property
    def drawn(self) -> int:
        """Estimates counted."""
        return int(self.counts.sum()) + sum(self.outside)

    @property
    def density(self) -> Array:
        """Of each bin."""
        return np.asarray(self.counts / (self.drawn * np.diff(self.edges)))


def place(record: MeasurementRecord) -> Place | None:
    """None where no weight was watched."""
    if "weight" not in record.arrays:
        return None
    image, unit, row, column = (int(number) for number in record.arrays["weight"])
    return Place(record.images[image], unit + 1, row + 1, column + 1)


def counts_of(arm: MeasuredArm) -> Array:
    """How many of an arm's estimates lie where. NotAvailableError where it broke, or they do not vary."""
    counts = arm.array("weight_counts")
    if np.isnan(counts).any():
        raise NotAvailableError("no estimates of a weight were kept")
    return counts


def deviation_of(arm: MeasuredArm) -> float:
    """Their standard deviation. Raises as `counts_of`."""
    counts_of(arm)
    return math.sqrt(float(arm.array("weight_variance")))


def mean_of(arm: MeasuredArm) -> Mean:
    """Their mean. Raises as `counts_of`."""
    deviation = deviation_of(arm)
    return Mean(float(arm.array("weight_mean")), deviation / math.sqrt(arm.about.replicates))


def far_of(arm: MeasuredArm) -> Proportion:
    """The part of them further than FAR standard deviations from the mean. Raises as `counts_of`."""
    counts = counts_of(arm)
    total = int(counts.sum())
    return Proportion(total - int(counts[1:-1][_INNER].sum()), total)


def estimates(arm: MeasuredArm) -> WeightEstimates:
    """Of an arm. Raises as `counts_of`."""
    counts = counts_of(arm)
    return WeightEstimates(
        float(arm.array("weight_variance")) != float(arm.array("weight_drawn")[1]),
        mean_of(arm).value + deviation_of(arm) * _EDGES,
        counts[1:-1],
        (int(counts[0]), int(counts[-1])),
    )


def normal_quantile(level: float) -> float:
    """Of a normal variable's size, at this two-sided coverage."""
    return t_quantile(level, math.inf)
