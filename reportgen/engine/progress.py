"""How far a measurement is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureProgress:
    """How far a measurement is."""

    done: float
    """Estimated fraction of the work, 0 … 1."""
    precision: float
    """Largest relative half-width among the arms' total variances."""
    replicates: int
    """Draws a data point so far."""


GRAMS, DRAWS, VARIANCES = 0.25, 0.45, 0.9
"""How far it is once an encoder's Jacobian was computed image by image, all draws were taken, and the
Jacobian was computed again: what is typical of a convolutional network."""


@dataclass
class Stages:
    """Draws, and before and after them a Jacobian computed image by image where there is one, as one work."""

    report: Callable[[MeasureProgress], None]
    last: MeasureProgress = MeasureProgress(0.0, math.inf, 0)
    slow: bool = False
    """Whether there is such a Jacobian."""
    drawn: bool = False

    def jacobian(self, share: float) -> None:
        """So much of the images are done; the first time before the draws, and again after them."""
        self.slow = True
        self._tell(DRAWS + share * (VARIANCES - DRAWS) if self.drawn else share * GRAMS)

    def draws(self, news: MeasureProgress) -> None:
        """News of the draws alone."""
        self.drawn = news.done >= 1.0
        done = GRAMS + news.done * (DRAWS - GRAMS) if self.slow else news.done
        self.last = MeasureProgress(self.last.done, news.precision, news.replicates)
        self._tell(done)

    def finish(self) -> None:
        """All is done, what came after the Jacobian too."""
        if self.slow:
            self._tell(1.0)

    def _tell(self, done: float) -> None:
        self.last = MeasureProgress(max(done, self.last.done), self.last.precision, self.last.replicates)
        self.report(self.last)
