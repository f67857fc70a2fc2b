"""Problems: one file each, one line each in this table of builders.

What a declaration may set of a problem stands in the file of the same name in
`reportgen.declaration.problems`.
"""

from __future__ import annotations

from collections.abc import Callable

from reportgen.problems import conjugate, function, linear_gaussian_vae, python_model, rainforth, two_layer_vae, vae
from reportgen.problems.materials import Materials
from reportgen.problems.own_model import Model
from reportgen.problems.problem import Described, Problem

BUILDERS: dict[str, Callable[[Materials], Described]] = {
    "vae": vae.build,
    "function": function.build,
    "conjugate": conjugate.build,
    "rainforth": rainforth.build,
    "linear_gaussian_vae": linear_gaussian_vae.build,
    "two_layer_vae": two_layer_vae.build,
    "python": python_model.build,
}

__all__ = ["BUILDERS", "Described", "Materials", "Model", "Problem"]
