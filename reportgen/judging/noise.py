"""The standard normals of an image: a function of the seed, the image and the sample's number alone.

Every image has a Philox stream of its own, and every sample takes the same
number of its integers. So no bound depends on which other images are judged,
in what order, in blocks of what size, or on which device. The normals are made
of the integers by Box & Muller (1958), which is a few elementwise passes where
numpy's own normals cost as much as a quarter of the decoder; logarithm, cosine and
sine are the device's, so two machines may differ in a normal's last digits.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from reportgen.streams import stream


class ImageNoise:
    """Normals of the samples of one image, in order."""

    def __init__(self, width: int, *, seed: int, row: int, purpose: str = "bound") -> None:
        self.width = width
        self.pairs = -(-width // 2)
        self.bits = stream(seed, "judging", purpose, row).bit_generator

    def draw(self, samples: int, dtype: torch.dtype, device: torch.device) -> Tensor:
        """ε of the next samples, [n width]; in memory sample lies next to sample, unit after unit."""
        # The halves of a 64-bit integer, as signed numbers: one for a radius, one for an angle.
        integers = np.asarray(self.bits.random_raw(samples * self.pairs)).view(np.int32)
        halves = torch.from_numpy(integers).to(device).view(samples, 2 * self.pairs).T
        first, second = halves.to(dtype, memory_format=torch.contiguous_format).chunk(2)
        return box_muller(first, second)[: self.width].T


def box_muller(first: Tensor, second: Tensor) -> Tensor:
    """Two independent normals of each pair of integers in [−2³¹, 2³¹), [m n] and [m n] → [2m n].

    |k + ½| 2⁻³¹ is uniform in (0, 1), keeps its digits next to 0, where the
    tail of the normal comes from, and is never 0. Up to 6.66 standard
    deviations are reached. What comes in is overwritten.
    """
    radius = first.add_(0.5).abs_().mul_(2.0**-31).log_().mul_(-2.0).sqrt_()
    angle = second.mul_(math.pi * 2.0**-31)
    out = radius.new_empty(2, *radius.shape)
    torch.cos(angle, out=out[0])
    torch.sin(angle, out=out[1])
    return out.mul_(radius).flatten(0, 1)
