"""In how many coordinates the reference has the lower variance, and how sure that is."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from reportgen.engine.arrays import blank, put_lower
from reportgen.findings.statistics.coordinates import LowerIn
from reportgen.store.records import T_STEPS
from reportgen.streams import stream
from tests.toy_records import moments

Array = NDArray[np.float64]
BUCKETS = 16


def counted(reference: Array, variances: Array) -> Array:
    """The record's counts of two tables of variances, a row for all buckets and for all but each."""
    out = blank(1, 1, len(variances) - 1, 1)
    put_lower(out, 0, list(torch.from_numpy(reference)), list(torch.from_numpy(variances)))
    return out["coordinate_lower"][0]


def constant(*values: float) -> Array:
    """These variances of the coordinates, the same in every row."""
    return np.tile(values, (BUCKETS + 1, 1))


def test_what_every_row_says_is_certain() -> None:
    below, above = constant(1.0, 2.0, 0.0, 1.0), constant(2.0, 1.0, 1.0, 0.0)
    counts = counted(below, above)
    np.testing.assert_array_equal(counts, np.full((2, len(T_STEPS)), 2.0))
    found = LowerIn(counts, BUCKETS)
    assert (found.value, found.interval(0.999)) == (0.5, (0.5, 0.5))


@pytest.mark.parametrize("variance", [0.0, 3.0])
def test_an_estimator_that_is_the_reference_is_lower_nowhere(variance: float) -> None:
    varies = constant(variance, variance) * np.linspace(1.0, 2.0, BUCKETS + 1)[:, None]
    found = LowerIn(counted(varies, varies.copy()), BUCKETS)
    assert (found.value, found.interval(0.95)) == (0.0, (0.0, 0.0))


@pytest.mark.parametrize("level", [0.95, 0.9999])
@pytest.mark.parametrize("coordinates", [10, 10_000])
@pytest.mark.parametrize("buckets", [4, 8, 32])
def test_the_step_is_that_of_as_many_degrees_of_freedom(level: float, coordinates: int, buckets: int) -> None:
    """Whose t is at the first step beyond the quantile is certain; at some of these there is none."""
    above = np.linspace(coordinates, 0.0, len(T_STEPS))
    low, high = LowerIn(np.vstack([above, np.zeros_like(above)]), buckets).interval(level)
    t = float(stats.t.isf((1.0 - level) / coordinates, buckets - 1))
    expected = [size for size, step in zip(above, T_STEPS, strict=True) if step >= t]
    assert (low, high) == pytest.approx((max(expected, default=0.0) / coordinates, 1.0))


def test_variances_that_differ_by_a_rounding_are_counted_and_not_certain() -> None:
    """Their logarithms are the same, to the last bit, in every row."""
    below = constant(1e8, 1e8)
    above = np.nextafter(below, [math.inf, 0.0])
    counts = counted(below, above)
    np.testing.assert_array_equal(counts[:, 0], [1.0, 1.0])
    found = LowerIn(counts, BUCKETS)
    assert (found.value, found.interval(0.95)) == (0.5, (0.0, 0.5))


@pytest.mark.parametrize(("level", "quantile"), [(0.95, 0.95), (0.999, 0.999)])
def test_of_a_single_coordinate_one_side_is_enough(level: float, quantile: float) -> None:
    """As a test of one direction; nothing is certain at a level that no t reaches."""
    t = float(stats.t.ppf(quantile, BUCKETS - 1))
    rows = np.sign(np.arange(BUCKETS) - 7.5) * 1e-4
    error = math.sqrt((BUCKETS - 1) * float(rows.var()))
    for size, ends in ((1.06 * t, (1.0, 1.0)), (0.99 * t, (0.0, 1.0))):
        table = np.exp(np.r_[0.0, rows] + size * error)[:, None]
        found = LowerIn(counted(np.ones_like(table), table), BUCKETS)
        assert found.interval(level) == ends
        assert found.interval(0.4) == (1.0, 1.0) and found.interval(1.0) == (0.0, 1.0)


def test_variances_that_are_zero_in_some_rows_say_nothing() -> None:
    """Whichever of the two it is, and though without any bucket left out the reference is lower."""
    some = constant(0.0)
    some[1:, 0] = np.arange(BUCKETS) % 2
    for below, above in ((some, constant(1.0)), (some, 0.5 + some), (constant(0.0), 1.0 - some)):
        counts = counted(below, above)
        assert counts[0, 0] == 1.0 and counts[:, 1:].sum() == 0.0
        assert LowerIn(counts, BUCKETS).interval(0.95) == (0.0, 1.0)


def test_what_counts_as_certain_is_students_t_over_all_coordinates() -> None:
    """Of 40 coordinates a t just below the quantile is not, one just above is, one beyond all steps is."""
    quantile = float(stats.t.isf(0.05 / 40, BUCKETS - 1))
    step = T_STEPS[int(np.searchsorted(T_STEPS, quantile))]
    sizes = np.r_[1.001 * step, 0.999 * quantile, np.zeros(37), 1e6]
    rows = np.tile(np.sign(np.arange(BUCKETS) - 7.5), (40, 1)).T * 1e-4
    error = math.sqrt((BUCKETS - 1) * float(rows[:, 0].var()))
    logarithms = np.vstack([np.zeros(40), rows]) + sizes * error
    for sign in (1.0, -1.0):
        found = LowerIn(counted(np.ones_like(logarithms), np.exp(sign * logarithms)), BUCKETS)
        low, high = found.interval(0.95)
        assert (low, high) == pytest.approx((2 / 40, 1.0) if sign > 0.0 else (0.0, 38 / 40))


def test_the_interval_holds_the_fraction_of_few_coordinates() -> None:
    """Six coordinates, two of them a tie within a few errors: a jackknife of the fraction itself holds less.

    It has no error where no leave-out changes sides, and then its interval is a point.
    """
    truth, runs = np.array([0.98, 1.02, 1.05, 1.3, 0.7, 3.0]), 400
    rng, held, points = stream(1, "lower"), 0, 0
    fraction = float((truth > 1.0).mean())
    for _ in range(runs):
        draws = rng.normal(size=(2, truth.size, BUCKETS, 50))
        draws[1] = (draws[1] + draws[0]) / math.sqrt(2.0) * np.sqrt(truth)[:, None, None]
        tables = [np.vstack([whole, without.T]) for _, whole, _, without in map(moments, draws)]
        low, high = LowerIn(counted(*tables), BUCKETS).interval(0.95)
        held += low <= fraction <= high
        left_out = (tables[0] < tables[1]).mean(1)
        points += bool((left_out == left_out[0]).all() and left_out[0] != fraction)
    assert held >= stats.binom.ppf(1e-3, runs, 0.95)
    assert points > 0.1 * runs


def test_far_more_coordinates_than_errors_are_found_certain() -> None:
    """100 000 coordinates that differ by two: nearly all are, though each has to stand a hundred thousand."""
    rng = stream(1, "many")
    logarithms = math.log(2.0) + 0.05 * rng.normal(size=(BUCKETS + 1, 100_000)) / math.sqrt(BUCKETS - 1)
    low, high = LowerIn(counted(np.ones_like(logarithms), np.exp(logarithms)), BUCKETS).interval(0.95)
    assert 0.99 < low < high == 1.0
