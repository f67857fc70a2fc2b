"""Reporting how far a measurement has come."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureProgress:
    """How far a measurement has come."""

    done: float
    """Estimated fraction of the work, 0 … 1."""
    precision: float
    """Largest relative half-width among the arms' total variances."""
    replicates: int
    """Draws per data point so far."""


GRAMS, DRAWS, VARIANCES = 0.25, 0.45, 0.9
"""Fractions done after an encoder's Jacobian was computed image by image, after all draws, and after the
Jacobian was computed again, as typical of a convolutional network."""


@dataclass
class Stages:
    """Combines progress on draws with progress on a Jacobian that may be computed before and after them."""

    report: Callable[[MeasureProgress], None]
    last: MeasureProgress = MeasureProgress(0.0, math.inf, 0)
    slow: bool = False
    """Whether a Jacobian is computed image by image."""
    drawn: bool = False

    def jacobian(self, share: float) -> None:
        """Report the share of images whose Jacobian is done, before the draws and again after them."""
        self.slow = True
        self._tell(DRAWS + share * (VARIANCES - DRAWS) if self.drawn else share * GRAMS)

    def draws(self, news: MeasureProgress) -> None:
        """Report the progress of the draws."""
        self.drawn = news.done >= 1.0
        done = GRAMS + news.done * (DRAWS - GRAMS) if self.slow else news.done
        self.last = MeasureProgress(self.last.done, news.precision, news.replicates)
        self._tell(done)

    def finish(self) -> None:
        """Report that everything is done, including what follows the Jacobian."""
        if self.slow:
            self._tell(1.0)

    def _tell(self, done: float) -> None:
        self.last = MeasureProgress(max(done, self.last.done), self.last.precision, self.last.replicates)
        self.report(self.last)
