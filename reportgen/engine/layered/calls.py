"""Records the calls of modules while a scalar is computed, and its derivatives in their outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Call:
    """One call of a module, with the derivative of the scalar in its output."""

    inputs: tuple[Any, ...]
    output: Tensor
    sensitivity: Tensor
    """δ, shaped like the output."""


def calls_of(modules: Mapping[str, nn.Module], scalar: Callable[[], Tensor]) -> dict[str, list[Call]]:
    """Every call of these modules while `scalar` is computed, in order.

    Calls with the module's parameters held fixed are left out.
    """
    seen: list[tuple[str, tuple[Any, ...], Tensor]] = []
    with torch.enable_grad(), _noting(modules, seen):
        total = scalar()
    outputs = [output for _, _, output in seen]
    found: dict[str, list[Call]] = {name: [] for name in modules}
    if outputs:
        deltas = torch.autograd.grad(total, outputs, allow_unused=True, materialize_grads=True)
        for (name, inputs, output), delta in zip(seen, deltas, strict=True):
            found[name].append(Call(inputs, output, delta))
    return found


@contextmanager
def _noting(
    modules: Mapping[str, nn.Module], seen: list[tuple[str, tuple[Any, ...], Tensor]]
) -> Iterator[None]:
    def note(name: str) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            learned = any(parameter.requires_grad for parameter in module.parameters())
            if learned and isinstance(output, Tensor) and output.requires_grad:
                seen.append((name, inputs, output))

        return hook

    handles = [module.register_forward_hook(note(name)) for name, module in modules.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
