"""The likelihood of test images under a judged model, with intervals over the images.

The k-sample bound is on average below log p(x), so what is called negative
log-likelihood here is, on average, above the true one: less so the larger k.
Source: Burda et al. (2016), equation 8 and section 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reportgen.findings.estimate import NotAvailableError
from reportgen.findings.jackknife import Sample
from reportgen.store.records import JudgementRecord

Array = NDArray[np.float64]


def negative_log_likelihood(record: JudgementRecord) -> Sample:
    """Mean over images of minus the bound with the most samples, nats an image."""
    return mean(-_bounds(record, record.num_samples))


def bound(record: JudgementRecord, k: int) -> Sample:
    """Mean over images of the k-sample bound, nats an image; `k` is one of the record's curve."""
    return mean(_bounds(record, k))


def difference(first: JudgementRecord, second: JudgementRecord) -> Sample:
    """The first's negative log-likelihood minus the second's, paired: over the images both were judged on."""
    shared = sorted(set(first.images) & set(second.images))
    if len(shared) < 2:
        raise NotAvailableError(f"a paired difference needs 2 images judged of both, found {len(shared)}")
    mine, theirs = (
        _bounds(record, record.num_samples)[[record.images.index(row) for row in shared]]
        for record in (first, second)
    )
    return mean(theirs - mine)


def mean(values: Array) -> Sample:
    """Of numbers [I], one an image; its leave-outs give Student's t interval over them."""
    count = values.shape[0]
    if count < 2:
        raise NotAvailableError(f"needs 2 images, got {count}")
    total = float(values.mean())
    return Sample(total, (total + (total - values) / (count - 1))[None, :])


def _bounds(record: JudgementRecord, k: int) -> Array:
    """Bounds of every image for one k, [I]."""
    if k not in record.curve:
        known = ", ".join(map(str, record.curve))
        raise LookupError(f"no bound of {k} samples was judged; there are {known}")
    values = record.arrays["bounds"][:, record.curve.index(k)]
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        raise NotAvailableError(f"the bound is not a finite number at {wrong} of {len(values)} images")
    return np.asarray(values)
