"""A group of the encoder’s parameters: its Jacobian ∂η/∂φ_group at some images, [I m P_group]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

IN_CACHE = 512
"""Coordinates taken at once."""


class Block(Protocol):
    """One parameter group of the encoder at I images: J of shape [I m P_group], in some form."""

    @property
    def name(self) -> str:
        """The module's path within the encoder."""

    @property
    def size(self) -> int:
        """P_group"""

    def gram(self) -> Tensor:
        """J Jᵀ, [I m m], float64."""

    def pull(self, v: Tensor) -> Tensor:
        """Mean over images of Jᵀ v, [I m] → [P_group]."""

    def push(self, u: Tensor) -> Tensor:
        """J u of each image, [P_group] → [I m]."""

    def coordinate_variances(self, covariances: Iterable[Tensor]) -> Iterator[Tensor]:
        """Mean over images of diag(Jᵀ C J) for one C [I m m] after another, [P_group] each."""

    def live(self) -> Tensor:
        """Which coordinates have a nonzero Jacobian at some image, [P_group], bool."""


@dataclass(frozen=True)
class LinearBlock:
    """Weight and bias of one linear layer; coordinates are the weights row by row, then the biases."""

    name: str
    inputs: Tensor
    """a, [I in]"""
    sensitivities: Tensor
    """Δ = ∂η/∂output, [I m out]"""
    has_bias: bool

    @property
    def size(self) -> int:
        out = self.sensitivities.shape[2]
        return out * self.inputs.shape[1] + (out if self.has_bias else 0)

    def gram(self) -> Tensor:
        norm = (self.inputs**2).sum(1) + float(self.has_bias)
        return norm.view(-1, 1, 1) * torch.bmm(self.sensitivities, self.sensitivities.transpose(1, 2))

    def _flat(self, weight: Tensor, bias: Tensor) -> Tensor:
        return torch.cat([weight.reshape(-1), bias]) if self.has_bias else weight.reshape(-1)

    def pull(self, v: Tensor) -> Tensor:
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
    """Parameters of any kind, with their Jacobian written out."""

    name: str
    jacobian: Tensor
    """[I m P_group]"""

    @property
    def size(self) -> int:
        return self.jacobian.shape[2]

    def gram(self) -> Tensor:
        return torch.bmm(self.jacobian, self.jacobian.transpose(1, 2))

    def pull(self, v: Tensor) -> Tensor:
        return torch.einsum("im,imp->p", v, self.jacobian) / v.shape[0]

    def push(self, u: Tensor) -> Tensor:
        return torch.einsum("imp,p->im", self.jacobian, u)

    def coordinate_variances(self, covariances: Iterable[Tensor]) -> Iterator[Tensor]:
        return mean_variances(covariances, self.jacobian)

    def live(self) -> Tensor:
        return (self.jacobian != 0).any(1).any(0)


def mean_variances(covariances: Iterable[Tensor], jacobians: Iterable[Tensor]) -> Iterator[Tensor]:
    """Mean over images of diag(Jᵀ C J), [P] for each C [I m m], of every image's J [m P] in turn."""
    every = list(covariances)
    total = torch.empty(0)
    for i, jacobian in enumerate(jacobians):
        here = torch.stack([covariance[i] for covariance in every])  # [R m m]
        if i == 0:
            total = torch.zeros(len(every), jacobian.shape[1], dtype=here.dtype)
        for found, part in zip(
            *(torch.split(one, IN_CACHE, dim=1) for one in (total, jacobian)), strict=True
        ):
            found += _variances(here, part)
    return iter(total.div_(len(every[0])))


def _variances(covariances: Tensor, jacobian: Tensor) -> Tensor:
    """diag(Jᵀ C J) of each C, [R m m] and [m P] → [R P]."""
    rows, m, _ = covariances.shape
    pushed = (covariances.reshape(rows * m, m) @ jacobian).view(rows, m, -1)
    return pushed.mul_(jacobian).sum(1)
