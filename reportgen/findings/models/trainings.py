"""One model trained several times: from other initial parameters, in another order, with other noise.

Trainings of a model differ only in their seed. A model is described by the mean over them, whose interval
has two sources: other trainings would have another mean, and so would other images. With x_si the number
for training s and image i, S trainings and I images,

    half-width² = t²(S−1) · V_s + t²(I−1) · max(V_i − V_si, 0),

where V_s is the variance of the trainings' means divided by S, V_i that of the images' means divided by I,
and V_si the residual mean square divided by S · I, which V_s contains as well. Half-widths of independent
parts add as squares (Howe 1974, J. Am. Stat. Assoc. 69); the two crossed factors are separated as in
Cornfield & Tukey 1956, Ann. Math. Statist. 27. For one training the interval is over images only, with the
network held fixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import Quantity
from reportgen.jackknife import t_quantile
from reportgen.plan import JudgementCell, model_of
from reportgen.store.records import JudgementRecord

Array = NDArray[np.float64]
Trainings = Sequence[JudgementRecord]
"""Judgements of one model at one checkpoint, one per training."""


MOST = 100
"""The most trainings that are ever suggested."""
WHOLE = 1.0 / math.sqrt(12.0)
"""Standard deviation of the error of rounding to whole numbers (Sheppard 1898)."""


def judged_together(cells: Iterable[JudgementCell]) -> tuple[tuple[JudgementCell, ...], ...]:
    """Cells grouped by model and checkpoint, in the order of first appearance."""
    found: dict[str, list[JudgementCell]] = {}
    for cell in cells:
        place = repr((sorted(model_of(cell.setting).items()), cell.checkpoint))
        found.setdefault(place, []).append(cell)
    return tuple(map(tuple, found.values()))


def paired(first: Trainings, second: Trainings) -> tuple[Trainings, Trainings]:
    """The trainings of two models from the same seeds, in the order of the first's.

    Raises if there is no such pair, or only one although both models have several trainings: the interval of
    one pair would be over images only, and it need not differ as the means do.
    """
    theirs = {record.setting.get(TRAINING_SEED): record for record in second}
    shared = [record for record in first if record.setting.get(TRAINING_SEED) in theirs]
    if not shared:
        raise NotAvailableError(f"no training of the one has the {TRAINING_SEED} of a training of the other")
    if len(shared) < 2 <= min(len(first), len(second)):
        raise NotAvailableError(f"one training alone of each has a {TRAINING_SEED} that both models have")
    return shared, [theirs[record.setting.get(TRAINING_SEED)] for record in shared]


def shared_images(records: Trainings) -> list[int]:
    """Images on which all of them were judged, ascending. Raises if there are fewer than two."""
    images = sorted(set.intersection(*(set(record.images) for record in records)))
    if len(images) < 2:
        raise NotAvailableError(f"needs 2 images that all models were judged on, found {len(images)}")
    return images


@dataclass(frozen=True)
class MeanOverImages:
    """The mean of numbers given for each training and image."""

    values: Array
    """[S I]"""

    @property
    def value(self) -> float:
        """Mean over trainings and images."""
        return float(self.values.mean())

    def interval(self, level: float) -> tuple[float, float]:
        """Interval over the choice of images and, with several, of trainings; see the module's docstring."""
        by_image, by_training = self._variances
        half = self._half_width(by_image, by_training, len(self.values), level)
        return self.value - half, self.value + half

    def trainings_to_tell(self, bound: float, level: float) -> int | None:
        """The fewest trainings whose interval would exclude `bound`, given their present spread and mean.

        ``MOST + 1`` if `MOST` would not suffice; None if no number would, because there are too few images.
        """
        by_image, by_training = self._variances
        distance = abs(self.value - bound)
        if self._half_width(by_image, 0.0, 1, level) >= distance:
            return None
        wanted = range(len(self.values), MOST + 1)
        halves = ((s, self._half_width(by_image, by_training, s, level)) for s in wanted)
        return next((s for s, half in halves if half < distance), MOST + 1)

    @property
    def _variances(self) -> tuple[float, float]:
        """Variance of the mean due to images, and variance between trainings, 0 if there is only one."""
        trainings, images = self.values.shape
        of_trainings, of_images = self.values.mean(1), self.values.mean(0)
        by_image = float(of_images.var(ddof=1)) / images
        if trainings < 2:
            return by_image, 0.0
        rest = self.values - of_trainings[:, None] - of_images + self.value
        chance = float((rest**2).sum()) / ((trainings - 1) * (images - 1)) / (trainings * images)
        return max(by_image - chance, 0.0), float(of_trainings.var(ddof=1))

    def _half_width(self, by_image: float, by_training: float, trainings: int, level: float) -> float:
        reach = t_quantile(level, self.values.shape[1] - 1) * math.sqrt(by_image)
        if by_training == 0.0:
            return reach
        return math.hypot(reach, t_quantile(level, trainings - 1) * math.sqrt(by_training / trainings))


@dataclass(frozen=True)
class DeviationOverTrainings:
    """The standard deviation of a number between trainings."""

    values: Array
    """One per training, [S] with S ≥ 2."""

    @property
    def value(self) -> float:
        """Standard deviation of single trainings, not of their mean."""
        return float(self.values.std(ddof=1))

    def interval(self, level: float) -> tuple[float, float]:
        """Interval from χ² with S − 1 degrees of freedom, as for normal numbers."""
        degrees = len(self.values) - 1
        ends = special.chdtri(degrees, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
        low, high = self.value * np.sqrt(degrees / ends)
        return float(low), float(high)


@dataclass(frozen=True)
class MeanOverTrainings:
    """The mean over two or more trainings of counts, each with its own interval over images."""

    each: tuple[Quantity, ...]
    ends: tuple[float, float] = (-math.inf, math.inf)
    """Least and largest value that the mean can have."""

    @property
    def value(self) -> float:
        """Mean over the trainings."""
        return float(np.mean([one.value for one in self.each]))

    def interval(self, level: float) -> tuple[float, float]:
        """On either side, the mean reach over images and the reach over trainings, added as squares.

        Counts of a few trainings often agree by chance, so their deviation is taken to be at least `WHOLE`.
        """
        count = len(self.each)
        spread = max(float(np.std([one.value for one in self.each], ddof=1)), WHOLE)
        reach = t_quantile(level, count - 1) * spread / math.sqrt(count)
        ends = np.mean([one.interval(level) for one in self.each], axis=0)
        below, above = self.value - float(ends[0]), float(ends[1]) - self.value
        low, high = self.value - math.hypot(below, reach), self.value + math.hypot(above, reach)
        return max(low, self.ends[0]), min(high, self.ends[1])
