"""k-sample bounds of log p(x), accumulated by a running log-sum-exp.

    L_k = E log (1/k) Σ_{i ≤ k} w_i,   w = p(x, z) / q(z|x),  z ~ q(z|x).

Every L_k of a curve is estimated from the same samples, by the mean over
disjoint groups of k successive ones. An incomplete last group is not used.
Source: Burda et al. (2016), equation 8; section 5 for the 5000-sample bound as
an estimate of log p(x).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reportgen.errors import CellError
from reportgen.judging.noise import ImageNoise

BLOCK = 8192
"""Samples of an image whose log-weights are summed at once."""

LogWeights = Callable[[Tensor], Tensor]
"""log p(x, z) − log q(z|x) at the samples made from noise, [n N] → [n]."""


class Judgeable(Protocol):
    """A latent-variable model whose likelihood is estimated."""

    @property
    def noise(self) -> int:
        """N, the number of standard normals from which one sample is made."""

    @property
    def dtype(self) -> torch.dtype:
        """Data type of the noise."""

    def visit(self, device: torch.device) -> int:
        """How many samples should be evaluated at once."""

    def at(self, x: Tensor) -> LogWeights:
        """The model at one data point [pixels]; valid until the next call."""


class RunningBounds:
    """Bounds of one image for each k of a curve, accumulated over its samples; float64."""

    def __init__(self, curve: Sequence[int], device: torch.device) -> None:
        self.groups = [_Groups(k, device) for k in curve]

    def add(self, log_weights: Tensor) -> None:
        """Add the log-weights of the next samples, [n]."""
        wide = log_weights.double()
        for groups in self.groups:
            groups.add(wide)

    def values(self) -> Tensor:
        """Mean bound over the complete groups for each k, nats, [C]; NaN if there is none."""
        return torch.stack([groups.mean() for groups in self.groups])


class _Groups:
    """Disjoint groups of k successive samples, the last of which may be incomplete."""

    def __init__(self, k: int, device: torch.device) -> None:
        self.k, self.whole, self.filled = k, 0, 0
        self.total = torch.zeros((), dtype=torch.float64, device=device)
        self.open = torch.full_like(self.total, -math.inf)
        """log Σ w of the incomplete group."""

    def add(self, log_weights: Tensor) -> None:
        if self.filled:
            missing = self.k - self.filled
            self._fill(log_weights[:missing])
            log_weights = log_weights[missing:]
        whole = len(log_weights) // self.k
        if whole:
            groups = log_weights[: whole * self.k].view(whole, self.k)
            self.total += (groups.logsumexp(1) - math.log(self.k)).sum()
            self.whole += whole
        self._fill(log_weights[whole * self.k :])

    def _fill(self, log_weights: Tensor) -> None:
        if not len(log_weights):
            return
        self.open = torch.logaddexp(self.open, log_weights.logsumexp(0))
        self.filled += len(log_weights)
        if self.filled == self.k:
            self.total += self.open - math.log(self.k)
            self.whole += 1
            self.open, self.filled = torch.full_like(self.total, -math.inf), 0

    def mean(self) -> Tensor:
        return self.total / self.whole


def bounds(
    model: Judgeable,
    x: Tensor,
    rows: Sequence[int],
    curve: Sequence[int],
    *,
    num_samples: int,
    seed: int,
    report: Callable[[float], None] | None = None,
) -> NDArray[np.float64]:
    """Bounds at the data points x [I pixels] for each k of the curve, nats, [I C].

    `rows` are the points' row numbers, which with the seed key their noise. Memory
    does not grow with `num_samples`. `report` is called with the fraction done
    after each point. Raises CellError if a bound is not finite.
    """
    device = x.device
    step = model.visit(device)
    found = torch.empty(len(x), len(curve), dtype=torch.float64, device=device)
    with torch.no_grad():
        for number, row in enumerate(rows):
            log_weights, running = model.at(x[number]), RunningBounds(curve, device)
            noise = ImageNoise(model.noise, seed=seed, row=row)
            for block in parts(num_samples, BLOCK):
                visits = (noise.draw(size, model.dtype, device) for size in parts(block, step))
                running.add(torch.cat([log_weights(visit) for visit in visits]))
            found[number] = running.values()
            if report is not None:
                report((number + 1) / len(x))
    result = found.cpu().numpy()
    if not np.isfinite(result).all():
        number = int(np.flatnonzero(~np.isfinite(result).all(1))[0])
        raise CellError(
            f"judge: the bound of test image {rows[number]} is {result[number, -1]}, not a finite number. "
            "Use a smaller train.learning_rate, or an earlier checkpoint."
        )
    return result


def parts(total: int, most: int) -> Iterator[int]:
    """Sizes of the fewest parts of which none is larger than `most`; they differ by at most 1."""
    count = -(-total // most)
    for part in range(count):
        yield (part + 1) * total // count - part * total // count
