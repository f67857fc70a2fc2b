"""Which settings are the same model: those that differ only in the seed of their training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.declaration.train import TRAINING_SEED
from reportgen.plan.cells import Plan


def model_of(setting: Mapping[str, Any]) -> dict[str, Any]:
    """A setting without the seed of its training."""
    return {path: value for path, value in setting.items() if path != TRAINING_SEED}


@dataclass(frozen=True)
class TrainedOnce:
    """Judged models with a single training, in a plan where other models have several."""

    models: tuple[dict[str, Any], ...]
    """Their settings, in the plan's order; their intervals are over images alone."""
    most: int
    """The largest number of trainings of any judged model."""


def trained_once(plan: Plan) -> TrainedOnce:
    """The judged models of a plan with a single training; none if all have one, or all have several."""
    models: dict[str, dict[str, Any]] = {}
    seeds: dict[str, set[Any]] = {}
    for cell in plan.judgements:
        model = model_of(cell.setting)
        models.setdefault(place := repr(sorted(model.items())), model)
        seeds.setdefault(place, set()).add(cell.setting.get(TRAINING_SEED))
    most = max(map(len, seeds.values()), default=0)
    alone = [models[place] for place, found in seeds.items() if len(found) < 2 <= most]
    return TrainedOnce(tuple(alone), most)
