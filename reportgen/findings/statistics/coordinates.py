"""How variance is spread over the coordinates of φ."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import Estimate, NotAvailableError
from reportgen.findings.statistics.jackknife import Quantity, Sample, exact, exponential, logarithms
from reportgen.jackknife import t_quantile
from reportgen.store.records import HISTOGRAM_BINS, HISTOGRAM_DECADES, T_STEPS

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Coordinates:
    """Per-coordinate variance (mean over images) of one arm in one parameter group."""

    quantiles: tuple[tuple[float, Estimate], ...]
    """(probability, estimate), ascending, over live coordinates."""
    counts: tuple[int, ...]
    """Histogram over log10 variance, for group ``all``; empty for other groups."""
    edges: tuple[float, ...]
    """log10 of the bins' edges, one more than there are bins."""
    count: int
    """Coordinates in the group."""
    dead: int
    """How many of these have no gradient at any image."""


def quantile_name(probability: float) -> str:
    """0.05 → ``coordinate_variance_q05``; the ends are ``min`` and ``max``."""
    ends = {0.0: "min", 1.0: "max"}
    return f"coordinate_variance_{ends.get(probability, f'q{round(100 * probability):02d}')}"


def quantile(arm: MeasuredArm, position: int, group: str = "all") -> Quantity:
    """Quantile number `position` of QUANTILES; each leave-out lacks one bucket of every image."""
    g = arm.group(group)
    value = float(arm.array("coordinate_quantiles")[g, position])
    if math.isnan(value):
        raise NotAvailableError("coordinates are kept for an estimator's default arm only")
    if value <= 0.0:
        return exact(0.0)
    without = arm.array("coordinate_quantiles_without")[:, g, position]
    return Sample(math.log(value), logarithms(without)[None, :], exponential)


@dataclass(frozen=True)
class LowerIn:
    """The fraction of live coordinates in which the reference's variance is lower, with its interval.

    The interval's ends count the certain coordinates, those whose log ratio of variances differs from zero by
    a one-sided Student's t test with S − 1 degrees of freedom, at the interval's error divided by the number
    of coordinates (Bonferroni), so it holds however they depend on each other. The others may be either. So
    far out, t needs log ratios close to normal: with a few hundred heavy-tailed estimates, too many
    coordinates are taken to be certain.
    """

    counts: Array
    """Array ``coordinate_lower`` of the record, [2 T]"""
    buckets: int
    """S"""

    @property
    def value(self) -> float:
        """Fraction by measured variances, drawn towards one half where the true ones are nearly equal."""
        return float(self.counts[0, 0] / self.counts[:, 0].sum())

    def interval(self, level: float) -> tuple[float, float]:
        """From the fraction that is certainly lower to all but the fraction that certainly is not."""
        live = float(self.counts[:, 0].sum())
        t = t_quantile(1.0 - 2.0 * (1.0 - level) / live, self.buckets - 1)
        lower, other = self.counts[:, np.searchsorted(T_STEPS, t)] if t <= T_STEPS[-1] else (0.0, 0.0)
        return float(lower / live), float(1.0 - other / live)


def coordinate_lower(arm: MeasuredArm) -> Quantity:
    """Fraction of live coordinates in which the reference has the lower measured variance."""
    counts = arm.array("coordinate_lower")
    if arm.about.reference:
        raise NotAvailableError("this is the reference")
    if np.isnan(counts).any():
        raise NotAvailableError("coordinates are kept for an estimator's default arm only")
    if not counts.any():
        raise NotAvailableError("no coordinate has a gradient")
    return LowerIn(counts, arm.array("variance_without").shape[1])


def counts(arm: MeasuredArm) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Histogram over log10 variance, group ``all``: counts, and the bins' edges."""
    histogram = arm.array("coordinate_histogram")
    edges = np.linspace(*HISTOGRAM_DECADES, HISTOGRAM_BINS + 1)
    filled = np.nan_to_num(histogram)
    return tuple(int(n) for n in filled), tuple(float(e) for e in edges)


def sizes(arm: MeasuredArm, group: str) -> tuple[int, int]:
    """Coordinates in the group, and how many of them are dead."""
    g = arm.group(group)
    arrays = arm.record.arrays
    return int(arrays["coordinate_count"][g]), int(arrays["coordinate_dead"][g])
