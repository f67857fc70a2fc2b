"""Images to look at: samples of the model, and reconstructions of test images."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reportgen.families import MeanFieldGaussian
from reportgen.judging.networks import Networks
from reportgen.judging.noise import ImageNoise

Array = NDArray[np.float64]


def samples(networks: Networks, count: int, seed: int, device: torch.device) -> Array:
    """Means of p(x|h_1) at draws of h_1 from the prior, grey levels in [0, 1], [count pixels]."""
    noise = ImageNoise(sum(networks.widths), seed=seed, row=0, purpose="samples")
    drawn = noise.draw(count, networks.dtype, device)
    *below, h = torch.split(drawn, list(networks.widths), dim=1)
    with torch.no_grad():
        for down, epsilon in zip(networks.downward[::-1], below[::-1], strict=True):
            p = MeanFieldGaussian.from_eta(down(h))
            h = p.sample(epsilon.unsqueeze(1)).squeeze(1)
        return _grey(networks, h)


def reconstructions(networks: Networks, x: Tensor, seed: int) -> Array:
    """Means of p(x|h_1) at one draw from q(h_1|x) of each image x [n pixels], [n pixels]."""
    noise = ImageNoise(networks.noise[0], seed=seed, row=0, purpose="reconstructions")
    epsilon = noise.draw(len(x), networks.dtype, x.device)
    with torch.no_grad():
        return _grey(networks, networks.encode(x).sample(epsilon.unsqueeze(1)).squeeze(1))


def _grey(networks: Networks, h: Tensor) -> Array:
    return np.asarray(torch.sigmoid(networks.pixels(h).double()).cpu().numpy())
