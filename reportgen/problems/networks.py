"""The networks of a Gaussian VAE: fully connected, after Burda et al. (2016), section 5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from reportgen.problems.activation import tanh
from reportgen.problems.covariance import correlations
from reportgen.streams import stream


class Encoder(nn.Module):
    """Binary images [.. pixels] → η = (mean, log σ, correlations) of q(z|x), [.. m].

    `correlations` gives the names and sizes of the parts of η after log σ.
    """

    def __init__(
        self,
        pixels: int,
        hidden: Sequence[int],
        latent: int,
        correlations: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        widths = [pixels, *hidden]
        self.hidden = nn.ModuleList(_layers(widths))
        self.mean = _linear(widths[-1], latent)
        self.log_scale = _linear(widths[-1], latent)
        self.correlations = tuple(correlations or {})
        for name, size in (correlations or {}).items():
            self.add_module(name, _linear(widths[-1], size))

    def forward(self, x: Tensor) -> Tensor:
        h = x
        for layer in self.hidden:
            h = tanh(layer(h))
        heads = [self.mean, self.log_scale, *(getattr(self, name) for name in self.correlations)]
        return torch.cat([head(h) for head in heads], dim=-1)


class Decoder(nn.Module):
    """Latents z [.. latent] → logits of Bernoulli pixels, [.. pixels].

    `hidden` is in the decoder's order, beginning with the layer next to z.
    """

    def __init__(self, latent: int, hidden: Sequence[int], pixels: int) -> None:
        super().__init__()
        widths = [latent, *hidden]
        self.hidden = nn.ModuleList(_layers(widths))
        self.logits = _linear(widths[-1], pixels)

    def forward(self, z: Tensor) -> Tensor:
        logits: Tensor = self.logits(self.features(z))
        return logits

    def features(self, z: Tensor) -> Tensor:
        """The input of the last layer, [.. hidden]."""
        h = z
        for layer in self.hidden:
            h = tanh(layer(h))
        return h


def blank(problem: Mapping[str, Any], pixels: int) -> tuple[Encoder, Decoder]:
    """Networks of the declared sizes, all parameters zero; the decoder mirrors the encoder."""
    hidden = [int(width) for width in problem["hidden"]]
    latent = int(problem["latent"])
    return (
        Encoder(pixels, hidden, latent, correlations(problem, latent)),
        Decoder(latent, hidden[::-1], pixels),
    )


def initialised(
    problem: Mapping[str, Any], train_mean: NDArray[np.floating[Any]], seed: int
) -> tuple[Encoder, Decoder]:
    """Networks as they are before training.

    Weights are initialised after Glorot & Bengio (2010), each layer from its own
    random stream; biases are zero except the decoder's last (see `centre`).
    """
    encoder, decoder = blank(problem, train_mean.shape[0])
    initialise(encoder, decoder, seed)
    centre(decoder, train_mean)
    return encoder, decoder


def initialise(encoder: nn.Module, decoder: nn.Module, seed: int) -> None:
    """Set every linear layer's weights uniform within ±√(6 / (inputs + outputs)); biases are unchanged."""
    for prefix, network in (("encoder", encoder), ("decoder", decoder)):
        for name, layer in network.named_modules():
            if isinstance(layer, nn.Linear):
                bound = float(np.sqrt(6.0 / (layer.in_features + layer.out_features)))
                noise = stream(seed, "initialisation", prefix, name)
                weight = noise.uniform(-bound, bound, (layer.out_features, layer.in_features))
                layer.weight.data.copy_(torch.from_numpy(weight))


def centre(decoder: Decoder, train_mean: NDArray[np.floating[Any]]) -> None:
    """Set the output bias to the logit of the mean training image [pixels], clipped to [0.001, 0.999]."""
    mean = np.clip(train_mean.astype(np.float64), 0.001, 0.999)
    decoder.logits.bias.data.copy_(torch.from_numpy(np.log(mean) - np.log1p(-mean)))


def named(networks: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Copies of all parameters by name, ``encoder.…`` and ``decoder.…``."""
    tensors = {
        f"{prefix}.{name}": value
        for prefix, network in networks.items()
        for name, value in network.state_dict().items()
    }
    return {name: value.clone(memory_format=torch.contiguous_format) for name, value in tensors.items()}


def restored(problem: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> tuple[Encoder, Decoder]:
    """The networks whose parameters `named` returned; the decoder's require no gradient.

    Raises KeyError or RuntimeError if tensors are missing or do not fit.
    """
    encoder, decoder = blank(problem, tensors["decoder.logits.bias"].shape[0])
    load_networks(tensors, {"encoder": encoder, "decoder": decoder})
    return encoder, decoder.requires_grad_(False)


def load_networks(tensors: Mapping[str, Tensor], networks: Mapping[str, nn.Module]) -> None:
    """Load parameters that `named` returned into networks of the same form."""
    for prefix, network in networks.items():
        network.load_state_dict(_part(tensors, f"{prefix}."))


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _layers(widths: Sequence[int]) -> list[nn.Linear]:
    return [_linear(inputs, outputs) for inputs, outputs in pairwise(widths)]


def _linear(inputs: int, outputs: int) -> nn.Linear:
    """A layer with all parameters zero, made without drawing from torch's generator."""
    layer = nn.Linear(inputs, outputs, device="meta", dtype=torch.float32).to_empty(device="cpu")
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
