"""What a declaration says of a user's own estimator: all that is known of it unless its code is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reportgen.estimators.estimator import Coefficients, Draws, Estimator

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class OwnEstimator:
    """Facts that plan and report need; where the code is run, they are checked against the object itself."""

    unbiased: bool = True
    serves: str = "mean"
    """``mean``, ``bound`` or ``both``."""
    words: str = ""
    python: str = ""
    """Reference to its code; empty if it is `given`."""
    arguments: Mapping[str, Any] | None = field(default=None, hash=False)
    """Arguments of the function there that makes it; None if the estimator itself is there."""
    given: bool = False
    """Whether the problem's own code gives it, as a function; its name is then “name()”."""

    def written(self) -> dict[str, Any]:
        """These facts as a declaration has them."""
        plain: dict[str, Any] = {"unbiased": self.unbiased}
        plain |= {} if self.given else {"serves": self.serves}
        return plain | ({"words": self.words} if self.words else {})


def of_code(python: str, arguments: Mapping[str, Any] | None) -> str:
    """The name of a user's own estimator, arguments included: “my_estimator.py:make(decay=0.9)”.

    It is part of keys, so values are written unambiguously, and arguments are sorted by name.
    """
    if arguments is None:
        return python
    given = (f"{name}={json.dumps(arguments[name], ensure_ascii=False)}" for name in sorted(arguments))
    return f"{python}({', '.join(given)})"


def of_function(name: str) -> str:
    """The name of an estimator that is a function, which no estimator of the table has: “pathwise()”."""
    return f"{name}()"


def function_of(name: str) -> str:
    """The function's own name."""
    return name.removesuffix("()")


def described(name: str, label: str, own: OwnEstimator) -> Estimator:
    """An entry like the table's, whose functions cannot be called."""
    return Estimator(
        name=name,
        title=label,
        short=f"“{label}”",
        spoken=own.words,
        evaluate=_elsewhere if own.serves != "bound" else None,
        bound=_elsewhere if own.serves != "mean" else None,
        unbiased=own.unbiased,
        bound_unbiased=own.unbiased,
    )


def _elsewhere(draws: Draws, coefficients: Coefficients) -> Tensor:
    raise RuntimeError("a user's own estimator is known by its declaration alone here; load it to run it")
