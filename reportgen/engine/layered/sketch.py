"""A few numbers that see any difference between two estimators of a gradient of very many coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from reportgen.engine.layered.gradients import LayerGradient, Recorder
from reportgen.streams import stream

SKETCH = 32
"""Directions along which the means of two estimators are compared."""


@dataclass(frozen=True)
class Sketch:
    """Random directions of rank one in every layer: a few numbers that see a difference of any kind.

    Two means are the same along all directions drawn beforehand only if they
    are the same, but for a set of directions of probability zero.
    """

    left: Mapping[str, Tensor]
    right: Mapping[str, Tensor]
    biased: Mapping[str, bool]
    """Whether a layer has a bias."""

    @classmethod
    def of(cls, recorder: Recorder, seed: int, name: str) -> Sketch:
        """Standard normal vectors, from a stream of their own for each layer."""
        left, right, biased = {}, {}, {}
        for layer, module in recorder.layers.items():
            noise = stream(seed, "sketch", name, layer)
            biased[layer] = module.bias is not None
            width = module.in_features + int(biased[layer])
            dtype = module.weight.dtype
            left[layer] = torch.from_numpy(noise.standard_normal((SKETCH, module.out_features))).to(dtype)
            right[layer] = torch.from_numpy(noise.standard_normal((SKETCH, width))).to(dtype)
        return cls(left, right, biased)

    def __call__(self, gradients: Mapping[str, LayerGradient]) -> Tensor:
        """[I R q]."""
        parts = [layer.sketch(self.left[n], self.right[n]) for n, layer in gradients.items()]
        return torch.stack(parts).sum(0)

    def of_vectors(self, vectors: Tensor, sizes: Mapping[str, int]) -> Tensor:
        """Of gradients written out, [I P] with these many coordinates a layer, as it is linear: [I q]."""
        parts = torch.split(vectors, list(sizes.values()), dim=1)
        total = torch.zeros(len(vectors), SKETCH, dtype=torch.float64)
        for name, part in zip(sizes, parts, strict=True):
            left, right = self.left[name].double(), self.right[name].double()
            outputs, inputs = left.shape[1], right.shape[1] - self.biased[name]
            weight = part[:, : outputs * inputs].reshape(len(part), outputs, inputs)
            total += torch.einsum("ioj,qo,qj->iq", weight, left, right[:, :inputs])
            if self.biased[name]:
                total += part[:, outputs * inputs :] @ left.T * right[:, -1]
        return total
