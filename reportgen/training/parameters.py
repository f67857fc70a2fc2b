"""All parameters of encoder and decoder in one vector, with views of it as the layers of their networks.

In the vector, the weights of a Gaussian's two output layers are adjacent, and so
are their biases: the two act as one layer η = h Wᵀ + b.
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
"""The kinds of a layer's parameters, in the order of the vector."""


@dataclass(frozen=True)
class Layer:
    """Views of the flat vectors: the parameters of one linear layer, and their gradient."""

    weight: Tensor
    """[out in]."""
    bias: Tensor
    """[out]."""
    weight_gradient: Tensor
    bias_gradient: Tensor
    transposed: Tensor
    """`weight`, [in out]."""


Network = tuple[Layer, ...]
"""The hidden layers, then all output layers as one: mean and log σ, or the pixels' logits."""


class Parameters(Flat):
    """Encoder and decoder, each a network or `Stages` of networks, on one device and of one data type."""

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
        """Units of each stochastic layer, beginning with the one next to x."""
        return tuple(network[-1].bias.shape[0] // 2 for network in self.q)


def _stacked(flat: Tensor, stacks: Sequence[Sequence[Tensor]]) -> Iterator[Tensor]:
    """The view of a flat vector that belongs to each stack of parts, as one matrix or one bias."""
    sizes = [sum(part.numel() for part in stack) for stack in stacks]
    for piece, stack in zip(torch.split(flat, sizes), stacks, strict=True):
        yield piece.view(-1, *stack[0].shape[1:])


def _networks(side: nn.Module) -> tuple[nn.Module, ...]:
    return side.stages if isinstance(side, Stages) else (side,)


def _blocks(network: nn.Module) -> list[list[nn.Linear]]:
    """The network's linear layers in the order of the vector; the layers of a block act as one."""
    assert isinstance(network, (Encoder, Decoder))
    heads = [network.logits] if isinstance(network, Decoder) else [network.mean, network.log_scale]
    return [*([_linear(layer)] for layer in network.hidden), heads]


def _linear(module: nn.Module) -> nn.Linear:
    assert isinstance(module, nn.Linear)
    return module
