"""Active units: those whose posterior mean depends on the data.

A unit u is active if Cov_x(E_{q(u|x)}[u]) > 10⁻². Source: Burda et al. (2016),
section 5.2.

In the layer next to x the mean is known. In a higher layer E_{q(u|x)}[u] is the
expectation, over samples of the layers below, of u's mean under q, and a Monte
Carlo estimate of it varies between images even if u does not depend on them. So
each image gets two estimates from separate samples: their noise is independent,
and their covariance over images is an unbiased estimate of the variance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reportgen.families import MeanFieldGaussian
from reportgen.judging.networks import Networks
from reportgen.judging.noise import ImageNoise
from reportgen.streams import stream

Array = NDArray[np.float64]

SAMPLES = 64
"""Samples in each of an image's two estimates."""
BUCKETS = 20
"""Number of parts of the images that are left out one by one, for the jackknife."""
IMAGES = 256
"""Images processed at once."""


def posterior_means(networks: Networks, x: Tensor, rows: Sequence[int], seed: int) -> Array:
    """Two independent estimates of E_q[u] for every unit at images x [I pixels], [2 I U].

    Units are ordered by layer, beginning with the one next to x, where both
    estimates are the mean itself. `rows` are the images' row numbers, which with
    the seed key their noise.
    """
    found = []
    with torch.no_grad():
        for start in range(0, len(x), IMAGES):
            images = x[start : start + IMAGES]
            q = networks.encode(images)
            mean = q.mean.squeeze(1).double()
            layers = [torch.stack([mean, mean])]
            if networks.upward:
                drawn = [_noise(networks, row, seed, x.device) for row in rows[start : start + IMAGES]]
                layers += _further_up(networks, q.sample, torch.stack(drawn))
            found.append(torch.cat(layers, dim=-1).cpu())
    return torch.cat(found, dim=1).numpy()


def _noise(networks: Networks, row: int, seed: int, device: torch.device) -> Tensor:
    """Noise [2·SAMPLES N] for all layers except the last, of which only the mean is needed."""
    noise = ImageNoise(sum(networks.noise[:-1]), seed=seed, row=row, purpose="activity")
    return noise.draw(2 * SAMPLES, networks.dtype, device)


def _further_up(networks: Networks, sample: Callable[[Tensor], Tensor], noise: Tensor) -> Iterator[Tensor]:
    """Means of q given samples of the layer below, averaged over each half of them, [2 I d] per layer."""
    images, samples, _ = noise.shape
    own = torch.split(noise, list(networks.noise[:-1]), dim=2)
    h = sample(own[0]).flatten(0, 1)
    for stage, up in enumerate(networks.upward, start=1):
        q = MeanFieldGaussian.from_eta(up(h))
        yield q.mean.reshape(images, 2, samples // 2, -1).mean(2, dtype=torch.float64).transpose(0, 1)
        if stage < len(own):
            h = q.sample(own[stage].reshape(images * samples, 1, -1)).squeeze(1)


def unit_variances(means: Array) -> Array:
    """Covariance over images of two independent estimates of E_q[u], ddof 1, [2 I U] → [U].

    Its expectation is Var_x(E_q[u]) whatever the Monte Carlo noise; it can be negative.
    """
    away = means - means.mean(1, keepdims=True)
    return np.asarray((away[0] * away[1]).sum(0) / (means.shape[1] - 1))


def unit_variances_without(means: Array, seed: int) -> Array:
    """`unit_variances` with each of `BUCKETS` random parts of the images left out, [BUCKETS U]."""
    bucket = stream(seed, "judging", "buckets").permutation(means.shape[1]) % BUCKETS
    return np.stack([unit_variances(means[:, bucket != s]) for s in range(BUCKETS)])
