"""How the estimates of one weight's gradient at one image are spread, estimator by estimator."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import Estimate, NotAvailableError
from reportgen.store.records import WEIGHT_BINS, WEIGHT_REACH, MeasurementRecord

Array = NDArray[np.float64]

FAR = 3.0
"""Standard deviations beyond which an estimate is called far off."""
NORMAL_FAR = math.erfc(FAR / math.sqrt(2.0))
"""The part of a normal variable that lies there."""
Z = 1.959964


@dataclass(frozen=True)
class Place:
    """Which weight, and at which image; all counted from 1 but the image."""

    image: int
    """Row number in the data set's test part."""
    unit: int
    row: int
    column: int


@dataclass(frozen=True)
class WeightEstimates:
    """What one arm's estimates of the weight's gradient look like."""

    mean: Estimate
    deviation: float
    """Their standard deviation."""
    exact: bool
    """Whether it follows from the moments; else it is that of the estimates drawn."""
    edges: Array
    """Ends of the bins, one more than there are."""
    counts: Array
    outside: tuple[int, int]
    """Estimates below the first and above the last of the bins."""
    far: Estimate
    """The part further than FAR standard deviations from the mean."""

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


def estimates(arm: MeasuredArm) -> WeightEstimates:
    """Of an arm. Raises NotAvailableError where it broke, or its estimates do not vary."""
    counts = arm.array("weight_counts")
    if np.isnan(counts).any():
        raise NotAvailableError("no estimates of a weight were kept")
    mean, variance = float(arm.array("weight_mean")), float(arm.array("weight_variance"))
    deviation, about = math.sqrt(variance), arm.about
    error = Z * deviation / math.sqrt(about.replicates)
    edges = np.linspace(-WEIGHT_REACH, WEIGHT_REACH, WEIGHT_BINS + 1)
    inner = (edges[:-1] > -FAR - 1e-9) & (edges[1:] < FAR + 1e-9)
    total = int(counts.sum())
    return WeightEstimates(
        Estimate(mean, mean - error, mean + error, about.replicates, arm.status),
        deviation,
        variance != float(arm.array("weight_drawn")[1]),
        mean + deviation * edges,
        counts[1:-1],
        (int(counts[0]), int(counts[-1])),
        proportion(total - int(counts[1:-1][inner].sum()), total),
    )


def proportion(found: int, total: int) -> Estimate:
    """A part of so many with Wilson's interval. Source: Wilson (1927)."""
    p, z = found / total, Z**2 / total
    centre, half = (p + z / 2) / (1 + z), Z * math.sqrt(p * (1 - p) / total + z / (4 * total)) / (1 + z)
    return Estimate(p, min(max(centre - half, 0.0), p), max(min(centre + half, 1.0), p), total)
