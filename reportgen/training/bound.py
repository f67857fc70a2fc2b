"""The value of the training objective, in nats an image."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from reportgen.objectives import OBJECTIVES

EVALUATIONS = 4096
"""The test part is gone through as often as gives at least this many images' samples."""
ROWS = 2048
"""Samples evaluated at once, at least one image's."""


def bound_of(f: Tensor, objective: str) -> Tensor:
    """The bound of K samples together, [n K] → [n], less a divergence in closed form.

    For `iwae` f is log w and the bound log (1/K) Σ_k w_k, Burda et al. (2016),
    equation 8; for the others it is the mean of f.
    """
    if OBJECTIVES[objective].several:
        return f.logsumexp(1) - math.log(f.shape[1])
    return f.mean(1)


def test_rows(size: int, num_samples: int) -> Iterator[NDArray[np.intp]]:
    """Rows of a test part of this size in the order in which its bound is followed, some at a time."""
    rows = np.tile(np.arange(size), -(-EVALUATIONS // size))
    images = max(ROWS // num_samples, 1)
    for start in range(0, len(rows), images):
        yield rows[start : start + images]
