"""The likelihood of test images under a judged model, with intervals over the images and the trainings.

The k-sample bound is on average below log p(x), so what is called negative
log-likelihood here is on average above the true one, and less so for larger k.
Source: Burda et al. (2016), equation 8 and section 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.models.trainings import (
    DeviationOverTrainings,
    MeanOverImages,
    Trainings,
    paired,
    shared_images,
)
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.store.records import JudgementRecord

Array = NDArray[np.float64]


def negative_log_likelihood(model: Trainings) -> MeanOverImages:
    """Mean over images of minus the bound with the most samples, nats per image."""
    return MeanOverImages(-_bounds(model, model[0].num_samples, shared_images(model)))


def bound(model: Trainings, k: int) -> MeanOverImages:
    """Mean over images of the k-sample bound, nats per image; `k` must be in the records' curve."""
    return MeanOverImages(_bounds(model, k, shared_images(model)))


def deviation(model: Trainings) -> DeviationOverTrainings:
    """Deviation of the negative log-likelihood on shared images between trainings; raises for only one."""
    if len(model) < 2:
        raise NotAvailableError("a deviation between trainings needs two of the model")
    return DeviationOverTrainings(negative_log_likelihood(model).values.mean(1))


def difference(first: Trainings, second: Trainings) -> MeanOverImages:
    """The first's negative log-likelihood minus the second's, paired over images and seeds."""
    mine, theirs = paired(first, second)
    rows = shared_images([*mine, *theirs])
    return MeanOverImages(
        _bounds(theirs, theirs[0].num_samples, rows) - _bounds(mine, mine[0].num_samples, rows)
    )


def _bounds(model: Trainings, k: int, rows: Sequence[int]) -> Array:
    """Bounds for one k, of every training at the images in `rows`, [S I]."""
    return np.stack([_of_one(record, k)[_places(record, rows)] for record in model])


def _places(record: JudgementRecord, rows: Sequence[int]) -> list[int]:
    """Positions in a record of the images in `rows`."""
    at = {row: place for place, row in enumerate(record.images)}
    return [at[row] for row in rows]


def _of_one(record: JudgementRecord, k: int) -> Array:
    if k not in record.curve:
        known = ", ".join(map(str, record.curve))
        raise LookupError(f"no bound of {k} samples was judged; there are {known}")
    values = record.arrays["bounds"][:, record.curve.index(k)]
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise NotAvailableError(f"the bound is not a finite number at {wrong} of {len(values)} images")
    return np.asarray(values)
