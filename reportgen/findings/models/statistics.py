"""The named statistics of a judged model, for results.csv and for claims.

Those that claims may name are described in `reportgen.declaration.claims.statistics`.
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
"""Standard deviation of the negative log-likelihood between trainings of one model."""
TO_PUBLISHED = "difference_to_published"
"""The negative log-likelihood minus the published one, if the two are comparable."""
BOUND = "bound_k"
"""The k-sample bound, where k is `num_samples`."""


def quantity(name: str, model: Trainings, group: str = EVERYTHING) -> Quantity:
    """A statistic of one model."""
    if name == LIKELIHOOD:
        return likelihood.negative_log_likelihood(model)
    return activity.active_units(model, group)


def change(name: str, first: Trainings, second: Trainings, group: str = EVERYTHING) -> Quantity:
    """The second's statistic minus the first's, paired over seeds, and for likelihoods over images too."""
    if name == LIKELIHOOD:
        return likelihood.difference(second, first)
    return activity.difference(second, first, group)


def replicates(*models: Trainings) -> int:
    """Number of seeds that the models share if there are several, else of images that they share."""
    seeds = set.intersection(*({one.setting.get(TRAINING_SEED) for one in model} for model in models))
    images = set.intersection(*(set(one.images) for model in models for one in model))
    return len(seeds) if len(seeds) > 1 else len(images)


def estimate(
    make: Callable[[], Quantity], *models: Trainings, source: OfModels | None = None, level: float = LEVEL
) -> Estimate:
    """The quantity that `make` computes from models with its interval, or why there is none."""
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
    """Standard deviation of the negative log-likelihood between trainings, with its 95 % interval."""
    source = OfModels(DEVIATION, EVERYTHING, tuple(model))
    return estimate(lambda: likelihood.deviation(model), model, source=source)


def bound_of(model: Trainings, k: int) -> Estimate:
    """The k-sample bound with its 95 % interval."""
    source = OfModels(BOUND, EVERYTHING, tuple(model), k)
    return estimate(lambda: likelihood.bound(model, k), model, source=source)


def active_of(model: Trainings, group: str) -> Estimate:
    """Active units of a layer or of all layers, with the 95 % interval of the count."""
    source = OfModels(ACTIVITY, group, tuple(model))
    return estimate(lambda: activity.active_units(model, group), model, source=source)


def difference_of(first: Trainings, second: Trainings, level: float = LEVEL) -> Estimate:
    """The first's negative log-likelihood minus the second's, paired over images and seeds."""
    source = OfModels(LIKELIHOOD, EVERYTHING, (*first, *second))
    return estimate(lambda: likelihood.difference(first, second), first, second, source=source, level=level)
