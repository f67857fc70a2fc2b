"""A statistic with its leave-outs, and the intervals that they give (see `reportgen.jackknife`)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reportgen.jackknife import degrees_of_freedom, stratum_variances, t_quantile

Array = NDArray[np.float64]

LEVEL = 0.95


class Quantity(Protocol):
    """Something measured: a value and intervals at any level."""

    @property
    def value(self) -> float:
        """The estimate, on its natural scale."""
        ...

    def interval(self, level: float) -> tuple[float, float]:
        """Ends of the interval with this coverage, on the natural scale."""
        ...


def identity(value: float) -> float:
    """The way back from a working scale that is the natural one."""
    return value


def exponential(value: float) -> float:
    """The way back from the log scale; infinite beyond the range of a float."""
    return math.exp(value) if value < 709.0 else math.inf


def logarithms(values: Array) -> Array:
    """Logarithms of the values; NaN for those that have none."""
    if (values > 0.0).all():
        return np.log(values)
    found = np.full_like(values, np.nan)
    np.log(values, out=found, where=values > 0.0)
    return found


@dataclass(frozen=True)
class Sample:
    """A statistic with leave-outs, on the scale where it is closest to normal.

    `working` and `without` [H S] (strata × left-out units) are on that scale;
    `back` is monotone and maps it to the natural one. `natural`, if given, is the
    estimate on the natural scale without the rounding of `back`. The true value is
    at least `least` on the natural scale, so ends of intervals are cut there; but if
    the estimate lies below by chance, it is the end.
    """

    working: float
    without: Array
    back: Callable[[float], float] = identity
    natural: float | None = None
    least: float = -math.inf

    @property
    def value(self) -> float:
        """The estimate, on its natural scale."""
        return self.back(self.working) if self.natural is None else self.natural

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Two-sided interval on the natural scale, low end first.

        If a leave-out has no value (such as the logarithm of zero), the data say
        nothing about the spread, and the interval is unbounded.
        """
        variances = stratum_variances(self.without)
        error = math.sqrt(float(np.add.reduce(variances)))
        if error == 0.0:
            return self.value, self.value
        if math.isfinite(error):
            reach = t_quantile(level, degrees_of_freedom(variances, self.without.shape[1])) * error
        else:
            reach = math.inf
        ends = [max(self.back(self.working + side * reach), self.least) for side in (-1.0, 1.0)]
        return min(*ends, self.value), max(*ends, self.value)

    def plain(self) -> Sample:
        """The same statistic with the natural scale as the working one."""
        natural = self.without
        if natural.size:
            natural = np.vectorize(self.back, otypes=[float])(natural)
        return Sample(self.value, natural)

    def logarithm(self) -> Sample:
        """The logarithm of a positive value; NaN for leave-outs that are not positive."""
        if self.back is exponential:
            return Sample(self.working, self.without)
        return Sample(math.log(self.value), logarithms(self.plain().without))

    def minus(self, other: Sample) -> Sample:
        """The difference on the working scale, paired: each leave-out lacks the same unit in both."""
        if other.without.size == 0:
            return Sample(self.working - other.working, self.without - other.working)
        if self.without.size == 0:
            return Sample(self.working - other.working, self.working - other.without)
        mine, theirs = self, other
        if mine.without.shape != theirs.without.shape:
            mine, theirs = mine.whole_buckets(), theirs.whole_buckets()
        if mine.without.shape != theirs.without.shape:
            raise ValueError("leave-outs of different units cannot be paired")
        return Sample(mine.working - theirs.working, mine.without - theirs.without)

    def whole_buckets(self) -> Sample:
        """Leave-outs without bucket s of every image, to first order: the sums of the single changes."""
        if self.without.shape[0] <= 1:
            return self
        changes = (self.without - self.working).sum(0, keepdims=True)
        return Sample(self.working, self.working + changes, self.back)


def exact(value: float) -> Sample:
    """A number known exactly, such as a count; its interval is a point."""
    return Sample(value, np.empty((0, 0)))
