"""Blocks of the encoder’s parameters, with their Jacobian ∂η/∂φ at I images, [I m P]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

IN_CACHE = 512
"""Coordinates processed at once …"""
PRODUCTS = 2**16
"""… for as many covariances as keep their products, m numbers per coordinate, below this size."""
VECTORS = 8
"""Vectors by which a stored Jacobian is multiplied at once, so that it is read from memory only once."""


class Block(Protocol):
    """One or more parameter groups of the encoder at I images, with J [I m P] in some representation."""

    @property
    def groups(self) -> Mapping[str, int]:
        """Number of coordinates of each group, by the path of its module within the encoder."""

    def grams(self) -> Tensor:
        """J Jᵀ of every group, [g I m m], float64."""

    def pulls(self, vectors: Iterable[Tensor]) -> Iterator[Tensor]:
        """Mean over images of Jᵀ v for each v [I m] in turn, [P]."""

    def push(self, u: Tensor) -> Tensor:
        """J u at each image, [P] → [I m]."""

    def coordinate_variances(self, covariances: Iterable[Tensor]) -> Iterator[Tensor]:
        """Mean over images of diag(Jᵀ C J) for each C [I m m] in turn, [P]."""

    def live(self) -> Tensor:
        """Which coordinates have a nonzero Jacobian at some image, [P], bool."""


@dataclass(frozen=True)
class LinearBlock:
    """One linear layer; its coordinates are the weights row by row, then the biases."""

    name: str
    inputs: Tensor
    """a, [I in]"""
    sensitivities: Tensor
    """Δ = ∂η/∂output, [I m out]"""
    has_bias: bool

    @property
    def groups(self) -> Mapping[str, int]:
        """See `Block`; there is one group."""
        out = self.sensitivities.shape[2]
        return {self.name: out * self.inputs.shape[1] + (out if self.has_bias else 0)}

    def grams(self) -> Tensor:
        """See `Block`."""
        return self.gram().unsqueeze(0)

    def gram(self) -> Tensor:
        """J Jᵀ, [I m m]."""
        norm = (self.inputs**2).sum(1) + float(self.has_bias)
        return norm.view(-1, 1, 1) * torch.bmm(self.sensitivities, self.sensitivities.transpose(1, 2))

    def _flat(self, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.cat([weight.reshape(-1), bias]) if self.has_bias else weight.reshape(-1)

    def pulls(self, vectors: Iterable[Tensor]) -> Iterator[Tensor]:
        """See `Block`."""
        return map(self.pull, vectors)

    def pull(self, v: Tensor) -> Tensor:
        """Mean over images of Jᵀ v, [I m] → [P]."""
        pulled = torch.einsum("im,imo->io", v, self.sensitivities) / v.shape[0]
        return self._flat(pulled.T @ self.inputs, pulled.sum(0))

    def push(self, u: Tensor) -> Tensor:
        out, width = self.sensitivities.shape[2], self.inputs.shape[1]
        at_output = self.inputs @ u[: out * width].view(out, width).T
        if self.has_bias:
            at_output = at_output + u[out * width :]
        return torch.einsum("imo,io->im", self.sensitivities, at_output)

    def coordinate_variances(self, covariances: Iterable[Tensor]) -> Iterator[Tensor]:
        return map(self.coordinate_variance, covariances)

    def coordinate_variance(self, covariance: Tensor) -> Tensor:
        at_output = ((covariance @ self.sensitivities) * self.sensitivities).sum(1) / covariance.shape[0]
        return self._flat(at_output.T @ self.inputs**2, at_output.sum(0))

    def live(self) -> Tensor:
        reached = (self.sensitivities != 0).any(1).double()  # [I out]
        weight = reached.T @ (self.inputs != 0).double()
        return self._flat(weight, reached.sum(0)) > 0


@dataclass(frozen=True)
class DenseBlock:
    """Parameters of any kind, with their Jacobian stored in full."""

    groups: Mapping[str, int]
    jacobian: Tensor
    """[I m P]"""

    def grams(self) -> Tensor:
        """See `Block`."""
        parts = torch.split(self.jacobian, list(self.groups.values()), dim=2)
        return torch.stack([torch.bmm(part, part.transpose(1, 2)) for part in parts])

    def pulls(self, vectors: Iterable[Tensor]) -> Iterator[Tensor]:
        """See `Block`."""
        for some in torch.split(torch.stack(list(vectors)), VECTORS):
            yield from torch.einsum("wim,imp->wp", some, self.jacobian) / some.shape[1]

    def push(self, u: Tensor) -> Tensor:
        """See `Block`."""
        return torch.einsum("imp,p->im", self.jacobian, u)

    def coordinate_variances(self, covariances: Iterable[Tensor]) -> Iterator[Tensor]:
        """See `Block`."""
        return mean_variances(covariances, ([one] for one in self.jacobian))

    def live(self) -> Tensor:
        """See `Block`."""
        return (self.jacobian != 0).any(1).any(0)


def mean_variances(covariances: Iterable[Tensor], jacobians: Iterable[Sequence[Tensor]]) -> Iterator[Tensor]:
    """Mean over images of diag(Jᵀ C J), [P], for each C [I m m].

    `jacobians` yields each image's J in turn, split into parts [m …].
    """
    every = list(covariances)
    images, m, _ = every[0].shape
    rows = max(PRODUCTS // (m * IN_CACHE), 1)
    totals: list[Tensor] = []
    for i, parts in enumerate(jacobians):
        own = torch.stack([covariance[i] for covariance in every])  # [R m m]
        split = torch.split(own, rows)
        totals = totals or [own.new_zeros(len(some), sum(part.shape[1] for part in parts)) for some in split]
        at = 0
        for piece in (piece for part in parts for piece in torch.split(part, IN_CACHE, dim=1)):
            wide, stop = piece.double(), at + piece.shape[1]
            for total, some in zip(totals, split, strict=True):
                total[:, at:stop] += _variances(some, wide)
            at = stop
    while totals:  # frees each result after it is used
        yield from totals.pop(0).div_(images)


def _variances(covariances: Tensor, jacobian: Tensor) -> Tensor:
    """diag(Jᵀ C J) for each C, [R m m] and [m P] → [R P]."""
    rows, m, _ = covariances.shape
    pushed = (covariances.reshape(rows * m, m) @ jacobian).view(rows, m, -1)
    return pushed.mul_(jacobian).sum(1)
