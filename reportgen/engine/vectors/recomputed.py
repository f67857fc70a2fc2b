"""Parameters whose Jacobian has no room: it is computed again, image by image, whenever it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.backward import coordinates, jacobian, real
from reportgen.engine.vectors.blocks import mean_variances


class RecomputedBlock:
    """Implements `Block`; holds one image's [m P_group] at a time.

    Products with a vector take no Jacobian: Jᵀ v is one backward pass of all images, and J u the
    derivative of that in v, which is linear. Not every module's backward pass has a derivative; where it
    has none, or one that is not the transpose of Jᵀ, J u is taken row by row.
    """

    def __init__(self, name: str, encoder: nn.Module, x: Tensor, parameters: Sequence[Tensor]) -> None:
        self.name, self.encoder, self.x = name, encoder, x
        self.parameters = list(parameters)

    @property
    def size(self) -> int:
        """P_group"""
        return sum(map(coordinates, self.parameters))

    def gram(self) -> Tensor:
        """See `Block`."""
        return self._once[0]

    def live(self) -> Tensor:
        """See `Block`."""
        return self._once[1]

    def pull(self, v: Tensor) -> Tensor:
        """See `Block`."""
        eta = self._eta()
        pulled = torch.autograd.grad(eta, self.parameters, v.to(eta), materialize_grads=True)
        return self._flat(pulled).double() / len(v)

    def push(self, u: Tensor) -> Tensor:
        """See `Block`."""
        if self._differentiable:
            return self._swiftly(u)
        return torch.stack([one @ u for one in self._jacobians()])

    def coordinate_variances(self, covariances: Iterable[Tensor]) -> Iterator[Tensor]:
        """See `Block`; each image's Jacobian serves all covariances."""
        return mean_variances(covariances, self._jacobians())

    @cached_property
    def _once(self) -> tuple[Tensor, Tensor]:
        """J Jᵀ of every image, and which coordinates have a gradient at some image."""
        grams, live = [], torch.zeros(self.size, dtype=torch.bool)
        for one in self._jacobians():
            grams.append(one @ one.T)
            live |= (one != 0).any(0)
        return torch.stack(grams), live

    @cached_property
    def _differentiable(self) -> bool:
        """Whether J u by two passes suits Jᵀ v: ⟨v, J u⟩ = ⟨Jᵀ v, u⟩ over all images, to rounding."""
        u = torch.linspace(1.0, 2.0, self.size, dtype=torch.float64)
        try:
            pushed = self._swiftly(u)
        except RuntimeError:
            return False
        v = torch.linspace(1.0, 2.0, pushed.numel(), dtype=torch.float64).view_as(pushed)
        off = (v * pushed).sum() - len(v) * (self.pull(v) @ u)
        return bool(off**2 <= torch.finfo(self._eta().dtype).eps * (v * pushed.abs()).sum() ** 2)

    def _swiftly(self, u: Tensor) -> Tensor:
        eta = self._eta()
        v = torch.ones_like(eta, requires_grad=True)
        with torch.enable_grad():
            pulled = torch.autograd.grad(eta, self.parameters, v, create_graph=True, materialize_grads=True)
            along = self._flat(pulled) @ u.to(eta)
        (pushed,) = torch.autograd.grad(along, v)
        return pushed.double()

    def _eta(self) -> Tensor:
        with torch.enable_grad():
            eta: Tensor = self.encoder(self.x)
        return eta

    def _flat(self, gradients: Iterable[Tensor]) -> Tensor:
        return torch.cat([real(one).reshape(-1) for one in gradients])

    def _jacobians(self) -> Iterator[Tensor]:
        """[m P_group] of one image after another."""
        return (jacobian(self.encoder, row.unsqueeze(0), self.parameters) for row in self.x)
