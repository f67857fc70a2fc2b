"""Where a claim is judged: the cells of the plan that its scopes select, singly or as curves."""

from __future__ import annotations

from collections.abc import Mapping

from reportgen.declaration.claims.tests import (
    ClaimTest,
    Scope,
    Slope,
    along,
    arms_under,
    curve_of,
    quantities_of,
    statistic_of,
)
from reportgen.declaration.dotted import same_value
from reportgen.plan import JudgementCell, MeasurementCell, Plan

Cells = tuple[MeasurementCell, ...]


def places(plan: Plan, test: ClaimTest, objective: str, names: Mapping[str, str]) -> tuple[Cells, ...]:
    """The cells of each comparison: one, or for a crossover or a slope all those along its setting.

    A curve has at least two cells, so there is none at a checkpoint that is
    measured only in the base setting.
    """
    cells = cells_in_scope(plan, test, objective, names)
    curve = curve_of(test.comparison)
    if curve is None:
        return tuple((cell,) for cell in cells)
    curves: dict[str, list[MeasurementCell]] = {}
    for cell in cells:
        others = sorted((name, value) for name, value in cell.setting.items() if name != curve.over)
        curves.setdefault(repr((cell.checkpoint, others)), []).append(cell)
    return tuple(tuple(cells) for cells in curves.values() if len(cells) > 1)


def cells_in_scope(plan: Plan, test: ClaimTest, objective: str, names: Mapping[str, str]) -> Cells:
    """Cells of the plan that the scopes select and in which the comparison's arms are measured.

    A swept setting that no scope names, and along which no curve runs, stays at
    its base value.
    """
    base = next((cell.setting for cell in plan.measurements if cell.base), {})
    curve = curve_of(test.comparison)
    free = {scope.over for scope in test.scopes} | ({curve.over} if curve else set())
    chosen = []
    for cell in plan.measurements:
        others = all(same_value(cell.setting[key], base.get(key)) for key in cell.setting if key not in free)
        wanted = others and all(holds(scope, cell) for scope in test.scopes)
        if wanted and _measures(cell, test, objective, names):
            chosen.append(cell)
    return tuple(chosen)


def holds(scope: Scope, cell: MeasurementCell | JudgementCell) -> bool:
    """Whether a scope includes a cell."""
    if scope.over != "checkpoint":
        return scope.over in cell.setting and (not scope.fixes or scope.holds(cell.setting[scope.over]))
    if scope.number is None:
        return True
    return cell.checkpoint == scope.number if scope.quantifier == "at" else cell.checkpoint > scope.number


def _measures(cell: MeasurementCell, test: ClaimTest, objective: str, names: Mapping[str, str]) -> bool:
    """Whether the plan measures, in this cell, the arms that the comparison needs."""
    measured = {(arm.label, arm.objective) for arm in cell.arms}
    wanted = arms_under(test.comparison, objective)
    if not all((names.get(name, name), under) in measured for name, under in wanted):
        return False
    for quantity in quantities_of(test.comparison):
        of = statistic_of(quantity)
        label = names.get(of.arms[0], of.arms[0])
        own = [arm for arm in cell.arms if (arm.label, arm.objective) == (label, objective)]
        counts = {arm.num_samples for arm in own if not arm.constant}
        if isinstance(quantity, Slope) and not along(quantity) and len(counts) < 2:
            return False
        if of.name == "constant_effect" and not any(arm.constant for arm in own):
            return False
    return True
