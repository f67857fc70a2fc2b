"""All parameters of encoder and decoder in one vector, with a gradient beside it.

One flat vector makes an Adam step one kernel. The order puts the weights of
the two output layers of a Gaussian next to one another, so that they act as
one layer η = h Wᵀ + b.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from reportgen.problems.layered import Stages
from reportgen.problems.networks import Decoder, Encoder


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


@dataclass
class Parameters:
    """Encoder and decoder over one flat vector, which both modules' parameters view.

    Each is one network, or `Stages` of them, all on one device and of one data type.
    """

    encoder: nn.Module
    decoder: nn.Module
    activation: str
    vector: Tensor = field(init=False, repr=False)
    gradient: Tensor = field(init=False, repr=False)
    q: tuple[Network, ...] = field(init=False, repr=False)
    """x → h1, h1 → h2, …"""
    p: tuple[Network, ...] = field(init=False, repr=False)
    """h1 → logits of x, h2 → h1, …"""

    def __post_init__(self) -> None:
        q, p = ([_blocks(network) for network in _networks(side)] for side in (self.encoder, self.decoder))
        parts = [
            p for network in (*q, *p) for block in network for layer in block for p in layer.parameters()
        ]
        self.vector = parts[0].new_zeros(sum(part.numel() for part in parts)).detach()
        self.gradient = torch.zeros_like(self.vector)
        taken = 0

        def take(parts: list[Tensor]) -> tuple[Tensor, Tensor]:
            nonlocal taken
            start = taken
            for part in parts:
                view = self.vector[taken : taken + part.numel()].view(part.shape)
                view.copy_(part.data)
                part.data = view
                part.requires_grad_(False)
                taken += part.numel()
            shape = (-1, *parts[0].shape[1:])
            return self.vector[start:taken].view(shape), self.gradient[start:taken].view(shape)

        def layer(block: list[nn.Linear]) -> Layer:
            weight, weight_gradient = take([part.weight for part in block])
            bias, bias_gradient = take([part.bias for part in block])
            return Layer(weight, bias, weight_gradient, bias_gradient, weight.t())

        self.q, self.p = (tuple(tuple(map(layer, network)) for network in side) for side in (q, p))

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """Under the names that a checkpoint gives them."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of each stochastic layer, the one next to x first."""
        return tuple(network[-1].bias.shape[0] // 2 for network in self.q)


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
