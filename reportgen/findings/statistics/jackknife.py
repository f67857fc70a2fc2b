"""A statistic with its leave-outs, and the intervals they give (see `reportgen.jackknife`)."""

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
        """Ends of the interval with this coverage, natural scale."""
        ...


def identity(value: float) -> float:
    """The natural scale is the working scale."""
    return value


def exponential(value: float) -> float:
    """Back from the logarithm; beyond the range of a float, infinity."""
    return math.exp(value) if value < 709.0 else math.inf


def logarithms(values: Array) -> Array:
    """NaN where there is none."""
    if (values > 0.0).all():
        return np.log(values)
    found = np.full_like(values, np.nan)
    np.log(values, out=found, where=values > 0.0)
    return found


@dataclass(frozen=True)
class Sample:
    """A statistic with leave-outs, on the scale where it is closest to normal.

    `working` and `without` [H S] (strata × left-out units) are on that scale;
    `back` is monotone and leads to the natural one. `natural` is the estimate
    there where it is known without the rounding of the way back. What is
    estimated is not below `least`, natural scale: an end there is cut, though
    the estimate itself may lie below by chance, and is then the end.
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
        """Two-sided interval, natural scale, low end first.

        Where a leave-out has no value (a logarithm of zero, say) the data
        say nothing about the spread and the interval is everything.
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
        """The same with the natural scale as the working one."""
        natural = self.without
        if natural.size:
            natural = np.vectorize(self.back, otypes=[float])(natural)
        return Sample(self.value, natural)

    def logarithm(self) -> Sample:
        """Of a value above zero; NaN for a leave-out that is not."""
        if self.back is exponential:
            return Sample(self.working, self.without)
        return Sample(math.log(self.value), logarithms(self.plain().without))

    def minus(self, other: Sample) -> Sample:
        """The difference on the working scale, paired: the same unit left out of both."""
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
        """Leave-outs of bucket s of every image, to first order: the single ones' changes added up."""
        if self.without.shape[0] <= 1:
            return self
        changes = (self.without - self.working).sum(0, keepdims=True)
        return Sample(self.working, self.working + changes, self.back)


def exact(value: float) -> Sample:
    """A number that is known, such as a count; its interval is a point."""
    return Sample(value, np.empty((0, 0)))
