"""Compares the numbers of a report with those of a second run, one by one.

If nothing differs that numbers may depend on (engine, seed, data, settings,
machine, versions), they repeat to the bit, and one that does not is
*different*. Otherwise they are judged as by `reportgen compare`
(`reportgen.findings.drift`): the difference is compared with both intervals,
corrected over all numbers, those of claims included.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.findings import Estimate, Row, drift, verdicts
from reportgen.findings.drift import NumberDrift

IDENTICAL, EQUIVALENT, DIFFERENT = "identical", "statistically equivalent", "different"
UNDECIDED, NOT_JUDGED = "undecided", "not judged"
STANDINGS = (IDENTICAL, EQUIVALENT, DIFFERENT, UNDECIDED, NOT_JUDGED)

ENDS = ("simultaneous_low", "simultaneous_high", "p_value")
"""Numbers of a comparison, beside its estimate; they have no intervals of their own."""


@dataclass(frozen=True)
class Number:
    """A number of results.csv or claims.json, and the same number of the second run."""

    found: NumberDrift
    standing: str
    line: int | None
    """Its line in results.csv; None for a number of claims.json, or of the second run alone."""

    @property
    def file(self) -> str:
        """The file it is in."""
        return "claims.json" if self.found.row.experiment == "" else "results.csv"


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim or a published number, then and now; None if one of the runs lacks it."""

    id: str
    reported: str | None
    again: str | None
    standing: str


def compare(
    reported: Sequence[Row],
    again: Sequence[Row],
    claims: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]],
    images: int | None,
    *,
    promised: bool,
    quick: bool = False,
    same_commit: bool = True,
) -> tuple[Number, ...]:
    """Every number of both runs, in the second run's order, what that one lacks last.

    `claims` are those of both. What a `quick` second run cannot tell with its fewer draws is not judged; nor
    are statistics that the report has nowhere, if another commit wrote it.
    """
    old, new = ((*rows, *claim_rows(of)) for rows, of in zip((reported, again), claims, strict=True))
    lines = {_place(row): number for number, row in enumerate(reported, start=2)}
    made = {_comparison(row) for row in claim_rows(claims[1])} if quick else set()
    later = set() if same_commit else {row.statistic for row in again} - {row.statistic for row in reported}
    return tuple(
        Number(
            found,
            NOT_JUDGED
            if (quick and _untold(found, made)) or found.row.statistic in later
            else _standing(found, promised),
            None if found.old is None else lines.get(_place(found.row)),
        )
        for found in drift.compare_numbers(old, new, images)
    )


def compare_verdicts(
    reported: Sequence[Mapping[str, Any]],
    again: Sequence[Mapping[str, Any]],
    *,
    promised: bool,
    open_words: Collection[str] = (verdicts.UNDECIDED,),
    of_others: Collection[str] = (),
) -> tuple[Verdict, ...]:
    """Every claim with both verdicts. An open verdict contradicts no other, unless `promised` to be the same.

    Nor does a verdict on one of `of_others`, ids of numbers for which the two runs have different models.
    """
    found = []
    for claim in drift.compare_claims(reported, again):
        standing = DIFFERENT
        if claim.status == drift.IDENTICAL:
            standing = IDENTICAL
        elif not promised and (claim.id in of_others or {claim.old, claim.new} & set(open_words)):
            standing = UNDECIDED
        found.append(Verdict(claim.id, claim.old, claim.new, standing))
    return tuple(found)


def claim_rows(claims: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """The numbers of claims.json as rows: `objective` is the claim, `num_samples` the comparison's place."""
    for claim in claims:
        yield _row(claim["id"], "", 0, 0, claim["effect"], claim, {})
        level = dict.fromkeys(("estimate", "ci_low", "ci_high"), claim["simultaneous_level"])
        yield _row(claim["id"], "", 0, 0, "simultaneous_level", level, {})
        for index, made in enumerate(claim["comparisons"], start=1):
            about = claim["id"], made["comparison"], index, int(made["checkpoint"])
            setting = {name: str(value) for name, value in made["setting"].items()}
            yield _row(*about, made["effect"], made, setting)
            for name in ENDS:
                if made[name] is not None:
                    yield _row(*about, name, {"estimate": made[name]}, setting)


def _row(
    claim: str,
    comparison: str,
    index: int,
    checkpoint: int,
    effect: str,
    of: Mapping[str, Any],
    setting: Mapping[str, str],
) -> Row:
    value, low, high = (
        math.nan if of.get(name) is None else float(of[name]) for name in ("estimate", "ci_low", "ci_high")
    )
    status = str(of.get("status") or of.get("cause") or "met")
    return Row(
        "", "", "", claim, comparison, index, checkpoint, "", effect.replace(" ", "_"), value, low, high, 0,
        status, setting,
    )  # fmt: skip


def _comparison(row: Row) -> tuple[object, ...]:
    """Identifies the comparison of a claim that a number of claims.json belongs to."""
    return row.experiment, row.objective, row.estimator, row.num_samples, row.checkpoint


def _untold(found: NumberDrift, made: Collection[tuple[object, ...]]) -> bool:
    """Whether a number is missing for too few draws: noise covers it, or an interval has no end."""
    if found.new is None:
        return found.row.statistic in ENDS and _comparison(found.row) in made
    return not found.new.available and not found.newly_broken and found.status != drift.IDENTICAL


def _standing(found: NumberDrift, promised: bool) -> str:
    timed = found.row.statistic in drift.TIMED
    if promised and _told(found.old) != _told(found.new):
        return DIFFERENT
    if found.status == drift.IDENTICAL:
        return NOT_JUDGED if timed else IDENTICAL  # timings are copied from the report, not measured again
    if promised:
        return DIFFERENT
    if timed or (found.new is None and found.old is not None and not found.old.available):
        return NOT_JUDGED  # the report has no number of an unfinished cell
    if found.status in drift.DRIFT:
        return DIFFERENT
    return EQUIVALENT if found.status == drift.EQUIVALENT else NOT_JUDGED


def _told(estimate: Estimate | None) -> tuple[int, str] | None:
    """What is given beside a number and repeats with it: its replicates, and how its measurement ended."""
    return None if estimate is None else (estimate.replicates, estimate.status)


def _place(row: Row) -> tuple[object, ...]:
    return (*(getattr(row, name) for name in PLACE), *map(str, row.setting.values()))


PLACE = ("experiment", "dataset", "objective", "estimator", "num_samples", "checkpoint", "group", "statistic")
