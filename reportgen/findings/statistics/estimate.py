"""A number with its interval, or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

NAN = float("nan")
LOST = "lost in the"
"""In the reason of every number that is not available because noise covers it: lost in the noise."""


Rows = tuple[tuple[str, tuple[str, ...]], ...]
"""Column of results.csv → the values that the rows have there."""


class Source(Protocol):
    """Where an estimate comes from."""

    def rows(self) -> Rows:
        """The rows it is, or was made of: those with one of the values in each of the columns."""
        ...


class NotAvailableError(Exception):
    """A statistic cannot be made from what was measured; the message says why.

    It never leaves this room: it becomes an `Estimate` without a value.
    """


@dataclass(frozen=True)
class Estimate:
    """A statistic and its 95 % interval.

    `value` is NaN where it is not available, and then `status` says why;
    `low` and `high` are NaN where a number has no interval (a p-value, a
    timing) and equal to `value` where it is known exactly.
    """

    value: float
    low: float = NAN
    high: float = NAN
    replicates: int = 0
    """Independent replicates of each image's estimate; the fewer of two arms compared."""
    status: str = "met"
    """``met``, ``budget`` or ``control`` as the arm was measured (the worst of several), or
    ``broken: …``, ``not available: …``."""
    source: Source | None = field(default=None, compare=False, repr=False)
    """Where it comes from, where that is known: the same number from elsewhere is the same number."""

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
        """Whether it is not available because its own noise covers it: with other draws it might be."""
        return not self.available and LOST in self.status


def unavailable(reason: str, replicates: int = 0, source: Source | None = None) -> Estimate:
    """No value, and why."""
    status = reason if reason.startswith("broken") else f"not available: {reason}"
    return Estimate(NAN, NAN, NAN, replicates, status, source)
