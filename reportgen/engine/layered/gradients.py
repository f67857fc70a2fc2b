"""The gradient of every replicate, layer by layer, in factors.

For a linear layer with inputs a and sensitivities δ = ∂(surrogate)/∂output the
gradient of one replicate is G = Σ_k δ_k a_kᵀ, its sum over K samples. Norms,
sums and squares of all G follow from δ and a without any G being kept:
‖G‖² = Σ_kl (δ_k·δ_l)(a_k·a_l), and for K = 1 the coordinates' squares are
(δ²)ᵀ(a²). Source: Goodfellow (2015), for K = 1. Of any other layer G itself
is kept, as a matrix of one row: a = G and δ = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

CHUNK = 4_000_000
"""Entries of written-out gradients at once, where K > 1."""


@dataclass(frozen=True)
class GroupShape:
    """The matrix that the coordinates of a group are."""

    rows: int
    columns: int
    """With the bias, which is the last one."""
    has_bias: bool


@dataclass(frozen=True)
class LayerGradient:
    """All replicates' gradients of one group; of a linear layer weights row by row, then biases.

    A layer that a sample passes several times has so many k more.
    """

    inputs: Tensor
    """a, [I R K in]; a one is appended where the layer has a bias."""
    sensitivities: Tensor
    """δ, [I R K out]"""
    has_bias: bool

    @classmethod
    def written_out(cls, gradients: Tensor) -> LayerGradient:
        """Of gradients that are kept, [I R P]."""
        rows = gradients.unsqueeze(2)
        return cls(rows, torch.ones_like(rows[..., :1]), has_bias=False)

    def weighted(self, weights: Tensor) -> LayerGradient:
        """Each replicate's gradient times a number of its own, [I R]."""
        return replace(self, sensitivities=self.sensitivities * weights[..., None, None])

    @property
    def _extended(self) -> Tensor:
        if not self.has_bias:
            return self.inputs
        return torch.cat([self.inputs, torch.ones_like(self.inputs[..., :1])], -1)

    def squared_norms(self) -> Tensor:
        """‖G‖² of every replicate, [I R]."""
        a, delta = self._extended, self.sensitivities
        if a.shape[2] == 1:
            return (a.squeeze(2) ** 2).sum(-1) * (delta.squeeze(2) ** 2).sum(-1)
        return ((a @ a.transpose(2, 3)) * (delta @ delta.transpose(2, 3))).sum((2, 3))

    def sums(self) -> Tensor:
        """Σ_r G of each data point, [I P]."""
        a, delta = (part.flatten(1, 2) for part in (self._extended, self.sensitivities))
        return self._flat(delta.transpose(1, 2) @ a)

    def squares(self) -> Tensor:
        """Σ over data points and replicates of G², coordinate by coordinate, [P]."""
        a, delta = (part.flatten(0, 1) for part in (self._extended, self.sensitivities))  # [IR K ·]
        if a.shape[1] == 1:
            return self._flat((delta.squeeze(1) ** 2).T @ a.squeeze(1) ** 2)
        total = delta.new_zeros(delta.shape[2], a.shape[2])
        step = max(CHUNK // total.numel(), 1)
        for inputs, outputs in zip(torch.split(a, step), torch.split(delta, step), strict=True):
            total += (outputs.transpose(1, 2) @ inputs).square_().sum(0)
        return self._flat(total)

    def along(self, direction: Tensor) -> Tensor:
        """G · u of every replicate for u [I P] (or [P]), [I R]."""
        outputs, inputs = self.sensitivities.shape[-1], self.inputs.shape[-1]
        weight = direction[..., : outputs * inputs].reshape(*direction.shape[:-1], outputs, inputs)
        if self.has_bias:
            weight = torch.cat([weight, direction[..., outputs * inputs :].unsqueeze(-1)], -1)
        pushed = self._extended.flatten(1, 2) @ weight.transpose(-1, -2)  # [I RK out]
        found: Tensor = (pushed * self.sensitivities.flatten(1, 2)).sum(-1)
        return found.reshape(*self.inputs.shape[:3]).sum(2)

    def sketch(self, left: Tensor, right: Tensor) -> Tensor:
        """Σ_k (δ_k·u_j)(a_k·v_j) for u [q out] and v [q in(+1)]: G · u_j v_jᵀ, [I R q]."""
        return ((self.sensitivities @ left.T) * (self._extended @ right.T)).sum(2)

    def _flat(self, whole: Tensor) -> Tensor:
        """[.. out in(+1)] → [.. P]."""
        if not self.has_bias:
            return whole.flatten(-2)
        return torch.cat([whole[..., :-1].flatten(-2), whole[..., -1]], -1)
