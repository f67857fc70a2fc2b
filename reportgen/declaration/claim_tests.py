"""What a claim may say: a small tree over named statistics, and its text.

`claim_grammar.parse` reads the text; `str` of a `ClaimTest` writes it again.
The trees are judged in `reportgen.findings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class StatisticKind:
    """How many estimators a statistic is of, and what it says."""

    estimators: int
    meaning: str


STATISTICS: dict[str, StatisticKind] = {
    "total_variance": StatisticKind(1, "variance summed over all coordinates of φ, mean over images"),
    "mean_norm": StatisticKind(1, "norm of the mean gradient"),
    "signal_to_noise": StatisticKind(1, "norm of the mean gradient over the root of the total variance"),
    "cosine_to_reference": StatisticKind(1, "cosine of its mean gradient with that of the reference"),
    "variance_ratio": StatisticKind(2, "total variance of the first over that of the second"),
    "gap_closed": StatisticKind(
        3, "share of the way from the second's to the third's log variance (times K) that the first goes"
    ),
    "relative_projection": StatisticKind(
        1, "mean gradient along the reference's, relative to it; 1 without bias"
    ),
    "constant_effect": StatisticKind(1, "largest relative change of total variance over measure.constants"),
    "monte_carlo_share": StatisticKind(
        1, "share of Monte Carlo noise in the variance of a minibatch gradient"
    ),
    "work_normalized_variance": StatisticKind(1, "total variance times decoder passes a replicate"),
    "coordinate_lower": StatisticKind(
        1, "fraction of coordinates where the reference has the lower variance"
    ),
    "evaluations": StatisticKind(1, "decoder passes a replicate, forward and backward"),
}

DEFAULT_MARGIN = 0.1
"""Of `equal_means`, relative."""


def number_text(value: float) -> str:
    """A number as the grammar reads it back, to the bit."""
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def percent_text(value: float) -> str:
    """0.1 → ``10%``, read back to the bit."""
    exact = Decimal(repr(value)).scaleb(2).normalize()
    return f"{exact:f}%" if -9 < exact.adjusted() < 15 else f"{exact}%"


@dataclass(frozen=True)
class Statistic:
    """A named statistic of one, two or three estimators (labels or names, as written)."""

    name: str
    arms: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.arms)})"


@dataclass(frozen=True)
class Slope:
    """Slope of log total variance against log num_samples, at the last checkpoint of the base setting."""

    of: Statistic
    over: str = "num_samples"

    def __str__(self) -> str:
        return f"slope({self.of}, {self.over})"


@dataclass(frozen=True)
class EqualMeans:
    """Both estimate the same gradient; `margin` is relative, about 1."""

    first: str
    second: str
    margin: float = DEFAULT_MARGIN

    def __str__(self) -> str:
        margin = "" if self.margin == DEFAULT_MARGIN else f", margin={percent_text(self.margin)}"
        return f"equal_means({self.first}, {self.second}{margin})"


@dataclass(frozen=True)
class Threshold:
    """A quantity against a number; `operator` is one of < > <= >=."""

    quantity: Statistic | Slope
    operator: str
    bound: float

    def __str__(self) -> str:
        return f"{self.quantity} {self.operator} {number_text(self.bound)}"


@dataclass(frozen=True)
class Equivalence:
    """A quantity equals a number within a margin, `relative` to that number or absolute."""

    quantity: Statistic | Slope
    value: float
    margin: float
    relative: bool

    @property
    def low(self) -> float:
        """Lower end of what still counts as equal."""
        return self.value - self._width

    @property
    def high(self) -> float:
        """Upper end of what still counts as equal."""
        return self.value + self._width

    @property
    def _width(self) -> float:
        return self.margin * abs(self.value) if self.relative else self.margin

    def __str__(self) -> str:
        margin = percent_text(self.margin) if self.relative else number_text(self.margin)
        return f"{self.quantity} = {number_text(self.value)} within {margin}"


@dataclass(frozen=True)
class Contrast:
    """Two statistics against each other, at the same place."""

    left: Statistic
    operator: str
    right: Statistic

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True)
class Ordering:
    """The statistic of each estimator is smaller than that of the next."""

    statistic: str
    arms: tuple[str, ...]

    def __str__(self) -> str:
        return f"ordering({self.statistic}, {', '.join(self.arms)})"


Comparison = EqualMeans | Threshold | Equivalence | Contrast | Ordering


@dataclass(frozen=True)
class Scope:
    """Where a comparison is made.

    `quantifier` is ``every``, ``some``, ``at`` (one checkpoint) or ``after``
    (every later checkpoint); `over` is ``checkpoint`` or a swept setting such
    as ``problem.latent``; `number` is the epoch for ``at`` and ``after``.

    Without a scope of checkpoints: every checkpoint that is measured there
    (in swept settings those of `measure.sweep_checkpoints`). A swept setting
    that no scope names stays at its base value.
    """

    quantifier: str
    over: str = "checkpoint"
    number: int | None = None

    def __str__(self) -> str:
        if self.number is not None:
            return f"{self.quantifier} checkpoint {self.number}"
        return f"at {self.quantifier} {self.over}"


@dataclass(frozen=True)
class ClaimTest:
    """A comparison, the objective it is made under (None: the first), and where."""

    comparison: Comparison
    objective: str | None = None
    scopes: tuple[Scope, ...] = ()

    def __str__(self) -> str:
        under = f" under {self.objective}" if self.objective else ""
        return f"{self.comparison}{under}{' ' if self.scopes else ''}{' and '.join(map(str, self.scopes))}"


def arms_of(comparison: Comparison) -> tuple[str, ...]:
    """Every estimator a comparison names, as written, in order."""
    if isinstance(comparison, EqualMeans):
        return (comparison.first, comparison.second)
    if isinstance(comparison, Ordering):
        return comparison.arms
    return tuple(arm for quantity in quantities_of(comparison) for arm in statistic_of(quantity).arms)


def quantities_of(comparison: Comparison) -> Iterator[Statistic | Slope]:
    """The statistics and slopes a comparison is about; none for `equal_means`."""
    if isinstance(comparison, Contrast):
        yield from (comparison.left, comparison.right)
    elif isinstance(comparison, Ordering):
        yield from (Statistic(comparison.statistic, (arm,)) for arm in comparison.arms)
    elif isinstance(comparison, (Threshold, Equivalence)):
        yield comparison.quantity


def statistic_of(quantity: Statistic | Slope) -> Statistic:
    """The statistic itself, or the one whose slope is taken."""
    return quantity.of if isinstance(quantity, Slope) else quantity
