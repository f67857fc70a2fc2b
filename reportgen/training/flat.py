"""Parameters of any networks in one vector."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class FlatParameters:
    """A `Flat`: every parameter becomes a view of one vector, in the order of the networks."""

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        self.networks = networks
        self.parts = [p for network in networks.values() for p in network.parameters() if p.requires_grad]
        self.vector = torch.cat([part.detach().reshape(-1) for part in self.parts])
        self.gradient = torch.zeros_like(self.vector)
        views = torch.split(self.vector, [part.numel() for part in self.parts])
        for part, view in zip(self.parts, views, strict=True):
            part.data = view.view(part.shape)

    def differentiate(self, loss: Tensor) -> None:
        """Leave ∇ loss in `gradient`."""
        gradients = torch.autograd.grad(loss, self.parts, materialize_grads=True)
        torch.cat([gradient.reshape(-1) for gradient in gradients], out=self.gradient)
