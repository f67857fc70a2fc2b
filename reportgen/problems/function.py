"""The test functions of Mohamed et al. (2020), summed over independent coordinates."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from reportgen.problems.materials import Materials
from reportgen.problems.model import free_gaussian
from reportgen.problems.problem import Described

FUNCTIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "quadratic": lambda z, k: (z - k) ** 2,
    "exponential": lambda z, k: torch.exp(-k * z * z),
    "cosine": lambda z, k: torch.cos(k * z),
}
"""Functions of one coordinate. Source: Mohamed et al. (2020), figures 2 and 3."""


def build(materials: Materials) -> Described:
    """The problem with q = N(mean, scale²) in every coordinate; φ = (mean, log σ)."""
    settings = materials.settings
    of, k = FUNCTIONS[str(settings["function"])], float(settings["k"])
    d = int(settings["dimension"])
    problem = free_gaussian(
        [float(settings["mean"])] * d, [float(settings["scale"])] * d, lambda z: of(z, k).sum(-1)
    )
    return Described(problem, "none", (0,))
