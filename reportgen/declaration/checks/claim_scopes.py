"""Whether an experiment measures anything where a claim is made: checkpoints, swept settings and curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reportgen.declaration.claims.tests import ClaimTest, Crossing, Equivalence, Scope, curve_of, scalar_text
from reportgen.declaration.complaints import describe, suggestion
from reportgen.declaration.dotted import same_value
from reportgen.declaration.experiment import Experiment
from reportgen.declaration.train import TRAINING_SEED


def _settings(experiment: Experiment, test: ClaimTest) -> dict[str, Scope]:
    """Scopes of settings that do not stay at their base value; a curve has every value of its setting."""
    base = experiment.base
    scoped = {
        scope.over: scope
        for scope in test.scopes
        if scope.over in base and not (scope.fixes and scope.holds(base[scope.over]))
    }
    curve = curve_of(test.comparison)
    return scoped if curve is None else {**scoped, curve.over: Scope("every", curve.over)}


def scope_faults(experiment: Experiment, test: ClaimTest) -> Iterator[str]:
    """Scopes name checkpoints that are measured, and settings that are swept, with values that they take."""
    away = bool(_settings(experiment, test))
    measured = experiment.sweep_checkpoints if away else experiment.checkpoints
    owner = "measure.sweep_checkpoints" if away else "train.checkpoints"
    for scope in test.scopes:
        if scope.over != "checkpoint":
            yield from value_faults(experiment, scope)
        elif scope.quantifier == "at" and scope.number not in measured:
            yield f"checkpoint {scope.number} is not in {owner} {list(measured)}. Add it, or use one."
        elif scope.quantifier == "after" and not any(epoch > (scope.number or 0) for epoch in measured):
            yield f"no checkpoint comes after {scope.number} in {owner} {list(measured)}. Use an earlier one."


def value_faults(experiment: Experiment, scope: Scope) -> Iterator[str]:
    """A scope of a setting names one that is swept, and a value that it takes, that of the base included."""
    swept = experiment.swept
    if scope.over not in swept:
        known = suggestion(scope.over, ["checkpoint", *swept])
        yield f"{scope.over!r} is neither 'checkpoint' nor swept. {known}"
    elif scope.fixes and not any(
        scope.holds(value) for value in (*swept[scope.over], experiment.base[scope.over])
    ):
        found = scalar_text(scope.value)
        known = suggestion(found, [scalar_text(value) for value in swept[scope.over]])
        yield f"{scope.over} is not swept over {found}. {known}"


def curve_faults(experiment: Experiment, test: ClaimTest) -> Iterator[str]:
    """A crossover or a slope runs along a setting that is swept over numbers, and that no scope names."""
    curve = curve_of(test.comparison)
    if curve is None:
        return
    crossing = curve if isinstance(curve, Crossing) else None
    over, swept, what = curve.over, experiment.swept, "crossover" if crossing else "slope"
    if any(scope.over == over for scope in test.scopes):
        yield f"{over} is what the {what} runs along, got a scope over it too. Remove the scope."
    if over not in swept:
        yield f"{over!r} is not swept, and a {what} runs along a swept setting. {suggestion(over, swept)}"
        return
    if over == TRAINING_SEED:
        order = "nothing crosses" if crossing else "nothing rises or falls"
        yield f"{over} is in no order, so {order} along it. Use another setting."
        return
    other = [value for value in swept[over] if isinstance(value, bool) or not isinstance(value, int | float)]
    low = [] if other or crossing else [value for value in swept[over] if value <= 0]
    if other:
        yield f"a {what} runs along numbers, got {describe(other[0])} in sweep.{over}. Use another."
    elif low:
        yield f"a slope is on log-log axes, got {low[0]:g} in sweep.{over}. Use values above 0."
    elif len(swept[over]) < 2:
        yield f"a {what} needs at least two values of {over}, got one. Add values to sweep.{over}."
    elif crossing and isinstance(test.comparison, Equivalence):
        least, most = min(swept[over]), max(swept[over])
        if test.comparison.high < least or test.comparison.low > most:
            yield (
                f"a crossover is looked for between the swept values, {least:g} and {most:g}, "
                f"got {test.comparison.value:g}. Add values to sweep.{over}."
            )
    if crossing is None:
        return
    first, second = experiment.find_estimator(crossing.first), experiment.find_estimator(crossing.second)
    if first is not None and first == second:
        yield f"compares {crossing.first} with itself. Name two estimators."


def unreached(experiment: Experiment, test: ClaimTest) -> Iterator[str]:
    """Swept settings without a scope stay at their base value, so the sweep must run there."""
    base, scopes = experiment.base, _settings(experiment, test)
    for path, scope in scopes.items():
        obstacles = [
            _obstacle(base, block, path, scopes)
            for block in experiment.sweep
            if path in block and (not scope.fixes or any(scope.holds(value) for value in block[path]))
        ]
        if obstacles and all(obstacles):
            yield str(obstacles[0])


def _obstacle(
    base: Mapping[str, Any], block: Mapping[str, tuple[Any, ...]], path: str, scopes: Mapping[str, Scope]
) -> str | None:
    """Why one cross product of the sweep has no cell for these scopes."""
    for other, value in base.items():
        scope, values = scopes.get(other), block.get(other, (value,))
        if scope is None and not any(same_value(value, one) for one in values):
            mine, stays = scopes[path], scalar_text(value)
            moves = f"is {scalar_text(mine.value)}" if mine.fixes else "varies"
            return (
                f"{path} {moves} while {other} stays at its base value {stays}, which the sweep does not "
                f"run. Add {stays} to sweep.{other}, or scope it too."
            )
        if scope is not None and scope.fixes and not any(scope.holds(one) for one in values):
            fixed = f"{other} {scalar_text(scope.value)}"
            return f"the sweep does not run {path} where {fixed} is wanted. Sweep both in one block."
    return None
