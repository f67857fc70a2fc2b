"""A ratio of variances in each of several trainings of the base model, and their mean.

In each training the ratio has an interval over draws, with the network held fixed. The mean over trainings
is geometric, with Student's t interval of the logarithms and the measured images held fixed. Draws move the
logarithms too, so the interval includes their noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings.findings import Findings
from reportgen.findings.statistics.estimate import Estimate
from reportgen.findings.statistics.jackknife import LEVEL
from reportgen.findings.statistics.source import OfSeveral
from reportgen.jackknife import t_quantile
from reportgen.plan import model_of


@dataclass(frozen=True)
class OverTrainings:
    """A ratio in two or more trainings."""

    checkpoint: int
    each: tuple[Estimate, ...]
    """The ratio in each training, in the plan's order."""
    mean: Estimate
    """Geometric mean; its replicates are the trainings."""


def ratio_over_trainings(findings: Findings, first: str, second: str, objective: str) -> OverTrainings | None:
    """Total variance of `first` over that of `second` at the last checkpoint that several trainings reach.

    None if the base model has one training, or the ratio is known in fewer than two.
    """
    base = next((record.setting for record in findings.measurements if record.base), {})
    if TRAINING_SEED not in base:
        return None
    settings: dict[int, list[dict[str, object]]] = {}
    for record in findings.measurements:
        if model_of(record.setting) == model_of(base):
            settings.setdefault(record.checkpoint, []).append(record.setting)
    several = [checkpoint for checkpoint, found in settings.items() if len(found) > 1]
    if not several:
        return None
    checkpoint = max(several)
    ratios = (
        findings.ratio(first, second, objective=objective, checkpoint=checkpoint, setting=setting)
        for setting in settings[checkpoint]
    )
    each = tuple(ratio for ratio in ratios if ratio.has_interval and 0.0 < ratio.value < math.inf)
    return OverTrainings(checkpoint, each, _mean(each)) if len(each) > 1 else None


def _mean(each: tuple[Estimate, ...]) -> Estimate:
    logs = np.log([one.value for one in each])
    reach = t_quantile(LEVEL, len(each) - 1) * float(logs.std(ddof=1)) / math.sqrt(len(each))
    centre = float(logs.mean())
    sources = tuple(one.source for one in each if one.source is not None)
    ends = (math.exp(centre), math.exp(centre - reach), math.exp(centre + reach))
    return Estimate(*ends, len(each), source=OfSeveral(sources))
