"""The named statistics of a judged model: those of results.csv, and what claims compare.

Names and meanings stand in `reportgen.declaration.claims.statistics`.
"""

from __future__ import annotations

from collections.abc import Callable

from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings.models import activity, likelihood
from reportgen.findings.models.activity import EVERYTHING
from reportgen.findings.models.trainings import Trainings
from reportgen.findings.statistics.estimate import Estimate, NotAvailableError, unavailable
from reportgen.findings.statistics.jackknife import LEVEL, Quantity
from reportgen.findings.statistics.source import OfModels

LIKELIHOOD, ACTIVITY = "negative_log_likelihood", "active_units"
DEVIATION = "training_deviation"
"""Of the negative log-likelihood, from training to training of one model."""
TO_PUBLISHED = "difference_to_published"
"""The negative log-likelihood less the published one, where it may be held against it."""
BOUND = "bound_k"
"""The k-sample bound, k being `num_samples`."""


def quantity(name: str, model: Trainings, group: str = EVERYTHING) -> Quantity:
    """A statistic of one model."""
    if name == LIKELIHOOD:
        return likelihood.negative_log_likelihood(model)
    return activity.active_units(model, group)


def change(name: str, first: Trainings, second: Trainings, group: str = EVERYTHING) -> Quantity:
    """The second's minus the first's; paired over seeds, and likelihoods over images too."""
    if name == LIKELIHOOD:
        return likelihood.difference(second, first)
    return activity.difference(second, first, group)


def replicates(*models: Trainings) -> int:
    """What an interval rests on: several trainings, of two models from the same seeds; else the images."""
    seeds = set.intersection(*({one.setting.get(TRAINING_SEED) for one in model} for model in models))
    images = set.intersection(*(set(one.images) for model in models for one in model))
    return len(seeds) if len(seeds) > 1 else len(images)


def estimate(
    make: Callable[[], Quantity], *models: Trainings, source: OfModels | None = None, level: float = LEVEL
) -> Estimate:
    """What `make` makes of models, or why there is nothing."""
    count = replicates(*models)
    try:
        made = make()
        low, high = made.interval(level)
        return Estimate(made.value, low, high, count, source=source)
    except NotAvailableError as reason:
        return unavailable(str(reason), count, source)


def likelihood_of(model: Trainings) -> Estimate:
    """Negative log-likelihood with its 95 % interval."""
    source = OfModels(LIKELIHOOD, EVERYTHING, tuple(model))
    return estimate(lambda: likelihood.negative_log_likelihood(model), model, source=source)


def deviation_of(model: Trainings) -> Estimate:
    """Standard deviation of the negative log-likelihood from training to training."""
    source = OfModels(DEVIATION, EVERYTHING, tuple(model))
    return estimate(lambda: likelihood.deviation(model), model, source=source)


def bound_of(model: Trainings, k: int) -> Estimate:
    """The k-sample bound, likewise."""
    source = OfModels(BOUND, EVERYTHING, tuple(model), k)
    return estimate(lambda: likelihood.bound(model, k), model, source=source)


def active_of(model: Trainings, group: str) -> Estimate:
    """Active units of a layer or of all, with the 95 % interval of the count."""
    source = OfModels(ACTIVITY, group, tuple(model))
    return estimate(lambda: activity.active_units(model, group), model, source=source)


def difference_of(first: Trainings, second: Trainings, level: float = LEVEL) -> Estimate:
    """The first's negative log-likelihood minus the second's, paired over images and seeds."""
    source = OfModels(LIKELIHOOD, EVERYTHING, (*first, *second))
    return estimate(lambda: likelihood.difference(first, second), first, second, source=source, level=level)
