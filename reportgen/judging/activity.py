"""Active units: those whose posterior mean depends on the data.

A unit u is active if Cov_x(E_{q(u|x)}[u]) > 10⁻². Source: Burda et al. (2016),
section 5.2.

Of the layer next to x the mean is known. Further up E_{q(u|x)}[u] is the
expectation, over samples of the layers below, of the mean that q gives u, and
a Monte Carlo estimate of it varies between images even where nothing depends
on them. So each image has two estimates, from samples of their own; noise in
the one is independent of noise in the other, and their covariance over the
images is without bias.
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
"""Samples in each of the two estimates of an image."""
BUCKETS = 20
"""Parts of the images that are left out one by one, for the jackknife."""
IMAGES = 256
"""Images gone through at once."""


def posterior_means(networks: Networks, x: Tensor, rows: Sequence[int], seed: int) -> Array:
    """Two independent estimates of E_q[u] of every unit at images x [I pixels], [2 I U].

    The layers stand one after another, the one next to x first; of its units
    both estimates are the mean itself. `rows` number the images, and with the
    seed key their noise.
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
    """[2·SAMPLES N], of all layers but the last, whose mean is what is looked at."""
    noise = ImageNoise(sum(networks.noise[:-1]), seed=seed, row=row, purpose="activity")
    return noise.draw(2 * SAMPLES, networks.dtype, device)


def _further_up(networks: Networks, sample: Callable[[Tensor], Tensor], noise: Tensor) -> Iterator[Tensor]:
    """Means of q at samples from below, averaged over each half of them: [2 I d], layer by layer."""
    images, samples, _ = noise.shape
    own = torch.split(noise, list(networks.noise[:-1]), dim=2)
    h = sample(own[0]).flatten(0, 1)
    for stage, up in enumerate(networks.upward, start=1):
        q = MeanFieldGaussian.from_eta(up(h))
        yield q.mean.reshape(images, 2, samples // 2, -1).mean(2, dtype=torch.float64).transpose(0, 1)
        if stage < len(own):
            h = q.sample(own[stage].reshape(images * samples, 1, -1)).squeeze(1)


def unit_variances(means: Array) -> Array:
    """Covariance over the images of two independent estimates of their means, ddof 1, [2 I U] → [U].

    Its expectation is Var_x(E_q[u]) whatever the Monte Carlo noise; it can be below 0.
    """
    away = means - means.mean(1, keepdims=True)
    return np.asarray((away[0] * away[1]).sum(0) / (means.shape[1] - 1))


def unit_variances_without(means: Array, seed: int) -> Array:
    """The same with each of `BUCKETS` random parts of the images left out, [BUCKETS U]."""
    bucket = stream(seed, "judging", "buckets").permutation(means.shape[1]) % BUCKETS
    return np.stack([unit_variances(means[:, bucket != s]) for s in range(BUCKETS)])
