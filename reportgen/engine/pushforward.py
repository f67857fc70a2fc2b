"""From η to every parameter of the encoder, exactly.

For a fixed image the gradient in φ is Jᵀ ĝ_η with J = ∂η/∂φ, [m × P], which
does not depend on the sample. Linear layers are factored: with input a and
output sensitivities Δ (m × out), J of weight (o, i) is Δ_o a_i, so nothing of
size m × P is stored. Whether a layer is one (its weights may be masked, normalised,
scaled by a hook or used elsewhere too) is tried against autograd. Every other parameter,
of any module, takes the plain route: its Jacobian by m backward passes an image.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from reportgen.errors import CellError

DENSE_LIMIT = 4 * 2**30
"""Bytes that all Jacobians of parameters outside plain linear layers may take."""


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

    def coordinate_variance(self, covariance: Tensor) -> Tensor:
        """Mean over images of diag(Jᵀ C J), [I m m] → [P_group]."""

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

    def coordinate_variance(self, covariance: Tensor) -> Tensor:
        total = torch.zeros(self.size, dtype=covariance.dtype)
        for c, jacobian in zip(covariance, self.jacobian, strict=True):
            total += ((c @ jacobian) * jacobian).sum(0)
        return total / covariance.shape[0]

    def live(self) -> Tensor:
        return (self.jacobian != 0).any(1).any(0)


@dataclass(frozen=True)
class Pushforward:
    """All parameter groups of an encoder at its images."""

    blocks: tuple[Block, ...]
    grams: Tensor
    """[G I m m], group ``all`` first."""

    @property
    def groups(self) -> tuple[str, ...]:
        return ("all", *(block.name for block in self.blocks))

    @property
    def parameters(self) -> int:
        """P"""
        return sum(block.size for block in self.blocks)

    def pull(self, v: Tensor) -> list[Tensor]:
        """Mean over images of Jᵀ v for each block."""
        return [block.pull(v) for block in self.blocks]

    def push(self, u: Sequence[Tensor]) -> Tensor:
        """J u with u given block by block, [I m]."""
        pushed = [block.push(part) for block, part in zip(self.blocks, u, strict=True)]
        return torch.stack(pushed).sum(0)

    @classmethod
    def free(cls, groups: Mapping[str, int], images: int) -> Pushforward:
        """Of parameters that are the measured vector itself, group after group: J is the identity."""
        whole = torch.eye(sum(groups.values()), dtype=torch.float64)
        parts = torch.split(whole, list(groups.values()), dim=1)
        blocks = tuple(
            DenseBlock(name, part.expand(images, -1, -1)) for name, part in zip(groups, parts, strict=True)
        )
        grams = torch.stack([block.gram() for block in blocks])
        return cls(blocks, torch.cat([grams.sum(0, keepdim=True), grams]))

    @classmethod
    def of(cls, encoder: nn.Module, x: Tensor) -> Pushforward:
        """Factor J at the inputs x [I …]; the encoder is put into evaluation mode."""
        encoder.eval()
        blocks = _factor(encoder, x)
        if not blocks:
            raise CellError(
                "encoder: needs at least one parameter that requires a gradient and reaches η, found none. "
                "Check requires_grad and detach in its forward."
            )
        grams = torch.stack([block.gram() for block in blocks])
        return cls(tuple(blocks), torch.cat([grams.sum(0, keepdim=True), grams]))


def _factor(encoder: nn.Module, x: Tensor) -> list[Block]:
    calls: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {}

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        calls.setdefault(module, []).append((inputs[0], output))

    handles = [m.register_forward_hook(note) for m in encoder.modules() if isinstance(m, nn.Linear)]
    try:
        with torch.enable_grad():
            eta = encoder(x)
    finally:
        for handle in handles:
            handle.remove()
    owners: dict[nn.Parameter, list[str]] = {}
    for module_name, module in encoder.named_modules():
        for parameter in module._parameters.values():
            if parameter is not None:
                owners.setdefault(parameter, []).append(module_name)

    def factorable(module: nn.Module) -> bool:
        seen = calls.get(module, [])
        return (
            isinstance(module, nn.Linear)
            and len(seen) == 1
            and seen[0][0].dim() == 2
            and seen[0][0].shape[0] == x.shape[0]
            and dict(module.named_parameters()).keys() - {"bias"} == {"weight"}
            and all(len(owners[p]) == 1 and p.requires_grad for p in module.parameters())
        )

    linear = {name: m for name, m in encoder.named_modules() if factorable(m)}
    images, m = eta.shape
    basis = torch.eye(m, dtype=eta.dtype).unsqueeze(1).expand(m, images, m)
    outputs = [calls[module][0][1] for module in linear.values()]
    found: dict[str, LinearBlock] = {}
    for (name, module), delta in zip(linear.items(), _batched_grad(eta, outputs, basis), strict=True):
        inputs = calls[module][0][0].detach().double()
        block = LinearBlock(name or "linear", inputs, delta.transpose(0, 1).double(), module.bias is not None)
        if _agrees(block, eta, list(module.parameters())):
            found[name] = block

    factored = {id(p) for name in found for p in linear[name].parameters()}
    others = sum(p.numel() for p in encoder.parameters() if p.requires_grad and id(p) not in factored)
    _require_room(images, m, others)
    blocks: list[Block] = []
    done: set[int] = set()
    for name, module in encoder.named_modules():
        if name in found:
            blocks.append(found[name])
            continue
        own = {
            key: p
            for key, p in module._parameters.items()
            if p is not None and p.requires_grad and id(p) not in factored | done
        }
        if own:
            done |= {id(p) for p in own.values()}
            label = name or ".".join(own)
            blocks.append(DenseBlock(label, _dense(encoder, x, list(own.values()), m)))
    return blocks


def _agrees(block: LinearBlock, eta: Tensor, parameters: list[nn.Parameter]) -> bool:
    """Whether the block has autograd's derivative, in the layer's parameters, of a weighted sum of all η.

    To rounding, beside the images' own derivatives: those may nearly cancel in the sum.
    """
    weights = torch.linspace(1.0, 2.0, eta.numel(), dtype=eta.dtype).view_as(eta)
    slow = torch.autograd.grad((weights * eta).sum(), parameters, retain_graph=True, materialize_grads=True)
    expected = torch.cat([gradient.flatten() for gradient in slow]).double()
    wide = weights.double()
    off = block.pull(wide) * len(eta) - expected
    squares = torch.einsum("ia,iab,ib->", wide, block.gram(), wide)
    return bool((off**2).sum() <= torch.finfo(eta.dtype).eps * len(eta) * squares)


def _batched_grad(eta: Tensor, inputs: list[Tensor], basis: Tensor) -> tuple[Tensor, ...]:
    if not inputs:
        return ()
    return torch.autograd.grad(
        eta, inputs, grad_outputs=basis, is_grads_batched=True, retain_graph=True, materialize_grads=True
    )


def _require_room(images: int, m: int, parameters: int) -> None:
    """Raises CellError where the Jacobians of so many parameters would not fit."""
    needed = images * m * parameters * 8
    if needed > DENSE_LIMIT:
        raise CellError(
            f"encoder: Jacobians of parameters outside plain linear layers need {needed / 2**30:.1f} GiB for "
            f"{images} images; at most {DENSE_LIMIT / 2**30:.0f} GiB are allowed. Measure fewer images."
        )


def _dense(encoder: nn.Module, x: Tensor, parameters: list[nn.Parameter], m: int) -> Tensor:
    rows = []
    for i in range(x.shape[0]):
        with torch.enable_grad():
            eta = encoder(x[i : i + 1])
        basis = torch.eye(m, dtype=eta.dtype).unsqueeze(1)
        grads = _batched_grad(eta, list(parameters), basis)
        rows.append(torch.cat([g.reshape(m, -1) for g in grads], dim=1).double())
    return torch.stack(rows)
