"""A fully connected network for many rows without a graph: products and activations, and little besides.

The bias is one more column of the weights, against an input that is always 1,
and what a layer puts out takes the place of what it put out at the last visit:
torch's own layer writes the bias out row by row first, and fresh memory is paid
for page by page. In memory row lies next to row, unit after unit, whatever goes
in and out: the units of a layer without the 1 are then one piece, and so is
each unit of a density.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reportgen.problems.activation import tanh_


class Room:
    """Memory that is written over and over again."""

    def __init__(self, like: Tensor) -> None:
        self.memory = like.new_empty(0)

    def shaped(self, height: int, width: int) -> Tensor:
        """[height width], filled with whatever was there."""
        size = height * width
        if size > len(self.memory):
            self.memory = self.memory.new_empty(size)
        return self.memory[:size].view(height, width)


class Chain:
    """Hidden layers with a tanh after each, and a linear layer of one or more parts at the end.

    Not for two callers at once: what `features` returns is good until the next call.
    """

    def __init__(self, hidden: Sequence[nn.Linear], heads: Sequence[nn.Linear]) -> None:
        self.hidden = [with_bias([layer]) for layer in hidden]
        self.head = with_bias(heads)
        """[outputs hidden + 1]."""
        self.rooms = [Room(self.head) for _ in range(len(hidden) + 1)]

    def features(self, rows: Tensor) -> Tensor:
        """What the linear layer at the end takes in: [n inputs] → [hidden + 1 n], the last row 1."""
        h = self.rooms[0].shaped(rows.shape[1] + 1, len(rows))
        h[:-1].copy_(rows.T)
        h[-1].fill_(1.0)
        for weight, room in zip(self.hidden, self.rooms[1:], strict=True):
            out = room.shaped(len(weight) + 1, len(rows))
            torch.mm(weight, h, out=out[:-1])
            tanh_(out[:-1])
            out[-1].fill_(1.0)
            h = out
        return h

    def __call__(self, rows: Tensor) -> Tensor:
        """[n inputs] → [n outputs], the parts of the end beside one another."""
        return torch.mm(self.head, self.features(rows)).T


def with_bias(layers: Sequence[nn.Linear]) -> Tensor:
    """Weights and bias of layers that take in the same, [outputs inputs + 1]."""
    return torch.cat([torch.cat([layer.weight, layer.bias.unsqueeze(1)], dim=1) for layer in layers]).detach()
