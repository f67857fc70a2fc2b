"""The named statistics of a judged model: those of results.csv, and what claims compare.

Names and meanings stand in `reportgen.declaration.claim_statistics`.
"""

from __future__ import annotations

from collections.abc import Callable

from reportgen.findings.estimate import Estimate, NotAvailableError, unavailable
from reportgen.findings.jackknife import LEVEL, Quantity
from reportgen.findings.models import activity, likelihood
from reportgen.findings.models.activity import EVERYTHING
from reportgen.findings.source import OfModels
from reportgen.store.records import JudgementRecord

LIKELIHOOD, ACTIVITY = "negative_log_likelihood", "active_units"


def quantity(name: str, record: JudgementRecord, group: str = EVERYTHING) -> Quantity:
    """A statistic of one model."""
    if name == LIKELIHOOD:
        return likelihood.negative_log_likelihood(record)
    return activity.active_units(record, group)


def change(name: str, first: JudgementRecord, second: JudgementRecord, group: str = EVERYTHING) -> Quantity:
    """The second's minus the first's; likelihoods paired over the images both were judged on."""
    if name == LIKELIHOOD:
        return likelihood.difference(second, first)
    return activity.difference(second, first, group)


def estimate(
    make: Callable[[], Quantity], images: int, source: OfModels | None = None, level: float = LEVEL
) -> Estimate:
    """What `make` makes, or why there is nothing; `images` are the replicates of such a number."""
    try:
        made = make()
        low, high = made.interval(level)
        return Estimate(made.value, low, high, images, source=source)
    except NotAvailableError as reason:
        return unavailable(str(reason), images, source)


def likelihood_of(record: JudgementRecord) -> Estimate:
    """Negative log-likelihood with its 95 % interval over images."""
    source = OfModels(LIKELIHOOD, EVERYTHING, (record,))
    return estimate(lambda: likelihood.negative_log_likelihood(record), len(record.images), source)


def bound_of(record: JudgementRecord, k: int) -> Estimate:
    """The k-sample bound, likewise."""
    return estimate(lambda: likelihood.bound(record, k), len(record.images))


def active_of(record: JudgementRecord, group: str = EVERYTHING) -> Estimate:
    """Active units of a layer or of all, with the 95 % interval of the count."""
    source = OfModels(ACTIVITY, group, (record,))
    return estimate(lambda: activity.active_units(record, group), len(record.images), source)


def difference_of(first: JudgementRecord, second: JudgementRecord, level: float = LEVEL) -> Estimate:
    """The first's negative log-likelihood minus the second's, paired over images."""
    shared = len(set(first.images) & set(second.images))
    source = OfModels(LIKELIHOOD, EVERYTHING, (first, second))
    return estimate(lambda: likelihood.difference(first, second), shared, source, level)
