"""The reference arms, with which the others are compared."""

from __future__ import annotations

from collections.abc import Mapping

from reportgen.estimators import Estimator
from reportgen.plan import Arm

Place = tuple[str, str]
"""An objective, and the parameters of the gradient: ``phi`` or ``theta``."""


def reference_arms(
    arms: tuple[Arm, ...], references: Mapping[str, str], estimators: Mapping[str, Estimator]
) -> dict[Place, Arm]:
    """The reference arm of each objective: in φ as declared, in θ the first arm."""
    found: dict[Place, Arm] = {}
    for arm in arms:
        space = estimators[arm.estimator].parameters
        named = space == "theta" or arm.label == references.get(arm.objective)
        if named and not arm.constant:
            found.setdefault((arm.objective, space), arm)
    return found


def own_arms(arms: tuple[Arm, ...]) -> list[int]:
    """Indices of the first arm of each label and objective, arms with a constant left out."""
    found: dict[tuple[str, str], int] = {}
    for a, arm in enumerate(arms):
        if not arm.constant:
            found.setdefault((arm.objective, arm.label), a)
    return list(found.values())
