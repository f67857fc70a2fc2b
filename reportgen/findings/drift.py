"""Have the numbers of one run changed in another? They are matched, tested, and corrected for their number.

Numbers are matched by everything that names them. For a number with intervals
in both runs, the difference is taken on the scale on which its interval was
made, and compared with both intervals together:

    t = q_f · |w(new) − w(old)| / √(h_old² + h_new²),   q_f = Student's 97.5 % quantile,

where h is the interval's half-width on that scale, so that h/q_f is the standard
error. The interval was made with Student's t too (`reportgen.jackknife`), but
results.csv does not keep its degrees of freedom. They were at least f: S − 1 for
the S ≥ 8 buckets of a cell; images − 1 where images are left out (for a judged
model, the images it was judged on; for several of its trainings, trainings − 1).
Then p = P(|t_f| > t) is an upper bound wherever it is below 5 %, whatever the
degrees of freedom were and however the two precisions differ: with f the
smaller of two, Student's t bounds the two-sample statistic (Mickey & Brown
1966, Ann. Math. Statist. 37). Taking half-width/1.96 as the standard error with
a normal tail would be wrong by orders of magnitude that far out, where
thousands of simultaneous tests are decided.

Over all numbers tested, including equal ones, p is corrected by Holm's method,
which holds for any dependence between them (quantiles of one cell, a variance
and its ratio). So if nothing changed, the probability that anything is found to
drift is at most 5 %, as far as estimates are normal on their scales. Two things
make it smaller:

- runs with the same seed share their draws, and runs on the same images share
  that choice, so their differences are smaller than independent noise;
- f is a bound. A single variance must change by about 8 times its half-width
  to be found (equal half-widths, 16 000 numbers); a change common to many
  numbers is found no sooner.

Intervals hold the images and the trained network fixed. Another seed measures
other images and another network, so it rightly drifts. Verdicts of claims are
compared as they stand, outside those 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from reportgen.declaration.train import TRAINING_SEED
from reportgen.findings.finished import name_of
from reportgen.findings.models.rows import EVERY
from reportgen.findings.rows import Row
from reportgen.findings.statistics.bias import holm
from reportgen.findings.statistics.estimate import NAN, Estimate
from reportgen.findings.statistics.variance import NOTHING
from reportgen.jackknife import t_quantile

IDENTICAL, EQUIVALENT, DRIFTED, CHANGED = "identical", "equivalent", "drifted", "changed"
NOT_JUDGED, VANISHED, APPEARED = "not judged", "vanished", "appeared"
STATUSES = (IDENTICAL, EQUIVALENT, DRIFTED, CHANGED, NOT_JUDGED, VANISHED, APPEARED)
DRIFT = (CHANGED, DRIFTED, VANISHED)
"""Statuses that make two runs differ, in the order in which they are reported."""

FAMILY_ERROR = 0.05
ROUNDING = 1e-5
"""Difference on the working scale (relative, but absolute on the log scale) that another machine's
single-precision sums may make."""
FREEDOM = 7
"""Fewest degrees of freedom of an interval from leaving out buckets, of which a cell has at least 8."""
OVER_IMAGES = ("data_variance", "monte_carlo_share")
"""Statistics whose intervals come from leaving out images, of which there are at least 3."""
TIMED = ("seconds_per_replicate", "time_normalized_variance")
"""Statistics that depend on a timing, whose spread is not measured."""
CHOSEN = ("weight_mean", "weight_deviation", "weight_far_share")
"""Statistics of one weight, which is chosen anew with other draws: another weight's numbers are no drift."""
COUNTED = ("coordinate_lower", "active_units")
"""Counts of coordinates or latent units: they are not known exactly even if all leave-outs agree."""
JUDGED = ("negative_log_likelihood", "difference_to_published", "bound_k", "training_deviation")
"""Statistics with intervals over a model's test images, or over its trainings; `replicates` counts them."""


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


def _square(value: float) -> float:
    return value * value


def _odds(value: float) -> float:
    """D/V from the share V/(V + D)."""
    return 1.0 / value - 1.0 if value > 0.0 else math.inf


def _plain(value: float) -> float:
    return value


SCALES: Mapping[str, Callable[[float], float]] = {
    **dict.fromkeys(("total_variance", "variance_ratio", "work_normalized_variance"), _log),
    **dict.fromkeys(("pixel_variance_ratio", "bright_pixel_share"), _log),
    **dict.fromkeys(("exact_total_variance", "variance_to_exact", "mean_squared_error"), _log),
    "training_deviation": _log,
    **dict.fromkeys(("mean_norm", "signal_to_noise", "exact_mean_norm"), _square),
    "monte_carlo_share": _odds,
}
"""Statistic → scale on which its interval is made; the log scale for variances of coordinates, else linear.

Intervals from leaving out images are longer upwards on their scale, and count by that side."""


def scale(statistic: str) -> Callable[[float], float]:
    """The map from the natural scale to the one on which the statistic's interval is made."""
    return _log if statistic.startswith("coordinate_variance") else SCALES.get(statistic, _plain)


def is_relative(statistic: str) -> bool:
    """Whether the statistic is a size, whose changes are given as ratios."""
    return scale(statistic) in (_log, _square)


@dataclass(frozen=True)
class NumberDrift:
    """A number in the old and the new run."""

    row: Row
    """NEW's row, or OLD's if NEW has none."""
    old: Estimate | None
    new: Estimate | None
    status: str
    p_value: float = NAN
    """p-value corrected over all numbers tested; NaN if this one was not tested."""

    @property
    def newly_broken(self) -> bool:
        """Whether a cell broke in NEW, but not in OLD."""
        return _broken(self.new) and not _broken(self.old)


@dataclass(frozen=True)
class ClaimDrift:
    """A claim's verdict in the old and the new run; None where a run does not make the claim."""

    id: str
    old: str | None
    new: str | None

    @property
    def status(self) -> str:
        """Status as for numbers. Verdicts are not tested: one that changed is drift."""
        if self.old is None:
            return APPEARED
        if self.new is None:
            return VANISHED
        return IDENTICAL if self.old == self.new else CHANGED


@dataclass(frozen=True)
class _Case:
    """A number's status, and its status if its corrected p-value rejects."""

    status: str
    p_value: float = NAN
    rejected: str = DRIFTED


def exit_code(numbers: Sequence[NumberDrift], claims: Sequence[ClaimDrift]) -> int:
    """4 if a cell newly broke, 1 if a result drifted, else 0."""
    if any(number.newly_broken for number in numbers):
        return 4
    statuses = {number.status for number in numbers} | {claim.status for claim in claims}
    return 0 if statuses.isdisjoint(DRIFT) else 1


def compare_numbers(
    old: Sequence[Row], new: Sequence[Row], images: int | None = None
) -> tuple[NumberDrift, ...]:
    """Every number of either run, in NEW's order, followed by those that vanished.

    `images` is the smaller number of images measured in the two runs; if it is
    None, 3 are assumed. If only one run sweeps a setting, the other run's numbers
    are matched with its first value, that of the first row, which is the declared
    one; `constant` likewise.
    """
    before, after = _named(old, new), _named(new, old)
    cases = {
        key: _case(before[key], after[key], after[key].statistic, images) for key in after if key in before
    }
    tested = [key for key, case in cases.items() if not math.isnan(case.p_value)]
    corrected = holm(np.array([cases[key].p_value for key in tested]))
    p_values = dict(zip(tested, corrected.tolist(), strict=True))
    found = []
    for key, row in after.items():
        if key not in before:
            found.append(NumberDrift(row, None, estimate_of(row), APPEARED))
            continue
        case, p = cases[key], p_values.get(key, NAN)
        status = case.rejected if p < FAMILY_ERROR else case.status
        found.append(NumberDrift(row, estimate_of(before[key]), estimate_of(row), status, p))
    gone = (row for key, row in before.items() if key not in after)
    lost = ((row, NOT_JUDGED if row.statistic in CHOSEN else VANISHED) for row in gone)
    return (*found, *(NumberDrift(row, estimate_of(row), None, status) for row, status in lost))


def compare_claims(
    old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> tuple[ClaimDrift, ...]:
    """Claims of claims.json by id, in NEW's order, followed by those that vanished."""
    before, after = ({str(c["id"]): str(c["verdict"]) for c in claims} for claims in (old, new))
    return tuple(ClaimDrift(name, before.get(name), after.get(name)) for name in {**after, **before})


def estimate_of(row: Row) -> Estimate:
    """A row's value with its interval."""
    return Estimate(row.value, row.ci_low, row.ci_high, row.replicates, row.status)


def _named(rows: Sequence[Row], others: Sequence[Row]) -> dict[tuple[object, ...], Row]:
    """Rows by all that names their number; a setting that only `rows` sweeps is omitted at its base value."""
    if not rows:
        return {}
    base = {
        name: str(value)
        for name, value in rows[0].setting.items()
        if others and name not in others[0].setting
    }
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        setting = sorted((name, str(value)) for name, value in row.setting.items())
        key = (*name_of(row), *((name, value) for name, value in setting if base.get(name) != value))
        if key in found:
            raise ValueError(f"two rows name the same number: {key}")
        found[key] = row
    return found


def _case(before: Row, after: Row, statistic: str, images: int | None) -> _Case:
    old, new = estimate_of(before), estimate_of(after)
    judged = statistic not in (*TIMED, *CHOSEN) and old.has_interval and new.has_interval
    if _broken(new) and not _broken(old):
        return _Case(CHANGED)
    if _alike(old, new):
        return _Case(IDENTICAL, 1.0 if judged else NAN)
    if statistic in CHOSEN:
        return _Case(NOT_JUDGED)
    if not old.available:
        return _Case(APPEARED)
    working = scale(statistic)
    degrees = max(images or 3, 3) - 1 if statistic in OVER_IMAGES else FREEDOM
    if statistic in JUDGED or after.setting.get(TRAINING_SEED) == EVERY:
        degrees = max(min(before.replicates, after.replicates), 2) - 1
    if not new.available:
        if not (new.lost and old.has_interval):
            return _Case(CHANGED)
        # Its estimate fell below zero by chance, or because the signal is gone: treat it as zero,
        # known no better than before.
        reach = math.sqrt(2.0) * half_width(old, working)
        return _Case(EQUIVALENT, _p_value(abs(working(old.value)), reach, degrees), CHANGED)
    if not judged:
        return _Case(NOT_JUDGED)
    was, now = working(old.value), working(new.value)
    reaches = half_width(old, working), half_width(new, working)
    relative, absolute = (0.0, ROUNDING) if working is _log else (ROUNDING, NOTHING)
    if math.isclose(was, now, rel_tol=relative, abs_tol=absolute):
        return _Case(EQUIVALENT, 1.0)
    if reaches == (0.0, 0.0):
        return _Case(NOT_JUDGED if statistic in COUNTED else CHANGED)
    return _Case(EQUIVALENT, _p_value(abs(now - was), math.hypot(*reaches), degrees))


def half_width(estimate: Estimate, working: Callable[[float], float]) -> float:
    """The interval's longer side on its working scale, since one end may have been cut (at 0, at 1)."""
    if estimate.low == estimate.high:
        return 0.0
    centre = working(estimate.value)
    return max(abs(working(estimate.low) - centre), abs(working(estimate.high) - centre))


def _p_value(difference: float, reach: float, degrees: float) -> float:
    """Two-sided p-value; 1 if the intervals are unbounded."""
    if not math.isfinite(reach):
        return 1.0
    if reach == 0.0:
        return 0.0
    return float(2.0 * special.stdtr(degrees, -t_quantile(0.95, degrees) * difference / reach))


def _alike(old: Estimate, new: Estimate) -> bool:
    """Whether value and interval are equal to the last bit, or missing in both."""
    pairs = ((old.value, new.value), (old.low, new.low), (old.high, new.high))
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs)


def _broken(estimate: Estimate | None) -> bool:
    return estimate is not None and estimate.status.startswith("broken")
