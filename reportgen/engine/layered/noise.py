"""Noise for the layer-by-layer route."""

from __future__ import annotations

import torch
from torch import Tensor

from reportgen.problems.layered import LayeredModel
from reportgen.streams import stream


class Noise:
    """Draws noise for one purpose, [I N n]; antithetic pairs come from a separate stream."""

    def __init__(self, model: LayeredModel, seed: int, purpose: str, identity: tuple[str, int]) -> None:
        self.model = model
        self.plain = stream(seed, purpose, *identity)
        self.mirrored = stream(seed, purpose, "mirrored", *identity)

    def __call__(self, samples: int, mirrored: bool = False) -> Tensor:
        generator = self.mirrored if mirrored else self.plain
        count = samples // 2 if mirrored else samples
        shape = (self.model.x.shape[0], count, self.model.noise)
        wide = self.model.x.dtype == torch.float64
        noise = torch.from_numpy(generator.standard_normal(shape, dtype="float64" if wide else "float32"))
        return torch.stack([noise, -noise], 2).flatten(1, 2) if mirrored else noise
