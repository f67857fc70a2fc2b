"""z ~ N(0, 1), x|z ~ N(z, 1), with known evidence and posterior."""

from __future__ import annotations

import math

from torch import Tensor

from reportgen.problems.materials import Materials
from reportgen.problems.model import free_gaussian
from reportgen.problems.problem import Described


def build(materials: Materials) -> Described:
    """The model with q at, or near, the posterior N(x/2, ½)."""
    settings = materials.settings
    x = float(settings["x"])
    constant = 0.0 if settings["drop_constant"] else -0.5 * math.log(2.0 * math.pi)
    mean = x / 2.0 + float(settings["mean_offset"])
    scale = math.sqrt(0.5) * float(settings["scale_factor"])

    def log_likelihood(z: Tensor) -> Tensor:
        return constant - 0.5 * ((x - z) ** 2).sum(-1)

    return Described(free_gaussian([mean], [scale], log_likelihood), "none", (0,))
