"""One fully connected network, forward and backward at a fixed number of rows, into memory of its own."""

from __future__ import annotations

import torch
from torch import Tensor

from reportgen.problems.activation import tanh_, tanh_backward_
from reportgen.training.parameters import Layer


class Passage:
    """What passes through the layers of a network on one way up and one way down.

    All tensors are made once, so that a step allocates nothing and can be recorded.
    """

    def __init__(self, layers: tuple[Layer, ...], rows: int) -> None:
        empty = layers[0].weight.new_empty
        self.layers = layers
        self.outputs = [empty(rows, layer.bias.shape[0]) for layer in layers]
        self.deltas = [torch.empty_like(output) for output in self.outputs[:-1]]
        self.entered = empty(0)

    def forward(self, entered: Tensor) -> Tensor:
        """[rows in] → output of the last layer, [rows out], which the next call overwrites."""
        self.entered = h = entered
        last = len(self.layers) - 1
        for position, (layer, out) in enumerate(zip(self.layers, self.outputs, strict=True)):
            h = torch.addmm(layer.bias, h, layer.transposed, out=out)
            if position < last:
                tanh_(h)
        return h

    def backward(self, delta: Tensor) -> Tensor:
        """From ∂L/∂output [rows out]: fills all gradients, returns ∂L/∂(output of the first layer)."""
        for position in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[position]
            entered = self.outputs[position - 1] if position else self.entered
            torch.mm(delta.t(), entered, out=layer.weight_gradient)
            torch.sum(delta, 0, out=layer.bias_gradient)
            if position:
                below = torch.mm(delta, layer.weight, out=self.deltas[position - 1])
                delta = tanh_backward_(below, entered)
        return delta
