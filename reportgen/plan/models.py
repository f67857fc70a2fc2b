"""Which settings are one model: those that differ in the seed of their training alone."""

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
    """Judged models that have one training where others have several."""

    models: tuple[dict[str, Any], ...]
    """Their settings, in the plan's order; intervals of these are over images alone."""
    most: int
    """Trainings of the model that has most."""


def trained_once(plan: Plan) -> TrainedOnce:
    """Of a plan's judged models; none where each has one training, or each has several."""
    models: dict[str, dict[str, Any]] = {}
    seeds: dict[str, set[Any]] = {}
    for cell in plan.judgements:
        model = model_of(cell.setting)
        models.setdefault(place := repr(sorted(model.items())), model)
        seeds.setdefault(place, set()).add(cell.setting.get(TRAINING_SEED))
    most = max(map(len, seeds.values()), default=0)
    alone = [models[place] for place, found in seeds.items() if len(found) < 2 <= most]
    return TrainedOnce(tuple(alone), most)
