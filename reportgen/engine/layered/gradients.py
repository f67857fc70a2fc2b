"""The gradient of every replicate, layer by layer, in factored form.

For a linear layer with inputs a and sensitivities δ = ∂(surrogate)/∂output, the
gradient of one replicate is G = Σ_k δ_k a_kᵀ, a sum over its K samples. Norms,
sums and squares of all G follow from δ and a without storing any G:
‖G‖² = Σ_kl (δ_k·δ_l)(a_k·a_l), and for K = 1 the sums of the coordinates' squares
are (δ²)ᵀ(a²). Source: Goodfellow (2015), for K = 1. For any other layer G itself
is stored, as a matrix with one row: a = G and δ = 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

CHUNK = 4_000_000
"""Entries of written-out gradients held at once."""


@dataclass(frozen=True)
class GroupShape:
    """Shape of the matrix formed by the coordinates of a group."""

    rows: int
    columns: int
    """Including the bias, which is the last column."""
    has_bias: bool


@dataclass(frozen=True)
class LayerGradient:
    """All replicates' gradients in one group; in a linear layer, the weights row by row, then the biases.

    If a sample passes through a layer several times, the axis K is as many times longer.
    """

    inputs: Tensor
    """a, [I R K in], without the constant 1 that multiplies a bias."""
    sensitivities: Tensor
    """δ, [I R K out]"""
    has_bias: bool

    @classmethod
    def written_out(cls, gradients: Tensor) -> LayerGradient:
        """From gradients given in full, [I R P]."""
        rows = gradients.unsqueeze(2)
        return cls(rows, torch.ones_like(rows[..., :1]), has_bias=False)

    def weighted(self, weights: Tensor) -> LayerGradient:
        """Each replicate's gradient, times its own weight in [I R]."""
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
        """Σ_r G for each data point, [I P]."""
        a, delta = (part.flatten(1, 2) for part in (self._extended, self.sensitivities))
        return self._flat(delta.transpose(1, 2) @ a)

    def squares(self) -> Tensor:
        """Σ G² over data points and replicates, coordinate by coordinate, [P]."""
        a, delta = (part.flatten(0, 1) for part in (self._extended, self.sensitivities))  # [IR K ·]
        if a.shape[1] == 1:
            return self._flat((delta.squeeze(1) ** 2).T @ a.squeeze(1) ** 2)
        total = delta.new_zeros(delta.shape[2], a.shape[2])
        step = max(CHUNK // total.numel(), 1)
        for inputs, outputs in zip(torch.split(a, step), torch.split(delta, step), strict=True):
            total += (outputs.transpose(1, 2) @ inputs).square_().sum(0)
        return self._flat(total)

    def along(self, direction: Tensor) -> Tensor:
        """G · u for every replicate, with u [I P] or [P], → [I R]."""
        outputs, inputs = self.sensitivities.shape[-1], self.inputs.shape[-1]
        weight = direction[..., : outputs * inputs].reshape(*direction.shape[:-1], outputs, inputs)
        if self.has_bias:
            weight = torch.cat([weight, direction[..., outputs * inputs :].unsqueeze(-1)], -1)
        pushed = self._extended.flatten(1, 2) @ weight.transpose(-1, -2)  # [I RK out]
        found: Tensor = (pushed * self.sensitivities.flatten(1, 2)).sum(-1)
        return found.reshape(*self.inputs.shape[:3]).sum(2)

    def sketch(self, left: Tensor, right: Tensor) -> Tensor:
        """G · u_j v_jᵀ = Σ_k (δ_k·u_j)(a_k·v_j) for u [q out] and v [q in(+1)], → [I R q]."""
        return ((self.sensitivities @ left.T) * (self._extended @ right.T)).sum(2)

    def _flat(self, whole: Tensor) -> Tensor:
        """[.. out in(+1)] → [.. P]."""
        if not self.has_bias:
            return whole.flatten(-2)
        return torch.cat([whole[..., :-1].flatten(-2), whole[..., -1]], -1)
