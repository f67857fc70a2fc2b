"""An encoder's Jacobian ∂η/∂φ, group by group of its parameters.

Linear layers are factored: with input a and output sensitivities Δ (m × out), J of weight (o, i) is
Δ_o a_i, so nothing of size m × P is stored. Whether a layer is one (its weights may be masked,
normalised, scaled by a hook or used elsewhere too) is tried against autograd. Every other parameter,
of any module, takes the plain route: its Jacobian by m backward passes an image.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.blocks import Block, DenseBlock, LinearBlock
from reportgen.errors import CellError

DENSE_LIMIT = 4 * 2**30
"""Bytes that all Jacobians of parameters outside plain linear layers may take."""


Calls = Mapping[nn.Module, list[tuple[Tensor, Tensor]]]
"""Linear layer → (input, output) of each time that it was called."""


def factored(encoder: nn.Module, x: Tensor) -> list[Block]:
    """All groups with parameters that require a gradient, at the inputs x [I …], in the encoder's order.

    A group is the parameters of one module, by its path; the encoder's very own are one each, by their names.
    """
    eta, calls = _traced(encoder, x)
    linear = _linear_blocks(encoder, eta, calls)
    done = {id(p) for name in linear for p in encoder.get_submodule(name).parameters()}
    images, m = eta.shape
    _require_room(images, m, [p for p in encoder.parameters() if p.requires_grad and id(p) not in done])
    blocks: list[Block] = []
    for name, module in encoder.named_modules():
        if name in linear:
            blocks.append(linear[name])
            continue
        own = {
            key: p
            for key, p in module._parameters.items()
            if p is not None and p.requires_grad and id(p) not in done
        }
        if own:
            done |= {id(p) for p in own.values()}
            whole = _dense(encoder, x, list(own.values()), m)
            sizes = [_coordinates(p) for p in own.values()]
            parts = {name: whole} if name else dict(zip(own, torch.split(whole, sizes, dim=2), strict=True))
            blocks += [DenseBlock(group, part) for group, part in parts.items()]
    return blocks


def _traced(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Calls]:
    """η with its graph, [I m], and what linear layers saw and gave on the way, where that has a gradient."""
    calls: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {}

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if inputs and isinstance(output, Tensor) and output.requires_grad:
            calls.setdefault(module, []).append((inputs[0], output))

    handles = [m.register_forward_hook(note) for m in encoder.modules() if isinstance(m, nn.Linear)]
    try:
        with torch.enable_grad():
            eta = encoder(x)
    finally:
        for handle in handles:
            handle.remove()
    return eta, calls


def _linear_blocks(encoder: nn.Module, eta: Tensor, calls: Calls) -> dict[str, LinearBlock]:
    """Layers whose Jacobian is that of a plain linear one, by their path."""
    images, m = eta.shape
    owners = Counter(p for module in encoder.modules() for p in module._parameters.values() if p is not None)
    linear = {
        name: module
        for name, module in encoder.named_modules()
        if isinstance(module, nn.Linear)
        and _is_plain(module, owners)
        and _once_a_row(calls.get(module, []), images)
    }
    basis = torch.eye(m, dtype=eta.dtype).unsqueeze(1).expand(m, images, m)
    outputs = [calls[module][0][1] for module in linear.values()]
    found: dict[str, LinearBlock] = {}
    for (name, module), delta in zip(linear.items(), _batched_grad(eta, outputs, basis), strict=True):
        inputs = calls[module][0][0].detach().double()
        block = LinearBlock(name or "linear", inputs, delta.transpose(0, 1).double(), module.bias is not None)
        if _agrees(block, eta, list(module.parameters())):
            found[name] = block
    return found


def _is_plain(module: nn.Linear, owners: Mapping[nn.Parameter, int]) -> bool:
    """Whether it has a weight and at most a bias, all of them to be learned and nobody else's."""
    names = dict(module.named_parameters()).keys()
    return names - {"bias"} == {"weight"} and all(
        owners[p] == 1 and p.requires_grad and not p.is_complex() for p in module.parameters()
    )


def _once_a_row(seen: list[tuple[Tensor, Tensor]], images: int) -> bool:
    """Whether a layer was called once, with one row an image."""
    return len(seen) == 1 and seen[0][0].dim() == 2 and seen[0][0].shape[0] == images


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


def _batched_grad(eta: Tensor, inputs: list[Tensor], basis: Tensor) -> list[Tensor]:
    """Derivatives of ⟨b, η⟩ in each of the inputs, for all b of the basis [B I m]: [B …] each."""
    if not inputs:
        return []

    def pullback(b: Tensor, batched: bool) -> tuple[Tensor | None, ...]:
        return torch.autograd.grad(
            eta, inputs, b, is_grads_batched=batched, retain_graph=True, allow_unused=True
        )

    try:
        found = pullback(basis, batched=True)
    except RuntimeError:  # a backward that torch cannot vectorize
        alone = zip(*(pullback(b, batched=False) for b in basis), strict=True)
        found = tuple(None if rows[0] is None else torch.stack(rows) for rows in alone)
    return [
        part.new_zeros(len(basis), *part.shape) if delta is None else delta
        for part, delta in zip(inputs, found, strict=True)
    ]


def _require_room(images: int, m: int, parameters: Collection[nn.Parameter]) -> None:
    """Raises CellError where the Jacobians of these parameters would not fit."""
    needed = images * m * sum(map(_coordinates, parameters)) * 8
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
        rows.append(torch.cat([_real(g).reshape(m, -1) for g in grads], dim=1).double())
    return torch.stack(rows)


def _coordinates(parameter: Tensor) -> int:
    """Real numbers in it: a complex one has two each."""
    return parameter.numel() * (2 if parameter.is_complex() else 1)


def _real(gradient: Tensor) -> Tensor:
    """With every number of a sparse gradient, and real and imaginary part of a complex one side by side."""
    whole = gradient.to_dense() if gradient.is_sparse else gradient
    return torch.view_as_real(whole.resolve_conj()) if whole.is_complex() else whole
