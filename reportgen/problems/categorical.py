"""A toy of categorical units: every class has a value, and f is the squared distance to a target."""

from __future__ import annotations

import torch
from torch import Tensor

from reportgen.families import Categorical
from reportgen.problems.materials import Materials
from reportgen.problems.model import FreeParameters, LatentModel
from reportgen.problems.prior import UniformCode
from reportgen.problems.problem import Described


def build(materials: Materials) -> Described:
    """f of units that all have the same logits; φ is the logits of all units."""
    settings = materials.settings
    classes, d, t = int(settings["classes"]), int(settings["dimension"]), float(settings["target"])
    values = torch.linspace(0.0, 1.0, classes, dtype=torch.float64)

    def f(z: Tensor) -> Tensor:
        value = z.reshape(*z.shape[:-1], d, classes) @ values
        return ((value - t) ** 2).sum(-1)

    problem = LatentModel(
        FreeParameters(logits=(float(settings["tilt"]) * values).repeat(d)),
        torch.zeros(1, 1, dtype=torch.float64),
        f,
        lambda eta: Categorical.from_eta(eta, classes=classes),
        UniformCode(classes),
    )
    return Described(problem, "none", (0,))
