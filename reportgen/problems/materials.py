"""What a builder makes a problem from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from reportgen.datasets import Dataset


def _no_images() -> Dataset:
    raise LookupError("a problem that is made of a data set was given none")


@dataclass(frozen=True)
class Materials:
    """Settings and the things they refer to, which are loaded only when a builder asks for them."""

    settings: Mapping[str, Any]
    """The resolved `problem` section."""
    seed: int
    images: int = 0
    """Number of data points to take from the data set."""
    dataset: Callable[[], Dataset] = _no_images
    parameters: Mapping[str, Tensor] = field(default_factory=dict)
    """A checkpoint's parameters, by name; empty if nothing is trained."""
    closed_kl: bool = False
    """Whether any objective has its KL in closed form."""
    code: Callable[[str], object] | None = None
    """Loads an object of the user's own code by its reference; None if that code may not be run."""
    told: Callable[[], AbstractContextManager[None]] = nullcontext
    """A context for one call of that code: what it raises becomes a CellError that names its line."""
    functions: tuple[str, ...] = ()
    """If that code provides the estimators, the names of those wanted, beginning with the reference."""
