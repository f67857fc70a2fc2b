"""Sketches: a few numbers in which any difference between two estimators of a large gradient shows."""

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
    """Inner products of a gradient with q random directions, of rank one in every layer.

    The directions are drawn beforehand, so if two mean gradients differ, their
    sketches differ with probability one.
    """

    left: Mapping[str, Tensor]
    """By group, [q rows]."""
    right: Mapping[str, Tensor]
    """By group, [q columns]."""
    biased: Mapping[str, bool]
    """Whether the last column of the group's matrix is a bias."""

    @classmethod
    def of(cls, shapes: Mapping[str, GroupShape], dtype: torch.dtype, seed: int, name: str) -> Sketch:
        """Draw the directions from standard normal vectors, with a separate stream for each group."""
        left, right = {}, {}
        for group, shape in shapes.items():
            noise = stream(seed, "sketch", name, group)
            left[group] = torch.from_numpy(noise.standard_normal((SKETCH, shape.rows))).to(dtype)
            right[group] = torch.from_numpy(noise.standard_normal((SKETCH, shape.columns))).to(dtype)
        return cls(left, right, {group: shape.has_bias for group, shape in shapes.items()})

    def __call__(self, gradients: Mapping[str, LayerGradient]) -> Tensor:
        """The sketches of all replicates, [I R q]."""
        parts = [layer.sketch(self.left[n], self.right[n]) for n, layer in gradients.items()]
        return torch.stack(parts).sum(0)

    def of_vectors(self, vectors: Tensor, sizes: Mapping[str, int]) -> Tensor:
        """The sketches [I q] of gradients given as vectors [I P], with `sizes` coordinates per layer."""
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
