"""What a builder makes a problem of."""

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
    """Settings, and what they refer to; only what a builder asks for is loaded."""

    settings: Mapping[str, Any]
    """The resolved `problem` section."""
    seed: int
    images: int = 0
    """Data points wanted of a data set."""
    dataset: Callable[[], Dataset] = _no_images
    parameters: Mapping[str, Tensor] = field(default_factory=dict)
    """Those of a checkpoint, by name; empty where nothing is trained."""
    closed_kl: bool = False
    """Whether an objective has its KL in closed form."""
    code: Callable[[str], object] | None = None
    """Loads an object of the user's own by its reference; None where their code may not be run."""
    told: Callable[[], AbstractContextManager[None]] = nullcontext
    """Around one call of it: what it raises becomes a CellError that names its line."""
    functions: tuple[str, ...] = ()
    """Names of the functions wanted of it, where it gives the estimators; the reference's first."""
