"""Checks published.json against the declaration and results.csv, and against that of a second run."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from reportgen.declaration import Experiment
from reportgen.declaration.claims.tests import scalar_text
from reportgen.declaration.dotted import cell_text
from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings import Row, verdicts
from reportgen.findings.finished import MANIFEST, PUBLISHED
from reportgen.findings.models.activity import EVERYTHING
from reportgen.findings.models.published import DECLARED, published_data
from reportgen.findings.models.rows import EVERY, MODEL
from reportgen.findings.models.table import judged_models
from reportgen.findings.models.verdict import NOT_JUDGED, NOT_REPRODUCED, NOT_RUN, REPRODUCED, VERDICTS
from reportgen.plan import make_plan
from reportgen.verification.agreement import ROUNDING

OURS = ("estimate", "ci_low", "ci_high")
THEIRS = ("difference", "difference_low", "difference_high")

Entry = Mapping[str, Any]


def read_published(content: bytes | None, experiment: Experiment) -> tuple[Entry, ...]:
    """The entries of published.json. Raises ValueError if it is damaged, missing, or should not be there."""
    if (content is None) != (experiment.published is None):
        raise ValueError("the declaration has published numbers, or it has none")
    entries = [] if content is None else json.loads(content)
    if not (isinstance(entries, list) and all(map(_is_entry, entries))):
        raise ValueError("no list of entries, each with its setting and verdict")
    return tuple(entries)


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("setting"), dict)
        and isinstance(entry.get("verdict"), str)
    )


def place_of(entry: Entry) -> str:
    """The published cell that an entry is about: ``train.objective iwae, train.num_samples 50``."""
    return ", ".join(f"{path} {scalar_text(value)}" for path, value in entry["setting"].items())


def as_verdicts(entries: Iterable[Entry]) -> list[Mapping[str, str]]:
    """The verdicts of entries, in the form of those of claims."""
    return [{"id": place_of(entry), "verdict": entry["verdict"]} for entry in entries]


def otherwise_trained(reported: Iterable[Entry], again: Iterable[Entry]) -> set[str]:
    """Places of models of which the two runs have different numbers of trainings, as a stopped run has."""
    known = {place_of(entry): entry["trainings"] for entry in reported}
    return {place for entry in again if known.get(place := place_of(entry)) != entry["trainings"]}


def published_faults(
    experiment: Experiment, rows: Sequence[Row], entries: Sequence[Entry], causes: Collection[str]
) -> Iterator[str]:
    """What published.json says that declaration.yaml, results.csv or manifest.json contradict.

    `causes` are those that the manifest gives for cells that broke or were not finished.
    """
    if experiment.published is None:
        return
    models = judged_models(experiment, make_plan(experiment), {}, {})
    told = [of for of in models if of.published is not None]
    plain = json.loads(json.dumps(published_data(experiment, models)))
    compared = experiment.published.comparable is None
    declared = {
        place_of(entry): {
            **entry,
            "epochs": of.budget and of.budget.epochs,
            "compared": compared,
            "trainings": len(of.cells),
        }
        for entry, of in zip(plain, told, strict=True)
    }
    found = {place_of(entry): entry for entry in entries}
    if len(found) < len(entries):
        raise ValueError("a published number stands twice")
    yield from (f"{PUBLISHED}: {place}: is not declared" for place in found.keys() - declared.keys())
    yield from (f"{PUBLISHED}: lacks {place}" for place in declared.keys() - found.keys())
    for place, entry in found.items():
        if place in declared:
            said = (
                *_not_as_declared(entry, declared[place]),
                *_not_as_measured(entry, rows),
                *_other_cause(entry, declared[place], experiment.published.comparable, causes),
            )
            yield from (f"{PUBLISHED}: {place}: {text}" for text in said)


def _not_as_declared(entry: Entry, declared: Entry) -> Iterator[str]:
    for name in DECLARED:
        if entry[name] != declared[name]:
            yield f"says {name} {entry[name]!r}, and declaration.yaml gives {declared[name]!r}"
    epochs = declared["epochs"] if entry["trainings"] else None
    if entry["epochs"] != epochs:
        yield f"says epochs {entry['epochs']!r}, and declaration.yaml gives {epochs!r}"
    if entry["trainings"] and (entry["verdict"] == NOT_JUDGED) == declared["compared"]:
        may = "may" if declared["compared"] else "must not"
        yield f"says {entry['verdict']}, and declaration.yaml that the two {may} be compared"


def _other_cause(
    entry: Entry, declared: Entry, comparable: str | None, causes: Collection[str]
) -> Iterator[str]:
    """A cause for a missing or unjudged number that neither the declaration nor the manifest has."""
    if not declared["trainings"]:
        known: Collection[str | None] = (declared["cause"],)
    elif entry["trainings"] < declared["trainings"]:
        known = causes
    else:
        known = (comparable,)
    if entry["cause"] not in known:
        yield f"says cause {entry['cause']!r}, which neither declaration.yaml nor {MANIFEST} gives"


def _not_as_measured(entry: Entry, rows: Sequence[Row]) -> Iterator[str]:
    """Faults of our number against its row, and of the difference and the verdict against our number."""
    of_each, mean = _rows_of(entry, rows)
    if len(of_each) != entry["trainings"]:
        yield f"says trainings {entry['trainings']!r}, and results.csv has {len(of_each)}"
    row = mean or next(iter(of_each), None)
    told = (math.nan,) * 3 if row is None else (row.value, row.ci_low, row.ci_high)
    for name, value in zip(OURS, told, strict=True):
        if not _same(entry[name], value):
            yield f"says {name} {entry[name]!r}, and results.csv gives {value!r}"
    compared = entry["verdict"] != NOT_JUDGED
    for name, ours in zip(THEIRS, OURS, strict=True):
        value = entry[ours] - entry["published"] if compared and entry[ours] is not None else math.nan
        if not _same(entry[name], value):
            yield f"says {name} {entry[name]!r}, which ours less the published number is not"
    if not _may_be(entry):
        yield f"says {entry['verdict']}, which its interval denies"


def _rows_of(entry: Entry, rows: Sequence[Row]) -> tuple[Sequence[Row], Row | None]:
    """The rows of the trainings that were judged, and that of the mean over them, if there are several."""
    wanted = {name: cell_text(value) for name, value in entry["setting"].items()}
    found = [
        row
        for row in rows
        if (row.estimator, row.statistic, row.group) == (MODEL, entry["quantity"], EVERYTHING)
        and row.checkpoint == entry["checkpoint"]
        and not math.isnan(row.value)
        and all(cell_text(row.setting.get(name)) == value for name, value in wanted.items())
    ]
    mean = next((row for row in found if row.setting.get(TRAINING_SEED) == EVERY), None)
    return [row for row in found if row is not mean], mean


def _same(told: float | None, value: float) -> bool:
    if told is None or math.isnan(value):
        return told is None and math.isnan(value)
    return math.isclose(told, value, rel_tol=ROUNDING, abs_tol=ROUNDING)


def _may_be(entry: Entry) -> bool:
    """Whether a verdict fits the interval; orderings, which pairs of models decide, are in no row."""
    word = entry["verdict"]
    if word not in VERDICTS or (word == NOT_RUN) != (entry["trainings"] == 0):
        return False
    if word in (NOT_RUN, NOT_JUDGED):
        return True
    low, high = (math.nan if entry[name] is None else entry[name] for name in THEIRS[1:])
    told = verdicts.inside(low, high, -entry["within"], entry["within"])
    if (word == REPRODUCED) != (told == verdicts.CONFIRMED):
        return False
    return word != NOT_REPRODUCED or told == verdicts.REFUTED
