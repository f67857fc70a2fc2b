"""Whether a claim about trained models is about models that are judged."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reportgen.declaration.checks.claim_scopes import value_faults
from reportgen.declaration.claims.tests import EVERYTHING, ClaimTest, Trend, quantities_of, statistic_of
from reportgen.declaration.companions import companions, swept_settings
from reportgen.declaration.complaints import suggestion
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.train import TRAINING_SEED

_LAYER = re.compile(r"layer[1-9]\d*")


def model_faults(experiment: Experiment, test: ClaimTest) -> Iterator[str]:
    """The claim's models are judged, at its checkpoints and settings; only active units are by layer."""
    if experiment.judge is None:
        yield f"{_name(test)} is of judged models, and there is no judge. Add `judge: {{}}`."
        return
    if test.objective is not None:
        yield (
            f"{_name(test)} is of a trained model, whatever gradient is measured, got under "
            f"{test.objective}. Write 'at train.objective {test.objective}', or remove it."
        )
    if test.group != EVERYTHING and (_name(test) != "active_units" or not _LAYER.fullmatch(test.group)):
        yield (
            f"'in {test.group}' names no stochastic layer of active_units. "
            "Write active_units … in layer1, or remove it."
        )
    yield from _scope_faults(experiment, test)
    if isinstance(test.comparison, Trend):
        yield from _trend_faults(experiment, test, test.comparison)


def _name(test: ClaimTest) -> str:
    if isinstance(test.comparison, Trend):
        return test.comparison.statistic
    return next(statistic_of(of).name for of in quantities_of(test.comparison))


def _scope_faults(experiment: Experiment, test: ClaimTest) -> Iterator[str]:
    judged = experiment.judged_checkpoints
    for scope in test.scopes:
        if scope.over != "checkpoint":
            yield from value_faults(experiment, scope)
        elif scope.quantifier == "at" and scope.number not in judged:
            yield f"no model is judged at checkpoint {scope.number}, only at {list(judged)}. Use one."
        elif scope.quantifier == "after" and not any(epoch > (scope.number or 0) for epoch in judged):
            yield f"no model is judged after checkpoint {scope.number}, only at {list(judged)}. Use one."


def _trend_faults(experiment: Experiment, test: ClaimTest, trend: Trend) -> Iterator[str]:
    over, swept = trend.over, experiment.swept
    if over not in swept:
        yield f"{over!r} is not swept, and a trend runs along a swept setting. {suggestion(over, swept)}"
        return
    if over == TRAINING_SEED:
        yield f"{over} is in no order, so there is no trend along it. Use another setting."
    elif any(scope.over == over for scope in test.scopes):
        yield f"{over} is what the trend runs along, got a scope over it too. Remove the scope."
    elif not _has_step(experiment, test, over):
        yield (
            f"a trend needs two values of {over} with everything else alike, and the sweep has none "
            f"where this claim looks. Add values to sweep.{over}."
        )


def _has_step(experiment: Experiment, test: ClaimTest, over: str) -> bool:
    """Whether the sweep runs two values of a setting, companions aside, at the same values of the rest."""
    fixed = [scope for scope in test.scopes if scope.fixes]
    aside = {over, *companions(experiment, over)}
    seen: dict[str, set[str]] = {}
    for setting in swept_settings(experiment):
        if over in setting and all(s.over in setting and s.holds(setting[s.over]) for s in fixed):
            others = sorted((path, repr(value)) for path, value in setting.items() if path not in aside)
            seen.setdefault(repr(others), set()).add(repr(setting[over]))
    return any(len(values) > 1 for values in seen.values())
