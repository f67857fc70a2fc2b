"""One declared case of every problem, small enough to be looked at sample by sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from reportgen.datasets import Dataset
from reportgen.declaration import PROBLEMS, Problem
from reportgen.problems import networks, two_layer_vae

SETTINGS: dict[str, dict[str, Any]] = {
    "vae": {"hidden": [4], "latent": 2},
    "function": {"function": "cosine", "k": 1.5, "dimension": 2},
    "conjugate": {"mean_offset": 0.5},
    "rainforth": {"latent": 3, "points": 2},
    "linear_gaussian_vae": {"latent": 2, "perturbation": 0.2},
    "two_layer_vae": {"hidden": [4], "upper_hidden": [3], "latent": [3, 2]},
}
CASES: list[Problem] = [
    kind.model_validate({"model": name, **SETTINGS[name]}) for name, kind in PROBLEMS.items()
]


def _vae(settings: Mapping[str, Any], data: Dataset) -> dict[str, Tensor]:
    return networks.named(*networks.initialised(settings, data.train.mean(0), 0))


def _two_layer_vae(settings: Mapping[str, Any], data: Dataset) -> dict[str, Tensor]:
    encoder, decoder = two_layer_vae.blank(settings, data.pixels)
    networks.initialise(encoder, decoder, 0)
    return networks.named(encoder, decoder)


_INITIAL: dict[str, Callable[[Mapping[str, Any], Dataset], dict[str, Tensor]]] = {
    "vae": _vae,
    "two_layer_vae": _two_layer_vae,
}


def parameters_of(settings: Mapping[str, Any], data: Dataset) -> dict[str, Tensor]:
    """Those of a fresh model, as a checkpoint would hold them."""
    return _INITIAL[str(settings["model"])](settings, data)
