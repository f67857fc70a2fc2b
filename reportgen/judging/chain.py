"""A fully connected network applied to many rows without a graph, at little more than its products' cost.

The bias is an additional column of the weights, for an input that is always 1,
and every layer reuses the memory of its previous output: torch's own layer first
copies the bias into every row, and new memory costs time for each page. Values
are stored unit by unit, with the rows adjacent in memory, also in inputs and
outputs: so the units of a layer without the constant 1 are contiguous, and so
are the rows of each unit in a density.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reportgen.problems.activation import tanh_


class Room:
    """Memory that is reused for every result."""

    def __init__(self, like: Tensor) -> None:
        self.memory = like.new_empty(0)

    def shaped(self, height: int, width: int) -> Tensor:
        """A tensor [height width] in this memory, uninitialised."""
        size = height * width
        if size > len(self.memory):
            self.memory = self.memory.new_empty(size)
        return self.memory[:size].view(height, width)


class Chain:
    """Hidden layers, each followed by a tanh, and a final linear layer of one or more heads.

    Calls must not overlap: what `features` returns is valid until the next call.
    """

    def __init__(self, hidden: Sequence[nn.Linear], heads: Sequence[nn.Linear]) -> None:
        self.hidden = [with_bias([layer]) for layer in hidden]
        self.head = with_bias(heads)
        """[outputs hidden + 1]."""
        self.rooms = [Room(self.head) for _ in range(len(hidden) + 1)]

    def features(self, rows: Tensor) -> Tensor:
        """The input of the final layer: [n inputs] → [hidden + 1 n], where the last row is 1."""
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
        """[n inputs] → [n outputs], with the outputs of the heads concatenated."""
        return torch.mm(self.head, self.features(rows)).T


def with_bias(layers: Sequence[nn.Linear]) -> Tensor:
    """Weights and biases of layers with the same input, [outputs inputs + 1]."""
    return torch.cat([torch.cat([layer.weight, layer.bias.unsqueeze(1)], dim=1) for layer in layers]).detach()
