"""The value of the training objective, in nats per image."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from reportgen.objectives import OBJECTIVES

EVALUATIONS = 4096
"""The test part is evaluated repeatedly until at least this many images, repeats counted, have been seen."""
ROWS = 2048
"""Samples evaluated at once, but at least those of one image."""


def bound_of(f: Tensor, objective: str) -> Tensor:
    """The bound from K samples of f, [n K] → [n], without the KL of an objective that has it in closed form.

    For ``iwae``, f is log w and the bound log (1/K) Σ_k w_k, Burda et al. (2016),
    equation 8; for the others the bound is the mean of f.
    """
    if OBJECTIVES[objective].several:
        return f.logsumexp(1) - math.log(f.shape[1])
    return f.mean(1)


def test_rows(size: int, num_samples: int) -> Iterator[NDArray[np.intp]]:
    """Rows of a test part of this size, in batches, in the order in which its bound is evaluated."""
    rows = np.tile(np.arange(size), -(-EVALUATIONS // size))
    images = max(ROWS // num_samples, 1)
    for start in range(0, len(rows), images):
        yield rows[start : start + images]
