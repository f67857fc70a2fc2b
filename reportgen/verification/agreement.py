"""Checks claims.json against the declaration and results.csv.

A claim must repeat its declaration; numbers that follow from rows of results.csv are computed again from
them, and verdicts that follow from an interval from that interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reportgen.declaration import Experiment
from reportgen.declaration.claims.tests import (
    Contrast,
    Crossing,
    EqualMeans,
    Equivalence,
    Statistic,
    Threshold,
    Trend,
)
from reportgen.declaration.dotted import cell_text
from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings import Row, verdicts
from reportgen.findings.claims.comparisons import criterion, pieces
from reportgen.findings.claims.judged import labels
from reportgen.findings.models.rows import EVERY, MODEL
from reportgen.findings.statistics.contrasts import RATIOS

DECLARED = ("statement", "quote", "source", "test", "expect")
"""The parts of a claim's declaration that claims.json repeats."""
ROUNDING = 1e-9
"""Relative; for the same arithmetic in another order."""
BETWEEN = 1e-9
"""Most that rounding changes the difference of two numbers of about a hundred (nats or units)."""

Setting = tuple[tuple[str, str], ...]
Place = tuple[str, str, int, Setting]
"""Objective, group, checkpoint and setting of a comparison."""
Key = tuple[str, str, str, str, int, Setting]
Model = tuple[str, str, int, Setting]
"""Statistic, layer, checkpoint and setting of a number of a judged model."""


class Rows:
    """The values of results.csv, looked up as claims name them: an estimator's own K, no constant added."""

    def __init__(self, experiment: Experiment, rows: Sequence[Row]) -> None:
        self.labels = labels(experiment)
        self.samples = {spec.label: spec.num_samples for spec in experiment.estimators}
        self.drawn = {spec.label: spec.num_samples * spec.kind.samples_each for spec in experiment.estimators}
        """Label → samples in an estimate; twice K if each of the K is a pair."""
        self.found: dict[Key, float] = {}
        self.models: dict[Model, Row] = {}
        self.trained: dict[Model, set[str]] = {}
        """Number of a model → seeds of the trainings that have one."""
        places: dict[int, Setting] = {}  # one mapping is the setting of many rows
        for row in rows:
            if id(row.setting) not in places:
                places[id(row.setting)] = _place_of(row)
            place = places[id(row.setting)]
            if row.estimator == MODEL:
                self.models.setdefault((row.statistic, row.group, row.checkpoint, place), row)
            bare = str(row.setting.get("constant", "0.0")) == "0.0"
            if bare and row.num_samples == self.samples.get(row.estimator):
                key = (row.statistic, row.objective, row.estimator, row.group, row.checkpoint)
                self.found.setdefault((*key, place), row.value)
        for (statistic, group, checkpoint, place), row in self.models.items():
            seed = dict(place).get(TRAINING_SEED)
            if seed is not None and not math.isnan(row.value):
                model = (statistic, group, checkpoint, _unseeded(place))
                self.trained.setdefault(model, set()).add(seed)
        self.over_trainings = any((TRAINING_SEED, EVERY) in place for *_, place in self.models)
        """Whether there are means over several trainings of a model."""

    def of_models(self, statistic: str, group: str, checkpoint: int, setting: Setting) -> Sequence[Row]:
        """The row of a model, or the rows of the two models of a step; fewer if one has none."""
        told = dict(setting)
        if self.over_trainings and TRAINING_SEED not in told:
            told[TRAINING_SEED] = EVERY
        ends = [{name: value.split(" → ")[i] for name, value in told.items()} for i in (0, -1)]
        places = dict.fromkeys(tuple(sorted(end.items())) for end in ends)
        found = (self.models.get((statistic, group, checkpoint, place)) for place in places)
        return [row for row in found if row is not None]

    def seeds(self, row: Row) -> set[str]:
        """Seeds of the trainings that a row is about; for a mean, of all trainings that have this number."""
        where = _place_of(row)
        told = dict(where)
        if told.get(TRAINING_SEED) != EVERY:
            return {told.get(TRAINING_SEED, "")}
        model = (row.statistic, row.group, row.checkpoint, _unseeded(where))
        return self.trained.get(model, set()) - {EVERY}

    def value(self, statistic: Statistic, place: Place) -> float:
        """The value of a statistic; NaN if it does not follow from rows."""
        objective, group, checkpoint, setting = place

        def of(name: str, arm: str, where: str = group) -> float:
            label = self.labels.get(arm, arm)
            return self.found.get((name, objective, label, where, checkpoint, setting), math.nan)

        if statistic.of_model:
            rows = self.of_models(statistic.name, group, checkpoint, setting)
            return rows[0].value if len(rows) == 1 else math.nan
        if statistic.objectives:
            return math.nan
        if statistic.name == "variance_ratio":
            above, below = (of("total_variance", arm) for arm in statistic.arms)
            return above / below if below > 0.0 else math.nan
        if statistic.name == "gap_closed":
            logs = []
            for arm in statistic.arms:
                variance = of("total_variance", arm) * self.drawn.get(self.labels.get(arm, arm), 1)
                logs.append(math.log(variance) if variance > 0.0 else math.nan)
            one, worst, best = logs
            return (worst - one) / (worst - best) if worst != best else math.nan
        return of(statistic.name, statistic.arms[0]) if len(statistic.arms) == 1 else math.nan


def _place_of(row: Row) -> Setting:
    """The setting of a model's row."""
    return tuple(sorted((name, str(value)) for name, value in row.setting.items() if name != "constant"))


def _unseeded(place: Setting) -> Setting:
    return tuple((name, value) for name, value in place if name != TRAINING_SEED)


def disagreements(
    experiment: Experiment, rows: Sequence[Row], claims: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Sentences on what claims.json says that results.csv or declaration.yaml contradict."""
    table = Rows(experiment, rows)
    declared = {claim.id: claim for claim in experiment.claims}
    if len({claim["id"] for claim in claims}) < len(claims):
        raise ValueError("a claim stands twice")
    for claim in claims:
        name = claim["id"]
        if name not in declared:
            yield f"claims.json: {name} is not a claim of declaration.yaml"
            continue
        yield from _of_claim(table, declared[name], claim, experiment.objective[0])
    yield from (
        f"claims.json: lacks {name}, a claim of declaration.yaml"
        for name in declared.keys() - {claim["id"] for claim in claims}
    )


def _of_claim(table: Rows, declared: Any, claim: Mapping[str, Any], usual: str) -> Iterator[str]:
    for field in DECLARED:
        if claim[field] != getattr(declared, field):
            yield f"claims.json: {claim['id']}: its {field} is not that of declaration.yaml"
    if claim["as_expected"] != (claim["verdict"] == declared.expect):
        yield f"claims.json: {claim['id']}: a claim that is {claim['verdict']} has another as_expected"
    test = declared.parsed
    parts = {str(part): part for part in pieces(test.comparison)}
    shown = []
    for made in claim.get("comparisons", ()):
        shown.append((made["estimate"], made["ci_low"], made["ci_high"]))
        part = parts.get(made["comparison"])
        if (verdict := _verdict(part, made)) not in (None, made["verdict"]):
            yield (
                f"claims.json: {claim['id']}, {made['comparison']}, checkpoint {made['checkpoint']}: says "
                f"{made['verdict']}, and its simultaneous interval {verdict}"
            )
        if part is None or made["estimate"] is None:
            continue
        setting = tuple(sorted((name, cell_text(value)) for name, value in made["setting"].items()))
        place = (test.objective or usual, test.group, int(made["checkpoint"]), setting)
        expected, close = _expected(table, part, place), 0.0
        if isinstance(part, Trend):
            expected, close = _change(table, part, made, test.group, setting), BETWEEN
        same = math.isclose(expected, made["estimate"], rel_tol=ROUNDING, abs_tol=close)
        if not math.isnan(expected) and not same:
            where = "".join(f", {path} {value}" for path, value in setting)
            yield (
                f"claims.json: {claim['id']}, {made['comparison']}, checkpoint {made['checkpoint']}{where}: "
                f"says {made['estimate']!r}, and results.csv gives {expected!r}"
            )
    if shown and claim["estimate"] is not None:
        headline = (claim["estimate"], claim["ci_low"], claim["ci_high"])
        if headline not in shown:
            yield f"claims.json: {claim['id']}: {claim['estimate']!r} is what none of its comparisons found"


def _verdict(part: Any, made: Mapping[str, Any]) -> str | None:
    """The verdict by the simultaneous interval; None if it has no ends, or if it alone does not decide."""
    low, high = made["simultaneous_low"], made["simultaneous_high"]
    if None not in (low, high) and isinstance(part, Trend):
        return verdicts.order(">" if part.rising else "<", 0.0).verdict(low, high)
    if None in (low, high) or not isinstance(part, Threshold | Equivalence):
        return None
    return None if isinstance(part.quantity, Crossing) else criterion(part).verdict(low, high)


def _change(table: Rows, part: Trend, made: Mapping[str, Any], group: str, setting: Setting) -> float:
    """The change of a statistic between two models that were judged alike; NaN if it is not known."""
    rows = table.of_models(part.statistic, group, int(made["checkpoint"]), setting)
    if len(rows) != 2 or rows[0].replicates != rows[1].replicates:
        return math.nan
    if table.seeds(rows[0]) != table.seeds(rows[1]):
        return math.nan  # the claim compares trainings of one seed, and the rows are means over others too
    return rows[1].value - rows[0].value


def _expected(table: Rows, part: Any, place: Place) -> float:
    if isinstance(part, Contrast):
        left, right = table.value(part.left, place), table.value(part.right, place)
        if {part.left.name, part.right.name} <= RATIOS and left > 0.0 and right > 0.0:
            return left / right
        return left - right
    if isinstance(part, EqualMeans):
        return math.nan  # rows do not say which of the two is the reference
    if isinstance(part, Threshold | Equivalence) and isinstance(part.quantity, Statistic):
        return table.value(part.quantity, place)
    return math.nan
