"""The verdict on a published number.

It is *reproduced* if the interval of the difference lies within the declared
margin. Otherwise its orderings in the table may still hold. A cell has an
ordering with every other cell whose published number differs from its own by more
than the half-width of our paired interval; it holds if ours differ the same way,
with an interval that excludes 0. The intervals of all orderings of the table hold
together at 95 % (Bonferroni). If all of a cell's orderings hold, it has the *right
ordering*. Two cells of one training that share their number are one cell, so a
pair is counted once. Otherwise the number is *not reproduced* if the difference
surely exceeds the margin, and *undecided* if it may not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from reportgen.findings import verdicts
from reportgen.findings.models.statistics import difference_of
from reportgen.findings.models.trainings import Trainings
from reportgen.findings.statistics.estimate import Estimate

REPRODUCED = "reproduced"
ORDERED = "right ordering"
NOT_REPRODUCED = "not reproduced"
UNDECIDED = "undecided"
NOT_RUN = "not run"
NOT_JUDGED = "not judged"
VERDICTS = (REPRODUCED, ORDERED, NOT_REPRODUCED, UNDECIDED, NOT_RUN, NOT_JUDGED)
UNTOLD = (UNDECIDED, NOT_RUN)
"""Verdicts that contradict no other verdict."""
OPEN = (*UNTOLD, ORDERED)
"""The same for a run that was stopped, whose orderings cover only the models that it has."""

FAMILY_ERROR = 0.05

Cell = tuple[tuple[str, ...], int, float]
"""Keys of a model's trainings, checkpoint, published number."""


@dataclass(frozen=True)
class Orderings:
    """Counts of a cell's or a table's orderings: those that hold, all, and those surely reversed."""

    held: int = 0
    looked_at: int = 0
    reversed: int = 0

    @property
    def undecided(self) -> int:
        """Number of orderings that may hold or be reversed."""
        return self.looked_at - self.held - self.reversed

    @property
    def all_hold(self) -> bool:
        """Whether there is at least one, and all hold."""
        return 0 < self.looked_at == self.held


def verdict(difference: Estimate, within: float, orderings: Orderings) -> str:
    """Verdict on a published cell whose model was judged; `difference` is ours minus the published number."""
    if not difference.has_interval:
        return UNDECIDED
    told = verdicts.inside(difference.low, difference.high, -within, within)
    if told == verdicts.CONFIRMED:
        return REPRODUCED
    if orderings.all_hold:
        return ORDERED
    return NOT_REPRODUCED if told == verdicts.REFUTED else UNDECIDED


def orderings(models: Sequence[Trainings], published: Sequence[float | None]) -> tuple[Orderings, ...]:
    """Orderings of every cell, in the table's order; none for cells without a judged training or a number."""
    cells, ways = _cells(models, published), _ways(models, published)
    return tuple(_counted([way for pair, way in ways.items() if cell in pair]) for cell in cells)


def orderings_of_all(models: Sequence[Trainings], published: Sequence[float | None]) -> Orderings:
    """Orderings of the whole table, counting each pair once."""
    return _counted(list(_ways(models, published).values()))


def _cells(models: Sequence[Trainings], published: Sequence[float | None]) -> list[Cell | None]:
    """Identity of each cell of the table: a model, and the number published for it.

    Cells that share a training have one identity, though not every training need be judged in each.
    """
    found: list[Cell | None] = []
    for model, number in zip(models, published, strict=True):
        if not model or number is None:
            found.append(None)
            continue
        own = {record.training_key for record in model}
        place = (model[0].checkpoint, number)
        known = (cell for cell in found if cell is not None and cell[1:] == place)
        same = next((cell for cell in known if not own.isdisjoint(cell[0])), None)
        found.append(same or (tuple(record.training_key for record in model), *place))
    return found


def _ways(
    models: Sequence[Trainings], published: Sequence[float | None]
) -> Mapping[tuple[Cell, Cell], int | None]:
    """For every two different cells: 1 if ours surely differ as the published ones do, −1 if the other way.

    0 if that is not decided; None if the interval's half-width could hide the published difference.
    """
    known: dict[Cell, Trainings] = {}
    for cell, model in zip(_cells(models, published), models, strict=True):
        if cell is not None and len(model) > len(known.get(cell, ())):
            known[cell] = model
    pairs = list(combinations(known, 2))
    level = 1.0 - FAMILY_ERROR / max(len(pairs), 1)
    return {(a, b): _way(known[a], known[b], a[-1] - b[-1], level) for a, b in pairs}


def _way(first: Trainings, second: Trainings, theirs: float, level: float) -> int | None:
    ours = difference_of(first, second, level)
    if not ours.has_interval or abs(theirs) <= (ours.high - ours.low) / 2.0:
        return None
    sign = (ours.low > 0.0) - (ours.high < 0.0)
    return sign if theirs > 0.0 else -sign


def _counted(ways: Sequence[int | None]) -> Orderings:
    seen = [way for way in ways if way is not None]
    return Orderings(seen.count(1), len(seen), seen.count(-1))
