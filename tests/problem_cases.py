"""Declared cases of every problem, small enough to be checked sample by sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from reportgen.datasets import load
from reportgen.declaration import PROBLEMS, Problem
from reportgen.problems import TRAINABLES, Materials
from reportgen.problems.networks import named
from tests.example_model import load_example

SETTINGS: dict[str, dict[str, Any]] = {
    "vae": {"hidden": [4], "latent": 2},
    "function": {"function": "cosine", "k": 1.5, "dimension": 2},
    "conjugate": {"mean_offset": 0.5},
    "rainforth": {"latent": 3, "points": 2},
    "linear_gaussian_vae": {"latent": 2, "perturbation": 0.2},
    "layered_vae": {"hidden": [[4], [3]], "latent": [3, 2]},
    "logistic_regression": {},
    "bernoulli_vae": {"hidden": [4], "latent": 3},
    "bits": {"dimension": 2, "probability": 0.3},
    "categorical": {"dimension": 2, "tilt": 0.7},
    "python": {"python": "my_vae.py:build", "arguments": {"latent": 2, "epochs": 0, "points": 3}},
}
"""Settings of problems whose defaults are too large, or cover too little."""
FURTHER: list[dict[str, Any]] = [
    {"model": "vae", "hidden": [4], "latent": 3, "covariance": "full"},
    {"model": "vae", "hidden": [4], "latent": 2, "covariance": "low_rank", "rank": 2},
    {"model": "logistic_regression", "covariance": "full"},
    {"model": "logistic_regression", "covariance": "low_rank"},
    {"model": "layered_vae", "hidden": [[4]], "latent": [3]},
    {"model": "layered_vae", "hidden": [[4], [3], [2, 3]], "latent": [3, 2, 2]},
]
CASES: list[Problem] = [
    kind.model_validate({"model": name, **SETTINGS.get(name, {})})
    for name, kind in PROBLEMS.items()
    if not kind.given
] + [PROBLEMS[settings["model"]].model_validate(settings) for settings in FURTHER]


def materials_of(section: Problem, images: int, seed: int) -> Materials:
    """Settings as a plan gives them; of a model that is trained, the parameters it begins with."""
    settings: Mapping[str, Any] = section.needed(section.model_dump(mode="json"))
    parameters: Mapping[str, Tensor] = {}
    if section.trained:
        begun = Materials(settings, seed, dataset=lambda: load(section.dataset or ""))
        parameters = named(TRAINABLES[section.model](begun).networks)
    return Materials(
        settings, seed, images, lambda: load(section.dataset or ""), parameters, code=load_example
    )
