"""Claims about trained models: the models each compares, and its finding for them.

A trend makes one comparison for each two successive values, in the order in
which the declaration sweeps them, between two models that are alike otherwise.
Likelihoods are paired over images and over trainings of the same seed. Active
units cannot be paired over images. If the counts of two single trainings are
equal, the comparison is undecided as long as some unit may be active or not,
and otherwise finds no increase.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from reportgen.declaration.claims.tests import (
    ClaimTest,
    Comparison,
    Equivalence,
    Statistic,
    Threshold,
    Trend,
    quantities_of,
    scalar_text,
    statistic_of,
)
from reportgen.declaration.dotted import same_value
from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings import verdicts
from reportgen.findings.claims.comparisons import ComparisonFinding, blank, criterion, unmade, words
from reportgen.findings.claims.places import holds
from reportgen.findings.models.statistics import change, quantity, replicates
from reportgen.findings.models.trainings import MOST, MeanOverImages, Trainings, judged_together
from reportgen.findings.statistics.estimate import Estimate, NotAvailableError
from reportgen.findings.statistics.jackknife import LEVEL, Quantity
from reportgen.findings.statistics.source import OfModels
from reportgen.plan import JudgementCell, MeasurementCell, Plan, model_of
from reportgen.store.records import JudgementRecord

Model = tuple[JudgementCell, ...]
"""One model at one checkpoint, with one cell per training."""


def model_places(
    plan: Plan, test: ClaimTest, swept: Mapping[str, Sequence[Any]]
) -> tuple[tuple[Model, ...], ...]:
    """The models of each comparison: one judged model, or two successive ones for a trend.

    A setting that no scope names takes every value, except the training's seed:
    the trainings of a model are judged together unless a scope tells them apart.
    """
    cells = [cell for cell in plan.judgements if all(holds(scope, cell) for scope in test.scopes)]
    apart = any(scope.over == TRAINING_SEED for scope in test.scopes)
    models = tuple((cell,) for cell in cells) if apart else judged_together(cells)
    trend = test.comparison
    if not isinstance(trend, Trend):
        return tuple((model,) for model in models)
    over = trend.over
    values = swept[over]
    aside = {over, *_companions(cells, over), *(() if apart else (TRAINING_SEED,))}
    curves: dict[str, list[tuple[int, Model]]] = {}
    for model in models:
        setting = model[0].setting
        at = next((i for i, value in enumerate(values) if same_value(value, setting[over])), None)
        if at is not None:  # the base setting may have a value outside the sweep
            others = sorted((path, repr(of)) for path, of in setting.items() if path not in aside)
            curves.setdefault(repr((model[0].checkpoint, others)), []).append((at, model))
    ordered = [[model for _, model in sorted(curve, key=lambda c: c[0])] for curve in curves.values()]
    return tuple(pair for curve in ordered for pair in pairwise(curve))


def _companions(cells: Sequence[JudgementCell], over: str) -> set[str]:
    """Settings whose values correspond one to one to those of `over`."""
    found = set()
    for path in {path for cell in cells for path in cell.setting}:
        pairs = {(repr(cell.setting[over]), repr(cell.setting[path])) for cell in cells}
        ours, theirs = ({pair[i] for pair in pairs} for i in (0, 1))
        if len(pairs) == len(ours) == len(theirs) > 1:
            found.add(path)
    return found


def judge_models(
    comparison: Comparison, models: Sequence[Trainings], group: str, level: float
) -> ComparisonFinding:
    """Judge one comparison on one model, or on the two models of a trend's step."""
    first, setting = models[0][0], trend_setting(comparison, [setting_of(model) for model in models])
    found = blank(comparison, first.checkpoint, setting, first.base, level)
    try:
        made, effect = _quantity(comparison, models, group)
        low, high = made.interval(level)
        near = made.interval(LEVEL)
    except NotAvailableError as reason:
        return unmade(found, str(reason))
    asked = _asked(comparison)
    verdict = asked.verdict(low, high)
    return replace(
        found,
        effect=effect,
        verdict=verdict,
        estimate=Estimate(made.value, *near, replicates(*models), source=_source(comparison, models, group)),
        low=low,
        high=high,
        bound=asked.bound,
        slack=asked.slack(low, high),
        cause=_lacking(comparison, made, asked.bound, level) if verdict == verdicts.UNDECIDED else None,
    )


def _lacking(comparison: Comparison, made: Quantity, bound: float, level: float) -> str | None:
    """Says whether too few images or trainings left open on which side of a bound a likelihood lies."""
    if not isinstance(made, MeanOverImages) or isinstance(comparison, Equivalence):
        return None
    trainings, images = made.values.shape
    enough = made.trainings_to_tell(bound, level) if trainings > 1 else None
    if enough is None:
        return f"{images} images are too few to tell"
    if enough > MOST:
        return f"{trainings} trainings are too few to tell, and with their spread and mean {MOST} would be"
    return f"{trainings} trainings are too few to tell; with their spread and mean {enough} would be enough"


def setting_of(model: Sequence[MeasurementCell | JudgementCell | JudgementRecord]) -> Mapping[str, Any]:
    """The setting of a model, including the seed if it has only one training."""
    return model_of(model[0].setting) if len(model) > 1 else model[0].setting


def trend_setting(comparison: Comparison, settings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The setting of a comparison; in a trend's step the varied one reads “1 → 5”.

    The seed is left out if one end is a single training and the other the mean of several.
    """
    if not isinstance(comparison, Trend) or len(settings) < 2:
        return settings[0]
    first, second = settings
    return {
        path: value
        if same_value(value, second[path])
        else f"{scalar_text(value)} → {scalar_text(second[path])}"
        for path, value in first.items()
        if path in second
    }


def _quantity(comparison: Comparison, models: Sequence[Trainings], group: str) -> tuple[Quantity, str]:
    """The quantity compared, and its name."""
    if isinstance(comparison, Trend):
        before, after = models
        return change(comparison.statistic, before, after, group), f"change of {words(comparison.statistic)}"
    assert isinstance(comparison, Threshold | Equivalence)
    assert isinstance(comparison.quantity, Statistic)
    name = comparison.quantity.name
    return quantity(name, models[0], group), words(name)


def _source(comparison: Comparison, models: Sequence[Trainings], group: str) -> OfModels:
    """The statistic and records that a comparison of these models uses."""
    records = tuple(record for model in models for record in model)
    if isinstance(comparison, Trend):
        return OfModels(comparison.statistic, group, records)
    (only,) = quantities_of(comparison)
    return OfModels(statistic_of(only).name, group, records)


def _asked(comparison: Comparison) -> verdicts.Criterion:
    """The criterion for the interval; a trend’s step must lie on one side of 0."""
    if isinstance(comparison, Trend):
        return verdicts.order(">" if comparison.rising else "<", 0.0)
    assert isinstance(comparison, Threshold | Equivalence)
    return criterion(comparison)
