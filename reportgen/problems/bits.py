"""Functions of independent bits."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from reportgen.families import Bernoulli
from reportgen.problems.materials import Materials
from reportgen.problems.model import FreeParameters, LatentModel
from reportgen.problems.prior import UniformCode
from reportgen.problems.problem import Described

FUNCTIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "quadratic": lambda z, t: ((z - t) ** 2).sum(-1),
    "threshold": lambda z, t: (z.mean(-1) > t).to(z.dtype),
    "parity": lambda z, _: z.sum(-1) % 2.0,
}
"""Functions f of all bits, [.. d] → [..], given the target t."""


def build(materials: Materials) -> Described:
    """f of bits that all have the same probability; φ is their logits."""
    settings = materials.settings
    of, t, d = FUNCTIONS[str(settings["function"])], float(settings["target"]), int(settings["dimension"])
    p = float(settings["probability"])
    logits = torch.full((d,), math.log(p) - math.log1p(-p), dtype=torch.float64)
    problem = LatentModel(
        FreeParameters(logits=logits),
        torch.zeros(1, 1, dtype=torch.float64),
        lambda z: of(z, t),
        Bernoulli.from_eta,
        UniformCode(),
    )
    return Described(problem, "none", (0,))
