"""One declared case of every problem, small enough to be looked at sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from reportgen.datasets import Dataset
from reportgen.declaration import PROBLEMS, Problem
from reportgen.problems import TRAINABLES, Materials
from reportgen.problems.networks import named

SETTINGS: dict[str, dict[str, Any]] = {
    "vae": {"hidden": [4], "latent": 2},
    "function": {"function": "cosine", "k": 1.5, "dimension": 2},
    "conjugate": {"mean_offset": 0.5},
    "rainforth": {"latent": 3, "points": 2},
    "linear_gaussian_vae": {"latent": 2, "perturbation": 0.2},
    "two_layer_vae": {"hidden": [4], "upper_hidden": [3], "latent": [3, 2]},
    "bernoulli_vae": {"hidden": [4], "latent": 3},
    "bits": {"dimension": 2, "probability": 0.3},
    "categorical": {"dimension": 2, "tilt": 0.7},
}
CASES: list[Problem] = [
    kind.model_validate({"model": name, **SETTINGS[name]}) for name, kind in PROBLEMS.items()
]


def parameters_of(settings: Mapping[str, Any], data: Dataset) -> dict[str, Tensor]:
    """Those of a fresh model, as a checkpoint would hold them."""
    return named(TRAINABLES[str(settings["model"])](Materials(settings, 0, dataset=lambda: data)).networks)
