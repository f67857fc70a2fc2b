"""Active units: latent units whose posterior mean moves with the image.

A unit u is active where Cov_x(E_q[u|x]) > 10⁻². The variance is itself
estimated from a sample of images, so a unit near the threshold may be either:
the interval of a count runs from the number of units surely above it to the
number not surely below, at the level asked for over all units (Bonferroni).
Source: Burda et al. (2016), section 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.models.trainings import MeanOverTrainings, Trainings, paired
from reportgen.findings.statistics.contrasts import Unpaired
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import Quantity
from reportgen.jackknife import t_quantile
from reportgen.store.records import JudgementRecord

Array = NDArray[np.float64]

THRESHOLD = 1e-2
EVERYTHING = "all"


@dataclass(frozen=True)
class ActiveUnits:
    """The number of active units in a group."""

    variance: Array
    """Cov_x(E_q[u|x]) of each unit, [U]"""
    without: Array
    """The same with one bucket of images left out, [S U]."""

    @property
    def value(self) -> float:
        """Number of units whose measured variance is above the threshold."""
        return float((self.variance > THRESHOLD).sum())

    def interval(self, level: float) -> tuple[float, float]:
        """From the number of units surely active to the number not surely inactive."""
        units, buckets = len(self.variance), len(self.without)
        deviation = self.without - self.without.mean(0)
        error = np.sqrt((buckets - 1) / buckets * (deviation**2).sum(0))
        reach = t_quantile(1.0 - (1.0 - level) / units, buckets - 1) * error
        sure = self.variance - reach > THRESHOLD
        never = self.variance + reach < THRESHOLD
        return float(sure.sum()), float(units - never.sum())


def active_units(model: Trainings, group: str) -> Quantity:
    """Active units of a layer, or of all layers; for several trainings, the mean of their counts.

    Raises if there is no such layer, or if a unit's variance is not finite.
    """
    counts = [_of_one(record, group) for record in model]
    return _mean(counts, (0.0, float(len(counts[0].variance))))


def _mean(counts: Sequence[Quantity], ends: tuple[float, float] = (-math.inf, math.inf)) -> Quantity:
    return counts[0] if len(counts) == 1 else MeanOverTrainings(tuple(counts), ends)


def _of_one(record: JudgementRecord, group: str) -> ActiveUnits:
    where = units_of(record, group)
    variance = record.arrays["unit_variance"][where]
    if not np.isfinite(variance).all():
        raise NotAvailableError("the variance of a latent unit is not a finite number")
    return ActiveUnits(variance, record.arrays["unit_variance_without"][:, where])


def difference(first: Trainings, second: Trainings, group: str = EVERYTHING) -> Quantity:
    """The first's count minus the second's, paired over trainings of the same seed.

    Units cannot be paired, so each interval over images is taken at half the error.
    """
    pairs = zip(*paired(first, second), strict=True)
    return _mean([Unpaired(_of_one(mine, group), _of_one(theirs, group)) for mine, theirs in pairs])


def groups(record: JudgementRecord) -> tuple[str, ...]:
    """``layer1``, which is next to the data, and so on, then ``all``."""
    return (*(f"layer{i}" for i in range(1, len(record.layers) + 1)), EVERYTHING)


def units_of(record: JudgementRecord, group: str) -> slice:
    """Positions of a group's units in the record's arrays."""
    if group == EVERYTHING:
        return slice(0, sum(record.layers))
    known = groups(record)
    if group not in known:
        raise NotAvailableError(f"broken: no layer {group!r}, there are {', '.join(known)}")
    before = sum(record.layers[: known.index(group)])
    return slice(before, before + record.layers[known.index(group)])
