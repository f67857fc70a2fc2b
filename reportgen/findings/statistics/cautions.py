"""What has to be said of a user's own code: of estimates that may be dependent, or too few, and of scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from reportgen.findings.prose import count, number, p_value, percent
from reportgen.findings.statistics.jackknife import LEVEL
from reportgen.jackknife import t_quantile
from reportgen.store.records import ArmRecord, MeasurementRecord

DEPENDENT = 1e-4
"""Level of the test that a function's estimates are independent."""
COARSE = 0.05
"""Half-width, relative, up to which a variance rests on enough of an estimate's tail."""
FEW = 10.0
"""E‖d‖⁴/(E‖d‖²)², about, from which it rests on few of them; 3 at most where they are normal."""
GAIN, ERRORS = 0.5, 5.0
"""Nats a data point, and standard errors, from which half of log σ is so much better that it may be meant."""
UNSEEN = 0.05
"""Chance that what happens as often as is told is not seen once."""


@dataclass(frozen=True)
class Caution:
    """A sentence or two, and the number in them, if one may differ from setting to setting."""

    before: str
    number: float = math.nan
    after: str = ""
    form: Callable[[float], str] = field(default=str, compare=False)

    @property
    def words(self) -> tuple[str, str]:
        """What is the same in every setting."""
        return self.before, self.after

    def __str__(self) -> str:
        return together([self])


def together(same: Sequence[Caution]) -> str:
    """The text of cautions of the same words, with their numbers from the least to the largest."""
    first = same[0]
    numbers = [one.number for one in same]
    if math.isnan(first.number):
        return first.before
    ends = dict.fromkeys(map(first.form, (min(numbers), max(numbers))))
    return f"{first.before}{' to '.join(ends)}{first.after}"


def cautions(record: MeasurementRecord, named: Callable[[str], str] = str) -> list[Caution]:
    """A sentence or two for each function that needs it, called as `named` says; of a model, of its σ."""
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
    """Two-sided, of a standard normal number; NaN of NaN."""
    return math.erfc(abs(z) / math.sqrt(2.0))
