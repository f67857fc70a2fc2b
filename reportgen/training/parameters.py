"""All parameters of encoder and decoder in one vector, with a gradient beside it.

One flat vector makes an Adam step one kernel. The order puts the weights of
the two output layers of the encoder next to one another, so that they act as
one layer η = h Wᵀ + b.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from reportgen.problems.networks import ACTIVATIONS, Decoder, Encoder


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


@dataclass
class Parameters:
    """Encoder and decoder over one flat vector, which both modules' parameters view."""

    encoder: Encoder
    decoder: Decoder
    activation: str
    vector: Tensor = field(init=False, repr=False)
    gradient: Tensor = field(init=False, repr=False)
    encoder_layers: tuple[Layer, ...] = field(init=False, repr=False)
    """Hidden layers, then mean and log σ as one."""
    decoder_layers: tuple[Layer, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        blocks: list[list[nn.Linear]] = []
        blocks += [[_linear(layer)] for layer in self.encoder.hidden]
        blocks += [[self.encoder.mean, self.encoder.log_scale]]
        blocks += [[_linear(layer)] for layer in self.decoder.hidden]
        blocks += [[self.decoder.logits]]
        size = sum(p.numel() for block in blocks for layer in block for p in layer.parameters())
        self.vector, self.gradient = torch.zeros(size), torch.zeros(size)
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

        layers = []
        for block in blocks:
            weight, weight_gradient = take([layer.weight for layer in block])
            bias, bias_gradient = take([layer.bias for layer in block])
            layers.append(Layer(weight, bias, weight_gradient, bias_gradient, weight.t()))
        border = len(self.encoder.hidden) + 1
        self.encoder_layers, self.decoder_layers = tuple(layers[:border]), tuple(layers[border:])

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """Under the names that a checkpoint gives them."""
        return {"encoder": self.encoder, "decoder": self.decoder}

    @property
    def activation_backward(self) -> Callable[[Tensor, Tensor], Tensor]:
        """(∂L/∂output, output) → ∂L/∂input of the hidden layers."""
        return ACTIVATIONS[self.activation].backward

    @property
    def activation_value(self) -> Callable[[Tensor], Tensor]:
        """The elementwise function of the hidden layers."""
        return ACTIVATIONS[self.activation].value


def _linear(module: nn.Module) -> nn.Linear:
    assert isinstance(module, nn.Linear)
    return module
