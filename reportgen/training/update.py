"""One update of all parameters, a gradient and a step of Adam, recorded as a graph on a CUDA device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from reportgen.training.adam import Adam
from reportgen.training.gradient import BoundGradient

Update = Callable[[Tensor, Tensor, Tensor], None]
"""Takes x [n pixels], ε [n K Σd] and bound [n]: makes one step on a minibatch, and fills in its bound."""
WARM_UP = 3
"""Updates run before recording, as torch requires: libraries allocate workspaces at their first use."""


def update(gradient: BoundGradient, optimizer: Adam) -> Update:
    """The update that suits the parameters' device."""
    if optimizer.parameters.vector.is_cuda:
        return Recorded(gradient, optimizer)

    def step(x: Tensor, epsilon: Tensor, bound: Tensor) -> None:
        gradient(x, epsilon, bound)
        optimizer.step()

    return step


class Recorded:
    """An update as a CUDA graph: one launch instead of a hundred.

    The graph reads and writes the memory with which it was recorded: inputs are
    copied there, and parameters, moments, count and learning rate are changed in
    place. So it stays valid as long as `optimizer` does.
    """

    def __init__(self, gradient: BoundGradient, optimizer: Adam) -> None:
        self.gradient, self.optimizer = gradient, optimizer  # keep their memory alive, as a graph does not
        vector = optimizer.parameters.vector
        images, samples = gradient.shape
        self.x = vector.new_zeros(images, gradient.to_logits.shape[2])
        self.epsilon = vector.new_zeros(images, samples, sum(gradient.widths))
        self.bound = vector.new_zeros(images)

        def run() -> None:
            gradient(self.x, self.epsilon, self.bound)
            optimizer.step()

        before = [tensor.clone() for tensor in optimizer.state]
        aside = torch.cuda.Stream(vector.device)  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream(vector.device))
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                run()
        torch.cuda.current_stream(vector.device).wait_stream(aside)
        for tensor, value in zip(optimizer.state, before, strict=True):
            tensor.copy_(value)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=aside):
            run()

    def __call__(self, x: Tensor, epsilon: Tensor, bound: Tensor) -> None:
        self.x.copy_(x)
        self.epsilon.copy_(epsilon)
        self.graph.replay()
        bound.copy_(self.bound)
