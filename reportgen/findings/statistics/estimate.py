"""A number with its interval, or the reason why it is not available."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

NAN = float("nan")
LOST = "lost in the"
"""Part of the reason of every number that is not available because noise hides it: lost in the noise."""


Rows = tuple[tuple[str, tuple[str, ...]], ...]
"""Pairs of a column of results.csv and the values that the rows have in it."""


class Source(Protocol):
    """Where an estimate comes from."""

    def rows(self) -> Rows:
        """The rows that it is, or was made of: those that have one of the given values in each column."""
        ...


class NotAvailableError(Exception):
    """A statistic cannot be made from what was measured; the message says why.

    It never leaves the package of findings, where it becomes an `Estimate` without a value.
    """


@dataclass(frozen=True)
class Estimate:
    """A statistic and its 95 % interval.

    `value` is NaN if it is not available, and then `status` says why;
    `low` and `high` are NaN if a number has no interval (a p-value, a
    timing) and equal to `value` if it is known exactly.
    """

    value: float
    low: float = NAN
    high: float = NAN
    replicates: int = 0
    """Independent replicates of each image's estimate, the fewest of the arms used; for judged models, the
    number of images or trainings."""
    status: str = "met"
    """``met``, ``budget`` or ``control``, as the arm was measured (the worst of several arms);
    ``broken: …`` or ``not available: …`` without a value."""
    source: Source | None = field(default=None, compare=False, repr=False)
    """Where it comes from, if known; ignored in comparisons."""

    @property
    def available(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    @property
    def has_interval(self) -> bool:
        """Whether there is a value and an interval."""
        return self.available and not math.isnan(self.low) and not math.isnan(self.high)

    @property
    def lost(self) -> bool:
        """Whether it is not available because its own noise hides it; with other draws it might be."""
        return not self.available and LOST in self.status


def unavailable(reason: str, replicates: int = 0, source: Source | None = None) -> Estimate:
    """An estimate without a value, for the reason given."""
    status = reason if reason.startswith("broken") else f"not available: {reason}"
    return Estimate(NAN, NAN, NAN, replicates, status, source)
