"""A few numbers that see any difference between two estimators of a gradient of very many coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from reportgen.engine.layered.gradients import GroupShape, LayerGradient
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
    """[q rows] of each group's matrix"""
    right: Mapping[str, Tensor]
    """[q columns]"""
    biased: Mapping[str, bool]
    """Whether the last column is a bias."""

    @classmethod
    def of(cls, shapes: Mapping[str, GroupShape], dtype: torch.dtype, seed: int, name: str) -> Sketch:
        """Standard normal vectors, from a stream of their own for each group."""
        left, right = {}, {}
        for group, shape in shapes.items():
            noise = stream(seed, "sketch", name, group)
            left[group] = torch.from_numpy(noise.standard_normal((SKETCH, shape.rows))).to(dtype)
            right[group] = torch.from_numpy(noise.standard_normal((SKETCH, shape.columns))).to(dtype)
        return cls(left, right, {group: shape.has_bias for group, shape in shapes.items()})

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
            total += ((weight @ right[:, :inputs].T) * left.T).sum(1)
            if self.biased[name]:
                total += part[:, outputs * inputs :] @ left.T * right[:, -1]
        return total
