"""Recorders, which separate the replicates' gradients in a network's parameters, and the choice of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Protocol

import torch
from torch import Tensor, nn

from reportgen.engine.layered.gradients import GroupShape, LayerGradient
from reportgen.engine.layered.linear_layers import LinearLayers
from reportgen.engine.layered.whole_network import WholeNetwork
from reportgen.errors import CellError


class Recorder(Protocol):
    """Separates the gradients of a scalar by replicate, for each group of a network's parameters."""

    @property
    def parameters(self) -> Mapping[str, tuple[nn.Parameter, ...]]:
        """The parameters of each group, in the order of its coordinates."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Number of parameters of each group."""

    @property
    def shapes(self) -> Mapping[str, GroupShape]:
        """Shape of each group's matrix of coordinates."""

    def at_once(self, images: int, num_samples: int) -> int | None:
        """The most replicates of `images` data points whose gradients fit in memory; None if unlimited."""

    def gradients(
        self, surrogate: Callable[[], Tensor], images: int, num_samples: int
    ) -> Mapping[str, LayerGradient]:
        """Every group's gradients; `surrogate` computes one scalar per replicate, [I R], from rows [I·R·K …].

        A group that is missing has gradient zero.
        """


def recorder_of(
    network: nn.Module, part: str, surrogate: Callable[[], Tensor], images: int, num_samples: int
) -> Recorder:
    """The fastest recorder that is correct for this network, checked against autograd on a `surrogate` [I R].

    Errors call the network `part`. Raises CellError if it has nothing to
    differentiate, or if no recorder is correct.
    """
    if not any(p.requires_grad for p in network.parameters()):
        raise CellError(
            f"{part}: needs at least one parameter that requires a gradient, found none. "
            "Call requires_grad_()."
        )
    if any(p.is_complex() for p in network.parameters() if p.requires_grad):
        raise CellError(
            f"{part}: needs real parameters, found complex ones. "
            "Hold pairs, and call torch.view_as_complex on them."
        )
    with torch.enable_grad():
        values = surrogate()
        if not values.requires_grad:
            raise CellError(
                f"{part}: needs estimates that are differentiable in its parameters, found none that are. "
                "Remove detach and no_grad from its forward and from the likelihood."
            )
        weights = torch.linspace(1.0, 2.0, values.numel(), dtype=values.dtype).reshape(values.shape)
        total = (weights * values).sum()
    learned = [p for p in network.parameters() if p.requires_grad]
    slow = torch.autograd.grad(total, learned, allow_unused=True, materialize_grads=True)
    expected = {id(p): gradient.to_dense() for p, gradient in zip(learned, slow, strict=True)}
    cause = "another gradient than that of all samples together"
    for recorder in _candidates(network):
        try:
            found = recorder.gradients(surrogate, images, num_samples)
        except Exception as error:  # torch raises various exceptions for what it cannot vectorize
            cause = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            continue
        if _agree(recorder, found, weights, expected):
            return recorder
    raise CellError(
        f"{part}: needs its gradient for one estimate alone, found {cause}. "
        "Use layers that keep samples apart, and no noise of their own."
    )


def _candidates(network: nn.Module) -> Iterator[Recorder]:
    with suppress(CellError):
        yield LinearLayers(network)
    yield WholeNetwork(network, side_by_side=True)
    yield WholeNetwork(network, side_by_side=False)


def _agree(
    recorder: Recorder,
    found: Mapping[str, LayerGradient],
    weights: Tensor,
    expected: Mapping[int, Tensor],
) -> bool:
    """Whether the replicates' weighted sum equals autograd's; what is not finite is left to the meter."""
    off, whole = 0.0, 0.0
    for name, parameters in recorder.parameters.items():
        slow = torch.cat([expected[id(p)].flatten() for p in parameters])
        if not bool(torch.isfinite(slow).all()):
            return True
        fast = torch.zeros_like(slow)
        if name in found:
            if found[name].inputs.shape[:2] != weights.shape:
                return False
            fast = found[name].weighted(weights).sums().sum(0)
        off, whole = off + float(((fast - slow) ** 2).sum()), whole + float((slow**2).sum())
    return bool(off <= torch.finfo(weights.dtype).eps * whole)
