"""Cautions about a user's own code: dependent estimates, too few of them, or a wrong scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from reportgen.findings.prose import count, number, p_value, percent
from reportgen.findings.statistics.jackknife import LEVEL
from reportgen.jackknife import t_quantile
from reportgen.store.records import ArmRecord, MeasurementRecord

DEPENDENT = 1e-4
"""Level of the test whether a function's estimates are independent."""
COARSE = 0.05
"""Relative half-width up to which a variance rests on enough of an estimate's tail."""
FEW = 10.0
"""Approximate E‖d‖⁴/(E‖d‖²)² above which a variance rests on few estimates; at most 3 for normal ones."""
GAIN, ERRORS = 0.5, 5.0
"""Gain in nats per data point, and in standard errors, above which half of log σ may have been meant."""
UNSEEN = 0.05
"""Probability that an event of the stated frequency is never seen."""


@dataclass(frozen=True)
class Caution:
    """A sentence or two, with the number in them, if any, that may differ between settings."""

    before: str
    number: float = math.nan
    after: str = ""
    form: Callable[[float], str] = field(default=str, compare=False)

    @property
    def words(self) -> tuple[str, str]:
        """The text that is the same in every setting."""
        return self.before, self.after

    def __str__(self) -> str:
        return together([self])


def together(same: Sequence[Caution]) -> str:
    """The text of cautions with the same words, giving the range of their numbers."""
    first = same[0]
    numbers = [one.number for one in same]
    if math.isnan(first.number):
        return first.before
    ends = dict.fromkeys(map(first.form, (min(numbers), max(numbers))))
    return f"{first.before}{' to '.join(ends)}{first.after}"


def cautions(record: MeasurementRecord, named: Callable[[str], str] = str) -> list[Caution]:
    """Cautions about each function that needs them, named by `named`; for a model, about its σ."""
    if "serial_dependence" not in record.arrays:
        return list(_of_scale(record))
    sound = [(a, arm) for a, arm in enumerate(record.arms) if not arm.cause]
    return [text for a, arm in sound for text in _of_arm(record, a, arm, named(arm.label))]


def _of_arm(record: MeasurementRecord, index: int, arm: ArmRecord, name: str) -> Iterator[Caution]:
    if (chance := _chance(z := float(record.arrays["serial_dependence"][index]))) < DEPENDENT:
        how, width = ("resemble", "narrow") if z > 0.0 else ("make up for", "wide")
        yield Caution(
            f"Estimates of {name} {how} those made before them ({p_value(chance)}): its intervals are too "
            f"{width}. Return one that keeps nothing from call to call."
        )
    if float(record.arrays["variance"][index, 0, 0]) == 0.0:
        yield Caution(
            f"All {count(arm.replicates)} estimates of {name} are the same: what happens in fewer than "
            f"{percent(1.0 - UNSEEN ** (1.0 / arm.replicates))} of them may not have been seen. "
            "Raise min_replicates if any does."
        )
    if COARSE < arm.relative_half_width < math.inf:
        reach = t_quantile(LEVEL, record.arrays["variance_without"].shape[2] - 1)
        share = arm.replicates * (arm.relative_half_width / reach) ** 2
        if share > FEW:
            yield Caution(
                f"The variance of {name} is carried by about one in ",
                round(share),
                " of its estimates, and may be larger than its interval says where these are few. Ask for a "
                "finer precision.",
                lambda share: count(int(share)),
            )


def _of_scale(record: MeasurementRecord) -> Iterator[Caution]:
    gain, error = map(float, record.arrays.get("halved_scale", (0.0, 0.0)))
    if gain > max(GAIN, ERRORS * error):
        yield Caution(
            "With half of every log σ the ELBO would be ",
            gain,
            " nats a data point higher: if the encoder puts out a log variance, let it put out half of that, "
            "which is log σ.",
            lambda gain: number(gain, 2),
        )


def _chance(z: float) -> float:
    """Two-sided p-value of a standard normal variable; NaN for NaN."""
    return math.erfc(abs(z) / math.sqrt(2.0))
