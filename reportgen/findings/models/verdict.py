"""What became of a published number.

It is *reproduced* where the interval of the difference lies within the margin
declared. Where it does not, the table may still stand: its orderings may hold.
An ordering of this cell is another cell of the table from which the published
numbers differ by more than our paired interval can hide; it holds where ours
differ the same way, with an interval that excludes 0, all orderings of the
table together at 95 % (Bonferroni). Where all of a cell's orderings hold, it
has the *right ordering*. Else it is *not reproduced* if the difference surely
exceeds the margin, and *undecided* if it may not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reportgen.findings import verdicts
from reportgen.findings.estimate import Estimate
from reportgen.findings.models.statistics import difference_of
from reportgen.store.records import JudgementRecord

REPRODUCED = "reproduced"
ORDERED = "right ordering"
NOT_REPRODUCED = "not reproduced"
UNDECIDED = "undecided"
NOT_RUN = "not run"
NOT_JUDGED = "not judged"
VERDICTS = (REPRODUCED, ORDERED, NOT_REPRODUCED, UNDECIDED, NOT_RUN, NOT_JUDGED)

FAMILY_ERROR = 0.05


@dataclass(frozen=True)
class Orderings:
    """Of one cell: how many could be looked at, and how many hold."""

    held: int = 0
    looked_at: int = 0

    @property
    def all_hold(self) -> bool:
        """Whether there is one, and none fails."""
        return 0 < self.looked_at == self.held


def verdict(difference: Estimate, within: float, orderings: Orderings) -> str:
    """Of a published cell whose model was judged; `difference` is ours minus the published number."""
    if not difference.has_interval:
        return UNDECIDED
    told = verdicts.inside(difference.low, difference.high, -within, within)
    if told == verdicts.CONFIRMED:
        return REPRODUCED
    if orderings.all_hold:
        return ORDERED
    return NOT_REPRODUCED if told == verdicts.REFUTED else UNDECIDED


def orderings(
    models: Sequence[JudgementRecord | None], published: Sequence[float | None]
) -> tuple[Orderings, ...]:
    """Of every cell of a table, in its order; a cell without a model, or without a number, has none."""
    pairs = [
        (i, j)
        for j in range(len(models))
        for i in range(j)
        if models[i] is not None and models[j] is not None
        if published[i] is not None and published[j] is not None
    ]
    level = 1.0 - FAMILY_ERROR / max(len(pairs), 1)
    told = {pair: _holds(models, published, pair, level) for pair in pairs}
    return tuple(_of_cell(i, told) for i in range(len(models)))


def _holds(
    models: Sequence[JudgementRecord | None],
    published: Sequence[float | None],
    pair: tuple[int, int],
    level: float,
) -> bool | None:
    """Whether ours differ as the published ones do; None where the interval could hide as much."""
    i, j = pair
    first, second, a, b = models[i], models[j], published[i], published[j]
    assert first is not None and second is not None and a is not None and b is not None
    ours, theirs = difference_of(first, second, level), a - b
    if not ours.has_interval or abs(theirs) <= (ours.high - ours.low) / 2.0:
        return None
    return ours.low > 0.0 if theirs > 0.0 else ours.high < 0.0


def _of_cell(cell: int, told: Mapping[tuple[int, int], bool | None]) -> Orderings:
    mine = [holds for pair, holds in told.items() if cell in pair and holds is not None]
    return Orderings(sum(mine), len(mine))
