"""An encoder's Jacobian ∂η/∂φ, group by group of its parameters.

Linear layers are factored: with input a and output sensitivities Δ (m × out), J of weight (o, i) is
Δ_o a_i, so nothing of size m × P is stored. Whether a layer is one (its weights may be masked,
normalised, scaled by a hook or used elsewhere too) is tried against autograd. Every other parameter,
of any module, takes the plain route: its Jacobian by m backward passes an image, written out where there
is room for it, and else again whenever it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.backward import batched_grad, coordinates, jacobian
from reportgen.engine.vectors.blocks import Block, DenseBlock, LinearBlock
from reportgen.engine.vectors.recomputed import RecomputedBlock
from reportgen.errors import CellError

DENSE_LIMIT = 4 * 2**30
"""Bytes that Jacobians of groups but plain linear layers may take together; and that of one at one image."""


Calls = Mapping[nn.Module, list[tuple[Tensor, Tensor]]]
"""Linear layer → (input, output) of each time that it was called."""


def factored(encoder: nn.Module, x: Tensor) -> list[Block]:
    """All groups with parameters that require a gradient, at the inputs x [I …], in the encoder's order.

    A group is the parameters of one module, by its path; the encoder's very own are one each, by their names.
    """
    eta, calls = _traced(encoder, x)
    found: dict[str, Block | list[nn.Parameter]] = {}
    linear = _linear_blocks(encoder, eta, calls)
    done = {id(p) for name in linear for p in encoder.get_submodule(name).parameters()}
    for name, module in encoder.named_modules():
        if name in linear:
            found[name] = linear[name]
            continue
        own = {
            key: p
            for key, p in module._parameters.items()
            if p is not None and p.requires_grad and id(p) not in done
        }
        done |= {id(p) for p in own.values()}
        if own:
            found |= {name: list(own.values())} if name else {key: [p] for key, p in own.items()}
    others = {name: group for name, group in found.items() if isinstance(group, list)}
    images, m = eta.shape
    kept = _written_out(images, m, others)
    blocks: list[Block] = []
    for name, group in found.items():
        if not isinstance(group, list):
            blocks.append(group)
        elif name in kept:
            rows = [jacobian(encoder, row.unsqueeze(0), group) for row in x]
            blocks.append(DenseBlock(name, torch.stack(rows)))
        else:
            blocks.append(RecomputedBlock(name, encoder, x, group))
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
    for (name, module), delta in zip(linear.items(), batched_grad(eta, outputs, basis), strict=True):
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


def _written_out(images: int, m: int, groups: Mapping[str, Collection[Tensor]]) -> set[str]:
    """Groups whose Jacobians are kept, the smallest first, as many as have room together.

    Raises CellError where that of another would not fit for a single image.
    """
    needed = {name: m * sum(map(coordinates, parameters)) * 8 for name, parameters in groups.items()}
    kept, total = set(), 0
    for name in sorted(needed, key=lambda name: needed[name]):
        total += images * needed[name]
        if total <= DENSE_LIMIT:
            kept.add(name)
        elif needed[name] > DENSE_LIMIT:
            raise CellError(
                f"encoder: {name} needs {needed[name] / 2**30:.1f} GiB for one image's Jacobian, being "
                f"no plain linear layer; at most {DENSE_LIMIT / 2**30:.0f} GiB are allowed. Make it smaller, "
                "or keep it out of φ by requires_grad_(False)."
            )
    return kept
