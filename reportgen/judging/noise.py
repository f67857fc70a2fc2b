"""Standard normals that depend only on the seed, the image, and the sample's number.

Every image has its own Philox stream, of which every sample takes the same
number of integers. So no bound depends on which other images are judged, on
their order, on block sizes, or on the device. The integers become normals by
the method of Box & Muller (1958), a few elementwise operations, while numpy's
normals would cost as much as a quarter of the decoder. Logarithm, cosine and
sine are the device's, so normals may differ between machines in their last digits.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from reportgen.streams import stream


class ImageNoise:
    """The normals of one image's samples, in order."""

    def __init__(self, width: int, *, seed: int, row: int, purpose: str = "bound") -> None:
        self.width = width
        self.pairs = -(-width // 2)
        self.bits = stream(seed, "judging", purpose, row).bit_generator

    def draw(self, samples: int, dtype: torch.dtype, device: torch.device) -> Tensor:
        """ε of the next samples, [n width]; stored unit by unit, with the samples adjacent in memory."""
        # The halves of a 64-bit integer, as signed numbers, give a radius and an angle.
        integers = np.asarray(self.bits.random_raw(samples * self.pairs)).view(np.int32)
        halves = torch.from_numpy(integers).to(device).view(samples, 2 * self.pairs).T
        first, second = halves.to(dtype, memory_format=torch.contiguous_format).chunk(2)
        return box_muller(first, second)[: self.width].T


def box_muller(first: Tensor, second: Tensor) -> Tensor:
    """Two independent normals from each pair of integers in [−2³¹, 2³¹), [m n] and [m n] → [2m n].

    |k + ½| 2⁻³¹ is uniform on (0, 1]. It is never 0, and precise near 0, where the
    tail of the normal comes from: up to 6.66 standard deviations are reached. The
    inputs are overwritten.
    """
    radius = first.add_(0.5).abs_().mul_(2.0**-31).log_().mul_(-2.0).sqrt_()
    angle = second.mul_(math.pi * 2.0**-31)
    out = radius.new_empty(2, *radius.shape)
    torch.cos(angle, out=out[0])
    torch.sin(angle, out=out[1])
    return out.mul_(radius).flatten(0, 1)
