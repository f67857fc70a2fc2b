"""What a claim may say: a small tree over named statistics, and its text.

`grammar.parse` reads the text; `str` of a `ClaimTest` writes it again.
The trees are judged in `reportgen.findings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reportgen.declaration.dotted import same_value

SAMPLES = "num_samples"
"""The K of `measure.num_samples`, along which a slope may run as along a swept setting."""
DEFAULT_MARGIN = 0.1
"""Margin of `equal_means`, relative."""
EVERYTHING = "all"
"""The parameter group of all coordinates of φ; a claim that names no group is about this one."""


def number_text(value: float) -> str:
    """A number as the grammar reads it back, to the bit."""
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def percent_text(value: float) -> str:
    """0.1 → ``10%``, read back to the bit."""
    exact = Decimal(repr(value)).scaleb(2).normalize()
    return f"{exact:f}%" if -9 < exact.adjusted() < 15 else f"{exact}%"


def scalar_text(value: Any) -> str:
    """A setting's value as YAML writes it plain: cosine, 5, 0.5, true, null, [100, 50]."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(scalar_text, value))}]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return number_text(value) if isinstance(value, int | float) else str(value)


@dataclass(frozen=True)
class Statistic:
    """A named statistic of one, two or three estimators (labels or names, as written), or of a model."""

    name: str
    arms: tuple[str, ...]
    objectives: tuple[str, ...] = ()
    """The two that it compares, if it compares objectives."""

    @property
    def of_model(self) -> bool:
        """Whether it is of the trained model itself."""
        return not self.arms

    def __str__(self) -> str:
        if self.of_model:
            return self.name
        return f"{self.name}({', '.join((*self.arms, *self.objectives))})"


@dataclass(frozen=True)
class Slope:
    """Slope of a statistic's logarithm against that of num_samples or of a swept setting."""

    of: Statistic
    over: str = SAMPLES

    def __str__(self) -> str:
        return f"slope({self.of}, {self.over})"


@dataclass(frozen=True)
class Crossing:
    """Where along a swept setting two estimators have the same total variance: the value of that setting."""

    first: str
    second: str
    over: str

    @property
    def of(self) -> Statistic:
        """The variance ratio, which is 1 at the crossover."""
        return Statistic("variance_ratio", (self.first, self.second))

    def __str__(self) -> str:
        return f"crossover({self.first}, {self.second}, {self.over})"


Quantity = Statistic | Slope | Crossing


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
    """A quantity compared with a number; `operator` is one of < > <= >=."""

    quantity: Quantity
    operator: str
    bound: float

    def __str__(self) -> str:
        return f"{self.quantity} {self.operator} {number_text(self.bound)}"


@dataclass(frozen=True)
class Equivalence:
    """A quantity equals a number within a margin, `relative` to that number or absolute."""

    quantity: Quantity
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
    """Two statistics compared with each other, at the same place."""

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


@dataclass(frozen=True)
class Trend:
    """A statistic of trained models rises (or falls) from each declared value of a setting to the next."""

    statistic: str
    over: str
    rising: bool

    def __str__(self) -> str:
        return f"{'increasing' if self.rising else 'decreasing'}({self.statistic}, {self.over})"


Comparison = EqualMeans | Threshold | Equivalence | Contrast | Ordering | Trend


@dataclass(frozen=True)
class Scope:
    """Where a comparison is made.

    `quantifier` is ``every``, ``some``, ``at`` (one checkpoint, or one value of
    a setting) or ``after`` (every later checkpoint); `over` is ``checkpoint``
    or a swept setting such as ``problem.latent``; `number` is the epoch for
    ``at`` and ``after`` a checkpoint, `value` the setting's for ``at`` one.

    Without a scope of checkpoints: every checkpoint that is measured there
    (in swept settings those of `measure.sweep_checkpoints`). A swept setting
    that no scope names stays at its base value; in a claim about trained
    models it takes every value, and the checkpoints are those of `judge`.
    """

    quantifier: str
    over: str = "checkpoint"
    number: int | None = None
    value: Any = None

    @property
    def fixes(self) -> bool:
        """Whether it fixes one value of a setting."""
        return self.quantifier == "at" and self.over != "checkpoint"

    def holds(self, value: Any) -> bool:
        """Whether this is the value that the scope fixes; a truth value equals no number."""
        return same_value(value, self.value)

    def __str__(self) -> str:
        if self.over == "checkpoint" and self.number is not None:
            return f"{self.quantifier} checkpoint {self.number}"
        if self.fixes:
            return f"at {self.over} {scalar_text(self.value)}"
        return f"at {self.quantifier} {self.over}"


@dataclass(frozen=True)
class ClaimTest:
    """A comparison, its objective (None: the first), the places where it is made, and the coordinates."""

    comparison: Comparison
    objective: str | None = None
    scopes: tuple[Scope, ...] = ()
    group: str = EVERYTHING
    """Parameter group as records name it: a block of φ, or all; for trained models, a stochastic layer."""

    @property
    def of_models(self) -> bool:
        """Whether it is about trained models, and not about estimators of a gradient."""
        if isinstance(self.comparison, Trend):
            return True
        return any(isinstance(of, Statistic) and of.of_model for of in quantities_of(self.comparison))

    def __str__(self) -> str:
        named = f'"{self.group}"' if re.search(r"[\s,()<>=\[\]]", self.group) else self.group
        group = f" in {named}" if self.group != EVERYTHING else ""
        under = f" under {self.objective}" if self.objective else ""
        where = f" {' and '.join(map(str, self.scopes))}" if self.scopes else ""
        return f"{self.comparison}{group}{under}{where}"


def arms_of(comparison: Comparison) -> tuple[str, ...]:
    """Every estimator a comparison names, as written, in order."""
    if isinstance(comparison, EqualMeans):
        return (comparison.first, comparison.second)
    if isinstance(comparison, Ordering):
        return comparison.arms
    return tuple(arm for quantity in quantities_of(comparison) for arm in statistic_of(quantity).arms)


def arms_under(comparison: Comparison, objective: str) -> tuple[tuple[str, str], ...]:
    """Every estimator a comparison names, with each objective under which it is compared.

    That is `objective`, unless the statistic names its own.
    """
    if isinstance(comparison, EqualMeans):
        return ((comparison.first, objective), (comparison.second, objective))
    return tuple(
        (arm, under)
        for statistic in map(statistic_of, quantities_of(comparison))
        for arm in statistic.arms
        for under in statistic.objectives or (objective,)
    )


def quantities_of(comparison: Comparison) -> Iterator[Quantity]:
    """The statistics, slopes and crossovers a comparison is about; none for `equal_means` and trends."""
    if isinstance(comparison, Contrast):
        yield from (comparison.left, comparison.right)
    elif isinstance(comparison, Ordering):
        yield from (Statistic(comparison.statistic, (arm,)) for arm in comparison.arms)
    elif isinstance(comparison, (Threshold, Equivalence)):
        yield comparison.quantity


def statistic_of(quantity: Quantity) -> Statistic:
    """The statistic itself, the one whose slope is taken, or the one that crosses 1."""
    return quantity if isinstance(quantity, Statistic) else quantity.of


def along(quantity: Quantity) -> bool:
    """Whether a quantity needs cells along a swept setting."""
    return isinstance(quantity, Crossing) or (isinstance(quantity, Slope) and quantity.over != SAMPLES)


def curve_of(comparison: Comparison) -> Slope | Crossing | None:
    """The slope or crossover along a swept setting that a comparison is about, if there is one."""
    found = (of for of in quantities_of(comparison) if not isinstance(of, Statistic))
    return next((of for of in found if along(of)), None)
