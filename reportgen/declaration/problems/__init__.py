"""Problems: one file each, one line each in this table.

A file here defines what a declaration may set and what a report says about
the model; the model itself is made by the builder of the same name in
`reportgen.problems`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import BeforeValidator, Discriminator, Tag
from pydantic_core import PydanticCustomError

from reportgen.declaration.complaints import describe, refuse, suggestion
from reportgen.declaration.problems.bernoulli_vae import BernoulliVAE
from reportgen.declaration.problems.bits import Bits
from reportgen.declaration.problems.categorical import CategoricalUnits
from reportgen.declaration.problems.conjugate import Conjugate
from reportgen.declaration.problems.function import Function
from reportgen.declaration.problems.gradients import Gradients
from reportgen.declaration.problems.layered_vae import LayeredVAE
from reportgen.declaration.problems.linear_gaussian_vae import LinearGaussianVAE
from reportgen.declaration.problems.logistic_regression import LogisticRegression
from reportgen.declaration.problems.problem import Problem
from reportgen.declaration.problems.python import Python
from reportgen.declaration.problems.rainforth import Rainforth
from reportgen.declaration.problems.vae import VAE

PROBLEMS: dict[str, type[Problem]] = {
    "vae": VAE,
    "function": Function,
    "conjugate": Conjugate,
    "rainforth": Rainforth,
    "linear_gaussian_vae": LinearGaussianVAE,
    "layered_vae": LayeredVAE,
    "logistic_regression": LogisticRegression,
    "bernoulli_vae": BernoulliVAE,
    "bits": Bits,
    "categorical": CategoricalUnits,
    "python": Python,
    "gradients": Gradients,
}


OF_CODE = ("python", "gradients")
"""Models made by a user's own code, to which the setting of the same name refers."""


def declared_model(section: Any) -> Any:
    """The model of a `problem` section: the one it names, else that of the code it names, else `vae`."""
    if not isinstance(section, dict):
        return getattr(section, "model", "vae")
    return section.get("model", next((name for name in OF_CODE if name in section), "vae"))


def gives_estimators(section: Any) -> bool | None:
    """Whether a `problem` section, faulty or not, means code that gives the estimators; None if unclear."""
    model = declared_model(section)
    kind = PROBLEMS.get(model) if isinstance(model, str) else None
    if kind is None or not isinstance(section, dict | Problem):
        return None
    if isinstance(section, dict) and not {"model", model} & section.keys():
        return kind.given if section.keys() <= kind.model_fields.keys() else None
    return kind.given


def _tag(value: Any) -> str:
    return str(declared_model(value))


def _with_known_model(value: Any) -> Any:
    """Refuses what is not a mapping, and a model that is not in the table."""
    if isinstance(value, Problem):
        return value
    if not isinstance(value, dict):
        raise PydanticCustomError("dict_type", "must be a mapping")
    model = declared_model(value)
    if not isinstance(model, str) or model not in PROBLEMS:
        raise refuse(
            f"must be one of {', '.join(PROBLEMS)}; got {describe(model)}. "
            f"{suggestion(model, PROBLEMS, listed=True)}",
            at=("model",),
        )
    return value


if TYPE_CHECKING:
    AnyProblem = Problem
else:
    AnyProblem = Annotated[
        Union[tuple(Annotated[kind, Tag(name)] for name, kind in PROBLEMS.items())],  # noqa: UP007
        Discriminator(_tag),
        BeforeValidator(_with_known_model),
    ]
    """A problem of any model; pydantic reports faults at (…, model, field)."""

__all__ = ["PROBLEMS", "AnyProblem", "Problem", "declared_model", "gives_estimators"]
