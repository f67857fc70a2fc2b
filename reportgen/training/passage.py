"""Forward and backward pass of one fully connected network, for a fixed number of rows, in its own memory."""

from __future__ import annotations

import torch
from torch import Tensor

from reportgen.problems.activation import tanh_, tanh_backward_
from reportgen.training.parameters import Layer


class Passage:
    """Activations and derivatives in the layers of a network, for one forward and one backward pass.

    All tensors are allocated once, so that a step allocates nothing, and can be recorded.
    """

    def __init__(self, layers: tuple[Layer, ...], rows: int) -> None:
        empty = layers[0].weight.new_empty
        self.layers = layers
        self.outputs = [empty(rows, layer.bias.shape[0]) for layer in layers]
        self.deltas = [torch.empty_like(output) for output in self.outputs[:-1]]
        self.entered = empty(0)

    def forward(self, entered: Tensor) -> Tensor:
        """[rows in] → the last layer's output [rows out], which the next call overwrites."""
        self.entered = h = entered
        last = len(self.layers) - 1
        for position, (layer, out) in enumerate(zip(self.layers, self.outputs, strict=True)):
            h = torch.addmm(layer.bias, h, layer.transposed, out=out)
            if position < last:
                tanh_(h)
        return h

    def backward(self, delta: Tensor) -> Tensor:
        """From ∂L/∂output [rows out], fill all gradients; returns ∂L/∂(first layer's output before tanh)."""
        for position in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[position]
            entered = self.outputs[position - 1] if position else self.entered
            torch.mm(delta.t(), entered, out=layer.weight_gradient)
            torch.sum(delta, 0, out=layer.bias_gradient)
            if position:
                below = torch.mm(delta, layer.weight, out=self.deltas[position - 1])
                delta = tanh_backward_(below, entered)
        return delta
