"""The general recorder, for any network: every replicate's gradient is written out.

The surrogate's derivative δ in the network's outputs is computed for all samples
at once. Each replicate then needs only the gradient of Σ_k δ_k·network(a_k) in
the network's parameters, computed for many replicates side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from reportgen.engine.layered.calls import calls_of
from reportgen.engine.layered.gradients import CHUNK, GroupShape, LayerGradient

ROWS = 1024
"""Samples that pass through the network at once, over all data points, unless a replicate has more."""


class WholeNetwork:
    """A `Recorder` that observes only a network's inputs and outputs.

    With `side_by_side`, torch vectorizes over the replicates, which some modules
    do not allow; without it each has its own backward pass. A group is the
    parameters that one module holds itself, without those of its submodules.
    """

    def __init__(self, network: nn.Module, side_by_side: bool) -> None:
        self.network = network
        self.side_by_side = side_by_side
        self._names: dict[str, list[str]] = {}
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                module = name.rpartition(".")[0].partition(".parametrizations.")[0]
                self._names.setdefault(module or name, []).append(name)

    @property
    def parameters(self) -> Mapping[str, tuple[nn.Parameter, ...]]:
        """The parameters of each group, in the order of its coordinates."""
        known = dict(self.network.named_parameters())
        return {group: tuple(known[name] for name in names) for group, names in self._names.items()}

    @property
    def sizes(self) -> dict[str, int]:
        """Number of parameters of each group."""
        return {group: sum(p.numel() for p in found) for group, found in self.parameters.items()}

    @property
    def shapes(self) -> dict[str, GroupShape]:
        """A single row for each group."""
        return {group: GroupShape(1, size, has_bias=False) for group, size in self.sizes.items()}

    def at_once(self, images: int, num_samples: int) -> int:
        """See `Recorder`."""
        fit = CHUNK // (images * sum(self.sizes.values()))
        return max(min(fit, ROWS // (images * num_samples)), 1)

    def gradients(
        self, surrogate: Callable[[], Tensor], images: int, num_samples: int
    ) -> dict[str, LayerGradient]:
        """See `Recorder`."""
        (calls,) = calls_of({"": self.network}, lambda: surrogate().sum()).values()
        if not calls:
            return {}

        def folded(value: Any, rows: int) -> Any:
            """[I·R·K …] → [I·R K …]; anything without one row per sample is returned as it is."""
            if isinstance(value, Tensor) and value.dim() and value.shape[0] == rows:
                return value.detach().reshape(-1, num_samples, *value.shape[1:])
            return value

        inputs = [[folded(value, len(call.output)) for value in call.inputs] for call in calls]
        deltas = [folded(call.sensitivity, len(call.output)) for call in calls]
        found = (self._side_by_side if self.side_by_side else self._one_by_one)(inputs, deltas)
        result = {}
        for group, names in self._names.items():
            whole = torch.cat([found[name].reshape(len(found[name]), -1) for name in names], 1)
            result[group] = LayerGradient.written_out(whole.reshape(images, -1, whole.shape[1]))
        return result

    def _learned(self) -> dict[str, Tensor]:
        names = {name for names in self._names.values() for name in names}
        return {name: p.detach() for name, p in self.network.named_parameters() if name in names}

    def _side_by_side(
        self, inputs: Sequence[Sequence[Any]], deltas: Sequence[Tensor]
    ) -> Mapping[str, Tensor]:
        """Gradients by parameter, [I·R …]."""
        moving = [[value for value in call if isinstance(value, Tensor)] for call in inputs]

        def one(learned: dict[str, Tensor], moving: list[list[Tensor]], deltas: list[Tensor]) -> Tensor:
            total = deltas[0].new_zeros(())
            for call, own, delta in zip(inputs, moving, deltas, strict=True):
                given = iter(own)
                arguments = tuple(next(given) if isinstance(value, Tensor) else value for value in call)
                total = total + (functional_call(self.network, learned, arguments) * delta).sum()
            return total

        found: Mapping[str, Tensor] = vmap(grad(one), in_dims=(None, 0, 0))(
            self._learned(), moving, list(deltas)
        )
        return found

    def _one_by_one(self, inputs: Sequence[Sequence[Any]], deltas: Sequence[Tensor]) -> Mapping[str, Tensor]:
        """The same, with a separate backward pass for each replicate."""
        known = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        rows: list[tuple[Tensor, ...]] = []
        for r in range(len(deltas[0])):
            with torch.enable_grad():
                total = deltas[0].new_zeros(())
                for call, delta in zip(inputs, deltas, strict=True):
                    arguments = (value[r] if isinstance(value, Tensor) else value for value in call)
                    total = total + (self.network(*arguments) * delta[r]).sum()
            rows.append(
                torch.autograd.grad(total, list(known.values()), allow_unused=True, materialize_grads=True)
            )
        return {
            name: torch.stack([gradient.to_dense() for gradient in column])
            for name, column in zip(known, zip(*rows, strict=True), strict=True)
        }
