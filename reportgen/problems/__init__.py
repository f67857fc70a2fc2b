"""Problems: one file for each, and one line in these tables of builders.

The settings that a declaration may give a problem are in the file of the same
name in `reportgen.declaration.problems`.
"""

from __future__ import annotations

from collections.abc import Callable

from reportgen.problems import (
    bernoulli_vae,
    bits,
    categorical,
    conjugate,
    function,
    gradients,
    layered_vae,
    linear_gaussian_vae,
    logistic_regression,
    python_model,
    rainforth,
    vae,
)
from reportgen.problems.materials import Materials
from reportgen.problems.own_model import Model
from reportgen.problems.problem import Described, Problem
from reportgen.problems.trainable import Trainable

BUILDERS: dict[str, Callable[[Materials], Described]] = {
    "vae": vae.build,
    "function": function.build,
    "conjugate": conjugate.build,
    "rainforth": rainforth.build,
    "linear_gaussian_vae": linear_gaussian_vae.build,
    "layered_vae": layered_vae.build,
    "logistic_regression": logistic_regression.build,
    "bernoulli_vae": bernoulli_vae.build,
    "bits": bits.build,
    "categorical": categorical.build,
    "python": python_model.build,
    "gradients": gradients.build,
}

TRAINABLES: dict[str, Callable[[Materials], Trainable]] = {
    "vae": vae.trainable,
    "layered_vae": layered_vae.trainable,
    "logistic_regression": logistic_regression.trainable,
    "bernoulli_vae": bernoulli_vae.trainable,
}
"""Problems whose parameters are trained before anything is measured."""

__all__ = ["BUILDERS", "TRAINABLES", "Described", "Materials", "Model", "Problem", "Trainable"]
