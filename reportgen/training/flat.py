"""Parameters of networks in one vector, with a gradient of the same form, so that Adam is a single kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


class Flat:
    """Selected parameters of networks, which become views of one vector."""

    def __init__(self, networks: Mapping[str, nn.Module], parts: Sequence[nn.Parameter]) -> None:
        """`networks` by their names in a checkpoint, `parts` in the order of the vector."""
        self.networks, self.parts = networks, parts
        self.vector = torch.cat([part.detach().reshape(-1) for part in parts])
        self.gradient = torch.zeros_like(self.vector)
        """Gradient of the loss to be minimised, [P]."""
        views = torch.split(self.vector, [part.numel() for part in parts])
        for part, view in zip(parts, views, strict=True):
            part.data = view.view(part.shape)


class FlatParameters(Flat):
    """Every parameter that requires a gradient, in the order of the networks."""

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        every = (p for network in networks.values() for p in network.parameters())
        super().__init__(networks, [p for p in every if p.requires_grad])

    def differentiate(self, loss: Tensor) -> None:
        """Write ∇ loss into `gradient`."""
        gradients = torch.autograd.grad(loss, self.parts, materialize_grads=True)
        torch.cat([gradient.reshape(-1) for gradient in gradients], out=self.gradient)
