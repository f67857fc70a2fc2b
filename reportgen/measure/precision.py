"""When a channel has been measured well enough."""

from __future__ import annotations

import torch
from torch import Tensor

NORMAL_95 = 1.959963984540054


def relative_half_width(variance: Tensor, without: Tensor) -> float:
    """Half-width of the 95 % interval of the mean variance over images, relative to it.

    `variance` [I] and `without` [I S] are an image's total variance with all
    buckets and with each left out: the delete-one jackknife within images,
    which are independent of one another. Zero variance is known exactly.
    """
    mean = variance.mean()
    if float(mean) <= 0.0:
        return 0.0
    buckets = without.shape[1]
    deviation = without - without.mean(1, keepdim=True)
    variance_of_mean = ((buckets - 1) / buckets * (deviation**2).sum(1)).sum() / variance.shape[0] ** 2
    return float(NORMAL_95 * torch.sqrt(variance_of_mean) / mean)
