"""The rows of results.csv that a number is, or was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.estimate import Rows, Source
from reportgen.store.records import JudgementRecord

KEY = 12
"""Number of leading characters of a cell's key by which rows are found."""

MADE_OF_VARIANCES = ("variance_ratio", "objective_ratio", "gap_closed", "constant_effect")
"""Statistics made of the total variances of several arms."""


@dataclass(frozen=True, eq=False)
class OfArms:
    """Statistics of measured arms, or a number made of them.

    A ratio to the reference has its own row; any other number made of several variances is traced to
    those. `num_samples` and `constant` are left out where they are the same for all of the cell's arms.
    """

    statistics: tuple[str, ...]
    group: str
    arms: tuple[MeasuredArm, ...]

    def of(self, statistic: str) -> OfArms:
        """Another statistic of the same arms."""
        return OfArms((statistic,), self.group, self.arms)

    def rows(self) -> Rows:
        """See `Source`."""
        arms, names = self.arms, self.statistics
        if names == ("variance_ratio",) and _to_reference(arms):
            arms = arms[:1]
        elif len(arms) > 1:
            names = tuple("total_variance" if name in MADE_OF_VARIANCES else name for name in names)
        return _distinct(
            {
                "statistic": names,
                "estimator": [arm.about.label for arm in arms],
                "objective": [arm.about.objective for arm in arms],
                "num_samples": [str(arm.about.num_samples) for arm in arms if _several(arm)],
                "constant": [repr(arm.about.constant) for arm in arms if _moved(arm)],
                "group": [self.group],
                "cell": [arm.record.key[:KEY] for arm in arms],
            }
        )


@dataclass(frozen=True, eq=False)
class OfModels:
    """A statistic of judged models, or a number made of those of several."""

    statistic: str
    group: str
    records: tuple[JudgementRecord, ...]
    num_samples: int | None = None
    """k of the bound, for statistics given for several k."""

    def rows(self) -> Rows:
        """See `Source`."""
        return _distinct(
            {
                "statistic": [self.statistic],
                "num_samples": [] if self.num_samples is None else [str(self.num_samples)],
                "group": [self.group],
                "cell": [record.key[:KEY] for record in self.records],
            }
        )


@dataclass(frozen=True, eq=False)
class OfSeveral:
    """Several numbers that are stated once, or that make one number together."""

    sources: tuple[Source, ...]

    def rows(self) -> Rows:
        """See `Source`. All name the same columns."""
        columns: dict[str, list[str]] = {}
        for source in self.sources:
            for name, values in source.rows():
                columns.setdefault(name, []).extend(values)
        return _distinct(columns)


def query(rows: Rows) -> str:
    """The rows as a query in a page's address: ``statistic=total_variance&estimator=pathwise``."""
    return urlencode([(column, value) for column, values in rows for value in values])


def _distinct(columns: Mapping[str, Sequence[str]]) -> Rows:
    return tuple((name, tuple(dict.fromkeys(values))) for name, values in columns.items() if values)


def _to_reference(arms: Sequence[MeasuredArm]) -> bool:
    """Whether these are an arm and the reference with which its own rows compare it."""
    if len(arms) != 2 or arms[0].record is not arms[1].record or not arms[1].about.reference:
        return False
    return arms[0].reference.same_as(arms[1])


def _several(arm: MeasuredArm) -> bool:
    """Whether its label was measured at several K."""
    mine = (arm.about.objective, arm.about.label)
    return len({a.num_samples for a in arm.record.arms if (a.objective, a.label) == mine}) > 1


def _moved(arm: MeasuredArm) -> bool:
    """Whether constants were added to log p in its cell."""
    return any(a.constant for a in arm.record.arms)
