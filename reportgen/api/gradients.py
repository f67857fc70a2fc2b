"""Any gradient, measured as it comes: `reportgen.measure_gradients`, given functions that return one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from reportgen.api.measurement import Measurement
from reportgen.api.measuring import fraction, one_thread
from reportgen.engine.given import OBJECTIVE, measure_given
from reportgen.errors import UsageError
from reportgen.findings.prose import p_value
from reportgen.findings.statistics.jackknife import LEVEL
from reportgen.jackknife import t_quantile
from reportgen.problems.python_model import begin, seeded

FEWEST = 64
"""Estimates: two for each bucket of replicates."""
FIRST = 0
"""Seed of the call that shows what a function returns; it is not counted."""
WHOLE, EVERYTHING = "gradient", "all"
"""Names of the one group where a gradient has no parts, and of all groups together."""
OF_MODELS = (
    "directional_signal_to_noise",
    "data_variance",
    "monte_carlo_share",
    "evaluations",
    "work_normalized_variance",
)
"""Statistics of a decoder's passes, of several data points, or of draws besides those that were measured."""
DEPENDENT = 1e-4
"""Level of the test that a function's estimates are independent."""
COARSE = 0.05
"""Half-width, relative, up to which a variance rests on enough of an estimate's tail."""
FEW = 10.0
"""E‖d‖⁴/(E‖d‖²)², about, from which it rests on few of them; 3 at most where they are normal."""
UNSEEN = 0.05
"""Chance that what happens as often as is told is not seen once."""


class GradientMeasurement(Measurement):
    """Of gradients that were handed over whole: nothing is known of samples and passes."""

    @property
    def statistics(self) -> tuple[str, ...]:
        """Those that every gradient has."""
        return tuple(name for name in super().statistics if name not in OF_MODELS)

    @property
    def heading(self) -> str:
        """What was measured, in a line."""
        record = self.record
        size = f"{record.parameters:,} coordinate{'s' * (record.parameters != 1)}"
        return f"Gradient of {size}, up to {record.draws_per_image:,} estimates"

    @property
    def notes(self) -> list[str]:
        """What the numbers need said beside them, of dependent estimates and of too few of them too."""
        found = zip(self.record.arms, self.record.arrays["serial_dependence"], strict=True)
        said = [_dependent(arm.label, float(z)) for arm, z in found if _chance(float(z)) < DEPENDENT]
        return [*super().notes, *said, *self._all_the_same, *self._few_carry]

    @property
    def _all_the_same(self) -> list[str]:
        """Functions of which no two estimates differ, and what that leaves open."""
        sound = [arm for arm in self.record.arms if not arm.cause]
        still = [arm for arm in sound if self.get("total_variance", arm.label).value == 0.0]
        return [
            f"All {arm.replicates:,} estimates of {arm.label} are the same: what happens in fewer than "
            f"{1.0 - UNSEEN ** (1.0 / arm.replicates):.1%} of them may not have been seen. "
            "Raise min_replicates if any does."
            for arm in still
        ]

    @property
    def _few_carry(self) -> list[str]:
        """Functions with a variance that few estimates carry, known no better than coarsely."""
        reach = t_quantile(LEVEL, self.record.arrays["variance_without"].shape[2] - 1)
        coarse = [
            arm for arm in self.record.arms if not arm.cause and COARSE < arm.relative_half_width < math.inf
        ]
        carried = {arm.label: arm.replicates * (arm.relative_half_width / reach) ** 2 for arm in coarse}
        return [
            f"The variance of {label} is carried by about one in {round(share)} of its estimates, and may be "
            "larger than its interval says where these are few. Ask for a finer precision."
            for label, share in carried.items()
            if share > FEW
        ]

    def num_samples(self, label: str) -> str:
        """Not known."""
        return ""

    def passes(self, label: str) -> str:
        """Not known."""
        return ""


def _chance(z: float) -> float:
    """Two-sided, of a standard normal number; NaN of NaN."""
    return math.erfc(abs(z) / math.sqrt(2.0))


def _dependent(label: str, z: float) -> str:
    """What is said of one whose estimates depend on those before."""
    how, width = ("resemble", "narrow") if z > 0.0 else ("make up for", "wide")
    return (
        f"Estimates of {label} {how} those made before them ({p_value(_chance(z))}): its intervals are too "
        f"{width}. Return one that keeps nothing from call to call."
    )


def measure_gradients(
    estimators: Mapping[str, Callable[[], object]],
    *,
    reference: str | None = None,
    precision: float | str = 0.05,
    budget: int = 100_000,
    min_replicates: int = 256,
    seed: int = 0,
) -> Measurement:
    """Measures the noise of any estimators of one gradient, given functions that return an estimate of it.

    A function takes nothing and returns one estimate: a tensor or array, a
    sequence of tensors, a mapping of names to tensors, or a module whose
    parameters' ``grad`` it has filled; of as many coordinates each time. Before
    every call torch's, numpy's and Python's generators are seeded, alike for all
    functions, so that those that draw alike are compared on the same draws;
    afterwards they are put back. `reference` is the label that variances and
    means are compared with, the first if left out.

    Each is called until its total variance has a 95 % interval of relative
    half-width `precision` (0.05 or ``"5%"``), at least `min_replicates` and at
    most `budget` times. Its estimates must be independent: of one that keeps
    something from call to call, a moving average, say, intervals are too narrow,
    and of a loader that walks through its data too wide. That is tested, and
    `notes` say so where it shows.
    Numbers depend on the functions and the seed alone: all runs on one thread.
    The means take 512 bytes a coordinate and function, less where there are very
    many, and the statistics made of them about twice as much again. A function
    that gives inf or nan is told as broken. Raises UsageError, one line, where
    what is returned is no gradient. What a function raises itself is not caught.
    """
    width = fraction(precision)
    if not isinstance(estimators, Mapping) or not estimators:
        raise UsageError(
            "estimators: must be a mapping of labels to functions, at least one, got "
            f"{type(estimators).__name__ if not isinstance(estimators, Mapping) else 'none'}. "
            'Write {"mine": function}.'
        )
    for label, function in estimators.items():
        if not isinstance(label, str) or not label:
            raise UsageError(f"estimators: labels must be text, got {label!r}. Give it a name.")
        if not callable(function):
            raise UsageError(
                f"estimators[{label!r}]: must be a function without arguments, got "
                f"{type(function).__name__}. Write lambda: … around what it computes."
            )
    first = next(iter(estimators)) if reference is None else reference
    if first not in estimators:
        raise UsageError(f"reference: must be one of {', '.join(estimators)}, got {first!r}.")
    if min_replicates < FEWEST or budget < min_replicates:
        raise UsageError(
            f"min_replicates: must be from {FEWEST} to the budget, {budget}, got {min_replicates}. "
            "Change one of the two."
        )
    sources = {label: _Source(label, function) for label, function in estimators.items()}
    with seeded(seed), one_thread():
        trials = {label: source.parts(FIRST) for label, source in sources.items()}
        sizes = {name: part.numel() for name, part in trials[first].items()}
        for label, source in sources.items():
            source.require(trials[label], sizes, f"{first!r} returned")
            source.sizes = sizes
        record = measure_given(
            {label: source.replicate for label, source in sources.items()},
            sizes,
            reference=first,
            precision=width,
            budget=budget,
            min_replicates=min_replicates,
            seed=seed,
            epsilon=max(torch.finfo(part.dtype).eps for found in trials.values() for part in found.values()),
        )
    return GradientMeasurement(record, OBJECTIVE, dict.fromkeys(estimators, True), width)


@dataclass
class _Source:
    """One function, and what its gradients must look like."""

    label: str
    function: Callable[[], object]
    sizes: Mapping[str, int] | None = None

    def replicate(self, seed: int) -> dict[str, Tensor]:
        """One estimate, group by group, float64."""
        found = self.parts(seed)
        assert self.sizes is not None
        self.require(found, self.sizes, "it returned before")
        return {name: part.double() for name, part in found.items()}

    def parts(self, seed: int) -> dict[str, Tensor]:
        """One estimate as it is computed, flat, on the CPU."""
        begin(seed)
        returned = self.function()
        found = {name: self._flat(name, part) for name, part in self._named(returned).items()}
        if not sum(part.numel() for part in found.values()):
            raise self._unfit("nothing")
        if EVERYTHING in found:
            raise self._unfit(f"a part called {EVERYTHING}, as all parts together are", "Call it otherwise.")
        return found

    def require(self, found: Mapping[str, Tensor], sizes: Mapping[str, int], where: str) -> None:
        """Raises UsageError where these are not the coordinates that all have."""
        own = {name: part.numel() for name, part in found.items()}
        if own != sizes:
            name = next(name for name in (*sizes, *own) if own.get(name) != sizes.get(name))
            raise UsageError(
                f"estimators[{self.label!r}]: must return {sizes.get(name, 0)} coordinates as {name!r}, as "
                f"{where}, got {own.get(name, 0)}. Return the gradient in the same parameters each time."
            )

    def _named(self, returned: object) -> dict[str, object]:
        if isinstance(returned, nn.Module):
            learned = {name: p for name, p in returned.named_parameters() if p.requires_grad}
            if all(p.grad is None for p in learned.values()):
                raise self._unfit(
                    "a module without gradients", "Call backward() in it, and zero_grad() before."
                )
            return {name: torch.zeros_like(p) if p.grad is None else p.grad for name, p in learned.items()}
        if isinstance(returned, Tensor | np.ndarray):
            return {WHOLE: returned}
        if isinstance(returned, Mapping):
            return {str(name): part for name, part in returned.items()}
        if isinstance(returned, Sequence) and not isinstance(returned, str):
            return {str(number): part for number, part in enumerate(returned)}
        raise self._unfit("a function" if callable(returned) else type(returned).__name__)

    def _flat(self, name: str, part: object) -> Tensor:
        if isinstance(part, np.ndarray) and part.dtype.kind == "f":
            part = torch.from_numpy(part)
        if not isinstance(part, Tensor) or not part.is_floating_point():
            what = f"a {part.dtype} array" if isinstance(part, Tensor | np.ndarray) else type(part).__name__
            remedy = "Use torch.autograd.grad(…, materialize_grads=True)." if part is None else ""
            raise self._unfit(f"{what} as {name!r}", remedy)
        return part.detach().to("cpu", copy=True).flatten()

    def _unfit(self, found: str, remedy: str = "") -> UsageError:
        return UsageError(
            f"estimators[{self.label!r}]: must return a gradient: real tensors, alone, in a sequence or "
            f"under names, or a module with gradients; got {found}. {remedy or 'Return the gradient.'}"
        )
