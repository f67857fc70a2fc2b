"""Functions of a user's own that all estimate the same gradient, in the same coordinates at every call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from reportgen.errors import CellError, UsageError
from reportgen.problems.returned import parts, unfit
from reportgen.problems.seeding import begin, seeded

FIRST = 0
"""Seed of the trial call that shows what a function returns; its estimate is not counted."""
EVERYTHING = "all"
"""Name of all groups together."""

Told = Callable[[], AbstractContextManager[None]]
"""A context for one call of a function; a fault that it turns into a CellError breaks only that function."""


@dataclass(frozen=True)
class GivenGradients:
    """Estimators of one gradient, of which only what they return is known."""

    estimators: Mapping[str, GivenEstimator]
    """Estimators by name."""
    sizes: Mapping[str, int]
    """Number of coordinates of each group."""
    epsilon: float
    """Machine epsilon of the least precise type among the gradients."""
    broken: Mapping[str, str]
    """Name → cause, for estimators whose trial call failed."""
    told: Told

    def replicate(self, name: str, seed: int) -> dict[str, Tensor]:
        """One estimate, by group, in float64. Raises UsageError if its coordinates have changed."""
        estimator = self.estimators[name]
        with self.told():
            found = estimator.parts(seed)
            estimator.require(found, self.sizes, "it returned before")
        return {name: part.double() for name, part in found.items()}


def given(
    functions: Mapping[str, Callable[[], object]], reference: str, seed: int, told: Told = nullcontext
) -> GivenGradients:
    """Call each function once, to see what gradients they return.

    Raises UsageError if one does not return a gradient, or not in the coordinates of the reference's (of the
    first sound function's, if the reference is broken), and CellError if all are broken.
    """
    estimators = {name: GivenEstimator(name, function) for name, function in functions.items()}
    trials: dict[str, dict[str, Tensor]] = {}
    broken: dict[str, str] = {}
    sizes: dict[str, int] = {}
    with seeded(seed):
        for name in sorted(estimators, key=lambda name: name != reference):
            try:
                with told():
                    estimators[name].require_no_arguments()
                    found = estimators[name].parts(FIRST)
                    sizes = sizes or {part: values.numel() for part, values in found.items()}
                    first = next(iter(trials), name)
                    estimators[name].require(found, sizes, f"{first!r} returned")
                trials[name] = found
            except CellError as error:
                broken[name] = str(error)
    if not trials:
        raise CellError(broken[reference])
    coarsest = max(torch.finfo(part.dtype).eps for found in trials.values() for part in found.values())
    return GivenGradients(estimators, sizes, coarsest, broken, told)


@dataclass
class GivenEstimator:
    """One of the functions."""

    name: str
    function: Callable[[], object]

    def parts(self, seed: int) -> dict[str, Tensor]:
        """One estimate in the precision that it was computed in, by part, flat, on the CPU."""
        begin(seed)
        with torch.enable_grad():  # even if the caller, or another function, disabled it
            returned = self._called()
        found = parts(self.name, returned)
        if EVERYTHING in found:
            raise unfit(
                self.name, f"a part called {EVERYTHING}, as all parts together are", "Call it otherwise."
            )
        return found

    def _called(self) -> object:
        try:
            return self.function()
        except BaseException as error:
            error.add_note(self.name)
            raise

    def require_no_arguments(self) -> None:
        """Raise UsageError if the function's signature requires arguments."""
        try:
            expected = inspect.signature(self.function)
        except (TypeError, ValueError):  # a callable without a signature
            return
        try:
            expected.bind()
        except TypeError as error:
            raise UsageError(
                f"estimators[{self.name!r}]: must be a function without arguments, got one that takes "
                f"{expected}: {error}. Give them defaults, or write lambda: … around the call."
            ) from error

    def require(self, found: Mapping[str, Tensor], sizes: Mapping[str, int], where: str) -> None:
        """Raise UsageError if the parts found do not have these sizes."""
        own = {name: part.numel() for name, part in found.items()}
        if own != sizes:
            name = next(name for name in (*sizes, *own) if own.get(name) != sizes.get(name))
            raise UsageError(
                f"estimators[{self.name!r}]: must return {sizes.get(name, 0)} coordinates as {name!r}, as "
                f"{where}, got {own.get(name, 0)}. Return the gradient in the same parameters each time."
            )
