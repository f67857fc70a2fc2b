"""Parameters whose Jacobian does not fit in memory: it is recomputed image by image whenever it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.backward import coordinates, jacobian, real
from reportgen.engine.vectors.blocks import mean_variances

WIDE = 2**14
"""Coordinates converted to float64 at once."""


class RecomputedBlock:
    """Implements `Block`, holding one image's Jacobian [m P] at a time, in the encoder's own precision.

    Products with a vector need no Jacobian: Jᵀ v is one backward pass for all images, and J u is the
    derivative of ⟨Jᵀ v, u⟩ in v. But not every module's backward pass can be differentiated; if it cannot,
    or gives something other than the transpose of Jᵀ, J u is computed from the Jacobian image by image.
    """

    def __init__(
        self,
        encoder: nn.Module,
        x: Tensor,
        groups: Mapping[str, Sequence[Tensor]],
        tell: Callable[[float], None] | None = None,
    ) -> None:
        """`tell` is called with the share of images done, after each image's Jacobian."""
        self.encoder, self.x, self.tell = encoder, x, tell
        self.owned = {name: list(parameters) for name, parameters in groups.items()}
        self.parameters = [one for parameters in self.owned.values() for one in parameters]

    @property
    def groups(self) -> Mapping[str, int]:
        """See `Block`."""
        return {name: sum(map(coordinates, parameters)) for name, parameters in self.owned.items()}

    def grams(self) -> Tensor:
        """See `Block`."""
        return self._once[0]

    def live(self) -> Tensor:
        """See `Block`."""
        return self._once[1]

    def pulls(self, vectors: Iterable[Tensor]) -> Iterator[Tensor]:
        """See `Block`."""
        eta = self._eta()
        for v in vectors:
            pulled = torch.autograd.grad(
                eta, self.parameters, v.to(eta), retain_graph=True, materialize_grads=True
            )
            yield self._flat(pulled).double() / len(v)

    def push(self, u: Tensor) -> Tensor:
        """See `Block`."""
        if self._differentiable:
            return self._swiftly(u)
        return torch.stack([_product(parts, u) for parts in self._jacobians()])

    def coordinate_variances(self, covariances: Iterable[Tensor]) -> Iterator[Tensor]:
        """See `Block`; each image's Jacobian is used for all covariances."""
        return mean_variances(covariances, self._jacobians())

    @cached_property
    def _once(self) -> tuple[Tensor, Tensor]:
        """J Jᵀ of every group at every image, and which coordinates have a gradient at some image."""
        grams, live = [], torch.zeros(sum(self.groups.values()), dtype=torch.bool)
        for parts in self._jacobians():
            each = map(_gram, parts)
            own = [torch.stack(list(islice(each, len(group)))).sum(0) for group in self.owned.values()]
            grams.append(torch.stack(own))
            live |= torch.cat([(part != 0).any(0) for part in parts])
        return torch.stack(grams, 1), live

    @cached_property
    def _differentiable(self) -> bool:
        """Whether J u by differentiation is consistent with Jᵀ v: ⟨v, J u⟩ = ⟨Jᵀ v, u⟩ up to rounding."""
        u = torch.linspace(1.0, 2.0, sum(self.groups.values()), dtype=torch.float64)
        try:
            pushed = self._swiftly(u)
        except RuntimeError:
            return False
        v = torch.linspace(1.0, 2.0, pushed.numel(), dtype=torch.float64).view_as(pushed)
        (pulled,) = self.pulls([v])
        off = (v * pushed).sum() - len(v) * (pulled @ u)
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

    def _jacobians(self) -> Iterator[list[Tensor]]:
        """The Jacobian of each image in turn, [m P_parameter] for each parameter."""
        for i, row in enumerate(self.x):
            yield jacobian(self.encoder, row.unsqueeze(0), self.parameters)
            if self.tell is not None:
                self.tell((i + 1) / len(self.x))


def _gram(part: Tensor) -> Tensor:
    """J Jᵀ from one image's J [m P], in float64."""
    pieces = [piece.double() for piece in torch.split(part, WIDE, dim=1)]
    return torch.stack([piece @ piece.T for piece in pieces]).sum(0)


def _product(parts: Sequence[Tensor], u: Tensor) -> Tensor:
    """J u from one image's J, [m], in float64."""
    along = torch.split(u, [part.shape[1] for part in parts])
    return torch.stack([part.double() @ own for part, own in zip(parts, along, strict=True)]).sum(0)
