"""`reportgen.measure_gradients`: measures any gradient, given functions that return estimates of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reportgen.api.measurement import Measurement
from reportgen.api.measuring import cell_of, fraction, one_thread, whole
from reportgen.api.watching import watching
from reportgen.declaration.complaints import suggestion
from reportgen.declaration.own_estimator import of_function
from reportgen.engine.given import OBJECTIVE, measure_given
from reportgen.errors import UsageError
from reportgen.findings.statistics.named import STATISTICS
from reportgen.plan import Arm
from reportgen.problems.given import given

FEWEST = 64
"""Fewest estimates that can be asked for: two for each bucket of replicates."""


class GradientMeasurement(Measurement):
    """A measurement of gradients that functions return whole: samples and passes are not known."""

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the statistics that need nothing but estimates of a gradient."""
        return tuple(name for name in super().statistics if not STATISTICS[name].of_models)

    @property
    def heading(self) -> str:
        """What was measured, in a line."""
        record = self.record
        size = f"{record.parameters:,} coordinate{'s' * (record.parameters != 1)}"
        return f"Gradient of {size}, up to {record.draws_per_image:,} estimates"

    def num_samples(self, label: str) -> str:
        """Not known."""
        return ""

    def passes(self, label: str) -> str:
        """Not known."""
        return ""


def measure_gradients(
    estimators: Mapping[str, Callable[[], object]],
    *,
    reference: str | None = None,
    precision: float | str = 0.05,
    budget: int = 100_000,
    min_replicates: int = 256,
    seed: int = 0,
    progress: bool = False,
) -> Measurement:
    """Measures the noise of estimators of one gradient, given functions that each return one estimate of it.

    A function takes no arguments and returns one estimate: a tensor, an array of
    any library that numpy or DLPack can read, a module whose parameters' ``grad``
    it has filled, or a sequence of these or a mapping of names to these, also
    nested; with the same number of coordinates each time. Before every call
    torch's, numpy's and Python's generators are seeded, with the same seed for
    all functions, so that functions that draw in the same way are compared on the
    same draws; afterwards the generators' states are restored. `reference` is the
    label that variances and means are compared with, by default the first.

    Each function is called until its total variance has a 95 % interval of
    relative half-width `precision` (0.05 or ``"5%"``), at least `min_replicates`
    and at most `budget` times; `progress` shows a bar on standard error, or in the
    notebook. Estimates must be independent: if a function keeps something from
    call to call, such as a moving average, its intervals are too narrow; if it
    walks through its data with a loader, they are too wide. This is tested, and
    `notes` say so if it shows.
    Apart from times, numbers depend on the other arguments alone: everything runs
    on one thread. The means take 512 bytes per coordinate and function, less if
    there are very many, and the statistics made from them about twice as much
    again. A function that returns inf or nan is reported as broken. Raises
    UsageError, one line, if what is returned is no gradient. What a function
    itself raises is not caught.
    """
    width = fraction(precision)
    budget, min_replicates = whole("budget", budget), whole("min_replicates", min_replicates)
    seed = whole("seed", seed, 0)
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
        raise UsageError(
            f"reference: must be one of {', '.join(estimators)}; got {first!r}. "
            f"{suggestion(first, estimators, listed=True)}"
        )
    if min_replicates < FEWEST or budget < min_replicates:
        raise UsageError(
            f"min_replicates: must be from {FEWEST} to the budget, {budget}, got {min_replicates}. "
            "Change one of the two."
        )
    cell = cell_of(
        {"precision": width, "budget": budget, "min_replicates": min_replicates},
        tuple(Arm(OBJECTIVE, of_function(label), label) for label in estimators),
        {OBJECTIVE: first},
        seed,
    )
    with one_thread(), watching(progress, width) as report:
        record = measure_given(given(estimators, first, seed), cell, report=report)
    return GradientMeasurement(record, OBJECTIVE, dict.fromkeys(estimators, True), width)
