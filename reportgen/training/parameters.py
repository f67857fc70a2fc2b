"""All parameters of encoder and decoder in one vector, seen as the layers of their networks.

The order puts the weights of the two output layers of a Gaussian next to one
another, and their biases, so that they act as one layer η = h Wᵀ + b.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reportgen.problems.layered import Stages
from reportgen.problems.networks import Decoder, Encoder
from reportgen.training.flat import Flat

KINDS = ("weight", "bias")
"""Of a layer's parameters, in the order of the vector."""


@dataclass(frozen=True)
class Layer:
    """Views of one linear layer's parameters and gradient in the flat vectors."""

    weight: Tensor
    """[out in]."""
    bias: Tensor
    """[out]."""
    weight_gradient: Tensor
    bias_gradient: Tensor
    transposed: Tensor
    """`weight`, [in out]."""


Network = tuple[Layer, ...]
"""Hidden layers, then all heads as one: mean and log σ, or the pixels' logits."""


class Parameters(Flat):
    """Encoder and decoder, each one network or `Stages` of them, on one device and of one data type."""

    q: tuple[Network, ...]
    """x → h1, h1 → h2, …"""
    p: tuple[Network, ...]
    """h1 → logits of x, h2 → h1, …"""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        q, p = ([_blocks(network) for network in _networks(side)] for side in (encoder, decoder))
        blocks = [block for network in (*q, *p) for block in network]
        stacks = [[layer.get_parameter(kind) for layer in block] for block in blocks for kind in KINDS]
        super().__init__(
            {"encoder": encoder, "decoder": decoder}, [part for stack in stacks for part in stack]
        )
        for part in self.parts:
            part.requires_grad_(False)
        values, gradients = _stacked(self.vector, stacks), _stacked(self.gradient, stacks)

        def layer(_: list[nn.Linear]) -> Layer:
            weight, bias = next(values), next(values)
            return Layer(weight, bias, next(gradients), next(gradients), weight.t())

        self.q, self.p = (tuple(tuple(map(layer, network)) for network in side) for side in (q, p))

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each stochastic layer, the one next to x first."""
        return tuple(network[-1].bias.shape[0] // 2 for network in self.q)


def _stacked(flat: Tensor, stacks: Sequence[Sequence[Tensor]]) -> Iterator[Tensor]:
    """What of a flat vector each stack of its parts takes, as one matrix, or one bias."""
    sizes = [sum(part.numel() for part in stack) for stack in stacks]
    for piece, stack in zip(torch.split(flat, sizes), stacks, strict=True):
        yield piece.view(-1, *stack[0].shape[1:])


def _networks(side: nn.Module) -> tuple[nn.Module, ...]:
    return side.stages if isinstance(side, Stages) else (side,)


def _blocks(network: nn.Module) -> list[list[nn.Linear]]:
    """Its linear layers in the order of the vector; those of a block act as one."""
    assert isinstance(network, (Encoder, Decoder))
    heads = [network.logits] if isinstance(network, Decoder) else [network.mean, network.log_scale]
    return [*([_linear(layer)] for layer in network.hidden), heads]


def _linear(module: nn.Module) -> nn.Linear:
    assert isinstance(module, nn.Linear)
    return module
