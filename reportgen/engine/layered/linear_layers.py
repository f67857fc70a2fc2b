"""The fast recorder, for networks whose parameters all belong to linear layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from reportgen.engine.layered.calls import calls_of
from reportgen.engine.layered.gradients import GroupShape, LayerGradient
from reportgen.errors import CellError


class LinearLayers:
    """A `Recorder` that observes every linear layer of a network.

    Raises CellError unless every learned parameter belongs to exactly one plain
    linear layer, all of whose parameters are learned.
    """

    def __init__(self, network: nn.Module) -> None:
        learned = {id(p) for p in network.parameters() if p.requires_grad}
        self.layers = {
            name or "linear": module
            for name, module in network.named_modules()
            if type(module) is nn.Linear
            and {"weight"} <= dict(module.named_parameters()).keys() <= {"weight", "bias"}
            and learned.issuperset(map(id, module.parameters()))
        }
        owned = [id(p) for layer in self.layers.values() for p in layer.parameters()]
        alone = {key for key in owned if owned.count(key) == 1}
        others = [name for name, p in network.named_parameters() if id(p) in learned - alone]
        if others:
            raise CellError(
                "layer by layer: needs every parameter in a linear layer, found "
                f"{', '.join(others[:3])}. Hold it fixed with requires_grad_(False)."
            )

    @property
    def parameters(self) -> Mapping[str, tuple[nn.Parameter, ...]]:
        """The parameters of each group, in the order of its coordinates."""
        return {name: tuple(layer.parameters()) for name, layer in self.layers.items()}

    @property
    def sizes(self) -> dict[str, int]:
        """Number of parameters of each layer."""
        return {name: sum(p.numel() for p in found) for name, found in self.parameters.items()}

    @property
    def shapes(self) -> dict[str, GroupShape]:
        """For each layer, outputs by inputs, the bias counted among the inputs."""
        return {
            name: GroupShape(layer.out_features, layer.in_features + int(biased), biased)
            for name, layer in self.layers.items()
            for biased in [layer.bias is not None]
        }

    def at_once(self, images: int, num_samples: int) -> None:
        """None: the number of replicates is unlimited, since no gradient is stored."""

    def gradients(
        self, surrogate: Callable[[], Tensor], images: int, num_samples: int
    ) -> dict[str, LayerGradient]:
        """See `Recorder`; `surrogate` computes one scalar per replicate, [I R], from rows [I·R·K ·].

        Calls in which a layer's parameters are held fixed do not count.
        """

        def folded(rows: Tensor) -> Tensor:
            """[I·R·K … ·] → [I R K… ·]."""
            replicates = rows.shape[0] // (images * num_samples)
            return rows.reshape(images, replicates, -1, rows.shape[-1])

        result = {}
        for name, found in calls_of(self.layers, lambda: surrogate().sum()).items():
            if not found:
                continue
            a = torch.cat([folded(call.inputs[0].detach()) for call in found], 2)
            delta = torch.cat([folded(call.sensitivity) for call in found], 2)
            result[name] = LayerGradient(a, delta, self.layers[name].bias is not None)
        return result
