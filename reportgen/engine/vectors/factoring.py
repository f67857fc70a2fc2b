"""An encoder's Jacobian ∂η/∂φ, by parameter groups.

For linear layers it is factored: with input a and output sensitivities Δ (m × out), J for weight (o, i) is
Δ_o a_i, so nothing of size m × P is stored. Whether a layer is plainly linear (its weights may be masked,
normalised, scaled by a hook or shared) is checked against autograd. For all other parameters, of any
module, the Jacobian takes m backward passes per image, for all of them together; it is stored if there is
room, and otherwise recomputed whenever it is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reportgen.engine.vectors.backward import batched_grad, coordinates, jacobian
from reportgen.engine.vectors.blocks import Block, DenseBlock, LinearBlock
from reportgen.engine.vectors.recomputed import RecomputedBlock
from reportgen.errors import CellError

KEPT = 2**30
"""Bytes that stored Jacobians, of all groups except plain linear layers, may take at all images."""
ONE_IMAGE = 4 * 2**30
"""Bytes that Jacobians recomputed together may take at one image."""


Calls = Mapping[nn.Module, list[tuple[Tensor, Tensor]]]
"""Linear layer → (input, output) of each of its calls."""


def factored(
    encoder: nn.Module, x: Tensor, tell: Callable[[float], None] | None = None
) -> tuple[list[Block], list[str]]:
    """Blocks for all parameters that require a gradient, at inputs x [I …], and group names in encoder order.

    A group is the parameters that one module holds itself, named by the module's path; each parameter that
    the encoder holds itself is a group of its own. For `tell` see `RecomputedBlock`.
    """
    eta, calls = _traced(encoder, x)
    names: list[str] = []
    others: dict[str, list[nn.Parameter]] = {}
    linear = _linear_blocks(encoder, eta, calls)
    done = {id(p) for name in linear for p in encoder.get_submodule(name).parameters()}
    for name, module in encoder.named_modules():
        if name in linear:
            names.append(linear[name].name)
            continue
        own = {
            key: p
            for key, p in module._parameters.items()
            if p is not None and p.requires_grad and id(p) not in done
        }
        done |= {id(p) for p in own.values()}
        groups = {name: list(own.values())} if name else {key: [p] for key, p in own.items()}
        groups = {key: group for key, group in groups.items() if group}
        names += groups
        others |= groups
    return [*linear.values(), *_others(encoder, x, eta.shape[1], others, tell)], names


def _others(
    encoder: nn.Module,
    x: Tensor,
    m: int,
    groups: Mapping[str, Sequence[Tensor]],
    tell: Callable[[float], None] | None,
) -> Iterator[DenseBlock | RecomputedBlock]:
    """Blocks for groups that are not factored: stored, or recomputed in sets that have room at one image."""
    sizes = {name: sum(map(coordinates, parameters)) for name, parameters in groups.items()}
    if not sizes:
        return
    if 8 * len(x) * m * sum(sizes.values()) <= KEPT:
        together = [one for parameters in groups.values() for one in parameters]
        whole = torch.empty(len(x), m, sum(sizes.values()), dtype=torch.float64)
        for row, image in zip(x, whole, strict=True):
            image.copy_(torch.cat(jacobian(encoder, row.unsqueeze(0), together), 1))
        yield DenseBlock(sizes, whole)
        return
    for some in _together(m, sizes):
        yield RecomputedBlock(encoder, x, {name: groups[name] for name in some}, tell)


def _traced(encoder: nn.Module, x: Tensor) -> tuple[Tensor, Calls]:
    """η with its graph, [I m], and the inputs and outputs of linear layers, where these have a gradient."""
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
    """Layers whose Jacobian is that of a plain linear layer, by their path."""
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
    """Whether its parameters are a weight and at most a bias: real, learned, and not shared."""
    names = dict(module.named_parameters()).keys()
    return names - {"bias"} == {"weight"} and all(
        owners[p] == 1 and p.requires_grad and not p.is_complex() for p in module.parameters()
    )


def _once_a_row(seen: list[tuple[Tensor, Tensor]], images: int) -> bool:
    """Whether a layer was called once, with one row per image."""
    return len(seen) == 1 and seen[0][0].dim() == 2 and seen[0][0].shape[0] == images


def _agrees(block: LinearBlock, eta: Tensor, parameters: list[nn.Parameter]) -> bool:
    """Whether the block and autograd agree on the derivative of a weighted sum of all η in the parameters.

    Up to rounding, relative to the single images' derivatives, which may nearly cancel in the sum.
    """
    weights = torch.linspace(1.0, 2.0, eta.numel(), dtype=eta.dtype).view_as(eta)
    slow = torch.autograd.grad((weights * eta).sum(), parameters, retain_graph=True, materialize_grads=True)
    expected = torch.cat([gradient.flatten() for gradient in slow]).double()
    wide = weights.double()
    off = block.pull(wide) * len(eta) - expected
    squares = torch.einsum("ia,iab,ib->", wide, block.gram(), wide)
    return bool((off**2).sum() <= torch.finfo(eta.dtype).eps * len(eta) * squares)


def _together(m: int, sizes: Mapping[str, int]) -> list[list[str]]:
    """Names of groups, in sets whose Jacobians at one image fit in memory together.

    Raises CellError if that of a single group does not fit.
    """
    found: list[list[str]] = []
    room = 0
    for name, size in sizes.items():
        needed = 8 * m * size
        if needed > ONE_IMAGE:
            raise CellError(
                f"encoder: {name} needs {needed / 2**30:.1f} GiB for one image's Jacobian, being "
                f"no plain linear layer; at most {ONE_IMAGE / 2**30:.0f} GiB are allowed. Make it smaller, "
                "or keep it out of φ by requires_grad_(False)."
            )
        if needed > room:
            found, room = [*found, []], ONE_IMAGE
        found[-1].append(name)
        room -= needed
    return found
