"""The gradient of every replicate, layer by layer, in factors.

For a linear layer with inputs a and sensitivities δ = ∂(surrogate)/∂output the
gradient of one replicate is G = Σ_k δ_k a_kᵀ, its sum over K samples. Norms,
sums and squares of all G follow from δ and a without any G being kept:
‖G‖² = Σ_kl (δ_k·δ_l)(a_k·a_l), and for K = 1 the coordinates' squares are
(δ²)ᵀ(a²). Source: Goodfellow (2015), for K = 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.errors import CellError

CHUNK = 4_000_000
"""Entries of written-out gradients at once, where K > 1."""


@dataclass(frozen=True)
class LayerGradient:
    """All replicates' gradients of one linear layer; coordinates are weights row by row, then biases."""

    inputs: Tensor
    """a, [I R K in]; a one is appended where the layer has a bias."""
    sensitivities: Tensor
    """δ, [I R K out]"""
    has_bias: bool

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


class Recorder:
    """Sees every linear layer of a network work, and tells the gradients of a scalar apart by replicate."""

    def __init__(self, network: nn.Module) -> None:
        self.layers = {name: m for name, m in network.named_modules() if isinstance(m, nn.Linear)}
        seen = {id(p) for layer in self.layers.values() for p in layer.parameters()}
        others = [name for name, p in network.named_parameters() if p.requires_grad and id(p) not in seen]
        if others:
            raise CellError(
                "layer by layer: needs every parameter in a linear layer, found "
                f"{', '.join(others[:3])}. Hold it fixed with requires_grad_(False)."
            )

    @property
    def sizes(self) -> dict[str, int]:
        """Parameters of each layer."""
        return {name: sum(p.numel() for p in layer.parameters()) for name, layer in self.layers.items()}

    def gradients(
        self, surrogate: Callable[[], Tensor], images: int, num_samples: int
    ) -> dict[str, LayerGradient]:
        """Of every layer; `surrogate` computes one scalar a replicate, [I R], from rows [I·R·K ·].

        A layer whose parameters are held fixed while the surrogate is
        computed is not seen then.
        """
        calls: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in self.layers}
        with torch.enable_grad(), self._noting(calls):
            total = surrogate().sum()
        outputs = [output for found in calls.values() for _, output in found]
        deltas = iter(torch.autograd.grad(total, outputs, allow_unused=True, materialize_grads=True))
        result = {}
        for name, found in calls.items():
            if not found:
                continue
            a = torch.cat([_folded(x.detach(), images, num_samples) for x, _ in found], 2)
            delta = torch.cat([_folded(next(deltas), images, num_samples) for _ in found], 2)
            result[name] = LayerGradient(a, delta, self.layers[name].bias is not None)
        return result

    @contextmanager
    def _noting(self, calls: dict[str, list[tuple[Tensor, Tensor]]]) -> Iterator[None]:
        def note(name: str) -> Callable[[nn.Module, tuple[Any, ...], Tensor], None]:
            def hook(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
                weight = module.weight
                assert isinstance(weight, Tensor)
                if weight.requires_grad and output.requires_grad:
                    calls[name].append((inputs[0], output))

            return hook

        handles = [layer.register_forward_hook(note(name)) for name, layer in self.layers.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _folded(rows: Tensor, images: int, num_samples: int) -> Tensor:
    """[I·R·K ·] → [I R K ·]."""
    return rows.reshape(images, -1, num_samples, rows.shape[-1])
