"""The value of the training objective, in nats an image."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from reportgen.datasets import Dataset, binarized
from reportgen.problems.networks import Decoder, Encoder
from reportgen.streams import stream

EVALUATIONS = 4096
"""The test part is gone through as often as gives at least this many images' samples."""
ROWS = 2048
"""Images evaluated at once."""


def bound_terms(x: Tensor, logits: Tensor, eta: Tensor, epsilon: Tensor, objective: str) -> Tensor:
    """The bound of each image at one sample, [n]; arguments as in `BoundGradient`."""
    mean, log_scale = eta.chunk(2, dim=-1)
    likelihood = (x * logits - softplus(logits)).sum(-1)
    if objective == "elbo_analytic_kl":
        divergence = 0.5 * (mean**2 + (2.0 * log_scale).exp() - 2.0 * log_scale - 1.0).sum(-1)
        return likelihood - divergence
    z = mean + log_scale.exp() * epsilon
    return likelihood + (0.5 * epsilon**2 - 0.5 * z**2 + log_scale).sum(-1)


def test_bound(encoder: Encoder, decoder: Decoder, dataset: Dataset, objective: str, seed: int) -> float:
    """Mean bound over the test part, images binarized afresh; the same noise at every checkpoint."""
    noise = stream(seed, "training", "test")
    latent = encoder.mean.out_features
    images = np.tile(np.arange(len(dataset.test)), -(-EVALUATIONS // len(dataset.test)))
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(images), ROWS):
            levels = dataset.test[images[start : start + ROWS]]
            x = torch.from_numpy(binarized(dataset, levels, noise))
            epsilon = torch.from_numpy(noise.standard_normal((len(levels), latent), dtype=np.float32))
            eta = encoder(x)
            z = eta[:, :latent] + eta[:, latent:].exp() * epsilon
            total += float(bound_terms(x, decoder(z), eta, epsilon, objective).sum(dtype=torch.float64))
    return total / len(images)
