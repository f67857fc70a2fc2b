"""One update of all parameters: a gradient and a step of Adam, recorded once on a CUDA device."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from reportgen.training.adam import Adam
from reportgen.training.gradient import BoundGradient

Update = Callable[[Tensor, Tensor, Tensor], None]
"""(x [n pixels], ε [n K Σd], bound [n]): one step on a minibatch, whose bound is filled in."""
WARM_UP = 3
"""Updates run before one is recorded, as torch asks: libraries make their workspaces at first use."""


def update(gradient: BoundGradient, optimizer: Adam) -> Update:
    """The way to make a step that suits the device of the parameters."""
    if optimizer.parameters.vector.is_cuda:
        return Recorded(gradient, optimizer)

    def step(x: Tensor, epsilon: Tensor, bound: Tensor) -> None:
        gradient(x, epsilon, bound)
        optimizer.step()

    return step


class Recorded:
    """An update as a CUDA graph: one launch in place of a hundred.

    The graph reads and writes the memory it was recorded with: inputs are
    copied into it, and parameters, moments, count and learning rate are
    changed where they lie. So it serves as long as `optimizer` does.
    """

    def __init__(self, gradient: BoundGradient, optimizer: Adam) -> None:
        self.gradient, self.optimizer = gradient, optimizer  # a graph does not keep the memory it works in
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
