"""Whether 95 % intervals cover what they should, and whether wrong ones fail the same test."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from scipy import stats

from reportgen.engine.precision import relative_half_width
from reportgen.findings.statistics import curves, signal, variance
from reportgen.findings.statistics.arm import MeasuredArm, find
from reportgen.findings.statistics.jackknife import (
    Sample,
    degrees_of_freedom,
    exact,
    exponential,
    stratum_variances,
    t_quantile,
)
from reportgen.plan import Arm
from tests.synthetic import BUCKETS, COORDINATES, IMAGES, measurement, replicates
from tests.synthetic_experiment import synthetic_plan
from tests.toy_records import repetitions

Interval = Callable[[MeasuredArm, MeasuredArm], tuple[float, float]]

REPETITIONS = 1000
TOLERANCE = 3.0 * math.sqrt(0.95 * 0.05 / REPETITIONS)
"""Three binomial standard errors of a coverage of 95 %."""


@lru_cache(maxsize=4)
def pairs(images: int, buckets: int, size: int, near: float) -> tuple[tuple[MeasuredArm, ...], ...]:
    """Arms (a, b) of every repetition.

    b = 2ε is the pathwise gradient of z² at μ = 0, σ = 1 (variance 4, Gaussian).
    a = ε³ is the score function's (variance 15, kurtosis 46.2); with `near`
    below 1 it is b moved only a little towards that. Both have 1 added.
    """
    rng = np.random.default_rng(20160901)
    made: list[tuple[MeasuredArm, ...]] = []
    for _ in range(10):
        epsilon = rng.normal(size=(REPETITIONS // 10, images, buckets, size))
        draws = {"a": 2.0 * epsilon + near * (epsilon**3 - 2.0 * epsilon) + 1.0, "b": 2.0 * epsilon + 1.0}
        made.extend(repetitions(draws))
    return tuple(made)


def coverage(
    interval: Interval, truth: float, *, images: int = 4, buckets: int = 8, size: int = 400, near: float = 1.0
) -> float:
    """How often `interval` of the pair (a, b) holds the truth."""
    hits = 0
    for a, b in pairs(images, buckets, size, near):
        low, high = interval(a, b)
        hits += low <= truth <= high
    return hits / REPETITIONS


def honest(found: float) -> bool:
    return abs(found - 0.95) <= TOLERANCE


@pytest.mark.parametrize(
    ("interval", "truth"),
    [
        pytest.param(lambda a, b: variance.total_variance(b).interval(0.95), 4.0, id="gaussian"),
        pytest.param(lambda a, b: variance.total_variance(a).interval(0.95), 15.0, id="heavy tails"),
        pytest.param(lambda a, b: variance.variance_ratio(a, b).interval(0.95), 3.75, id="ratio"),
        pytest.param(lambda a, b: signal.relative_projection(a).interval(0.95), 1.0, id="projection"),
        pytest.param(lambda a, b: signal.mean_norm(a).interval(0.95), 1.0, id="norm"),
        pytest.param(lambda a, b: signal.signal_to_noise(a).interval(0.95), 15**-0.5, id="signal to noise"),
    ],
)
def test_intervals_cover_95_per_cent(interval: Interval, truth: float) -> None:
    assert honest(coverage(interval, truth)), "12,800 replicates, kurtosis up to 46"


def test_two_buckets_are_enough_for_an_honest_interval() -> None:
    def gaussian(a: MeasuredArm, b: MeasuredArm) -> tuple[float, float]:
        return variance.total_variance(b).interval(0.95)

    found = coverage(gaussian, 4.0, images=1, buckets=2, size=100)
    assert honest(found)


def test_few_replicates_with_heavy_tails_cover_less_but_not_much() -> None:
    """With 640 replicates and kurtosis 46 the coverage is about 92 %: the log scale cannot know the tail."""
    found = coverage(lambda a, b: variance.total_variance(a).interval(0.95), 15.0, size=20)
    assert 0.90 < found < 0.96


def standard_error(sample: Sample) -> float:
    """Standard error on the scale on which intervals are made."""
    return math.sqrt(stratum_variances(sample.without).sum())


def _normal_quantile(a: MeasuredArm, b: MeasuredArm) -> tuple[float, float]:
    sample = variance.log_variance(b)
    reach = 1.96 * standard_error(sample)
    return math.exp(sample.working - reach), math.exp(sample.working + reach)


def _without_bucket_factor(a: MeasuredArm, b: MeasuredArm) -> tuple[float, float]:
    sample = variance.log_variance(b)
    spread = float(sample.without.var(1).sum())  # ddof 0, and not multiplied by S − 1
    reach = 1.96 * math.sqrt(spread)
    return math.exp(sample.working - reach), math.exp(sample.working + reach)


def _deviation_for_variance(a: MeasuredArm, b: MeasuredArm) -> tuple[float, float]:
    low, high = variance.total_variance(b).interval(0.95)
    return math.sqrt(low), math.sqrt(high)


def _gaussian_formula(a: MeasuredArm, b: MeasuredArm) -> tuple[float, float]:
    value, n = variance.total_variance(a).value, 4 * a.about.replicates
    reach = 1.96 * math.sqrt(2.0 / n)
    return value * math.exp(-reach), value * math.exp(reach)


@pytest.mark.parametrize(
    ("interval", "truth", "buckets"),
    [
        pytest.param(_normal_quantile, 4.0, 2, id="normal quantile with two buckets"),
        pytest.param(_without_bucket_factor, 4.0, 8, id="spread of leave-outs, ddof 0"),
        pytest.param(_deviation_for_variance, 4.0, 8, id="standard deviation taken for a variance"),
        pytest.param(_gaussian_formula, 15.0, 8, id="chi-squared interval for heavy tails"),
    ],
)
def test_wrong_intervals_fail_the_same_test(interval: Interval, truth: float, buckets: int) -> None:
    images = 1 if buckets == 2 else 4
    assert not honest(coverage(interval, truth, images=images, buckets=buckets, size=100))


def _unpaired(a: MeasuredArm, b: MeasuredArm) -> tuple[float, float]:
    above, below = variance.log_variance(a), variance.log_variance(b)
    error = math.hypot(standard_error(above), standard_error(below))
    centre = above.working - below.working
    return math.exp(centre - 1.98 * error), math.exp(centre + 1.98 * error)


def test_pairing_is_what_makes_a_ratio_honest() -> None:
    near = 0.1  # variance (1.8² + 2·1.8·0.1·3 + 0.01·15) = 4.47
    truth = 4.47 / 4.0
    paired = coverage(lambda a, b: variance.variance_ratio(a, b).interval(0.95), truth, near=near)
    unpaired = coverage(_unpaired, truth, near=near)
    assert honest(paired)
    assert not honest(unpaired)
    assert unpaired > 0.99


def _cell_and_arms() -> tuple[MeasuredArm, MeasuredArm, MeasuredArm]:
    record = measurement(synthetic_plan().measurements[1])
    names = ("score_function_optimal_constant", "score_function", "pathwise")
    found = [find(record, "reconstruction", name) for name in names]
    a, w, b = [arm for arm in found if arm is not None]
    return a, w, b


def test_paired_ratio_is_narrower_than_unpaired() -> None:
    _, worst, best = _cell_and_arms()
    low, high = variance.variance_ratio(worst, best).interval(0.95)
    far_low, far_high = _unpaired(worst, best)
    assert far_low < low < high < far_high


def test_leave_outs_equal_a_slow_twin_on_the_replicates() -> None:
    """Leave bucket s of image i out of the draws themselves, compute the statistic anew."""
    cell = synthetic_plan().measurements[1]
    names = ("score_function_optimal_constant", "score_function", "pathwise")
    draws = {name: replicates(cell, Arm("reconstruction", name, name)) for name in names}

    def total(name: str, image: int | None, bucket: int | None) -> float:
        parts = []
        for i in range(IMAGES):
            kept = [s for s in range(BUCKETS) if (i, s) != (image, bucket)]
            parts.append(draws[name][i, kept].reshape(-1, COORDINATES).var(0, ddof=1).sum())
        return float(np.mean(parts))

    def gap(image: int | None, bucket: int | None) -> float:
        a, w, b = (math.log(total(name, image, bucket)) for name in names)
        return (w - a) / (w - b)

    slow = np.array([[gap(i, s) for s in range(BUCKETS)] for i in range(IMAGES)])
    error = sum((BUCKETS - 1) / BUCKETS * float(((row - row.mean()) ** 2).sum()) for row in slow) ** 0.5
    fast = variance.gap_closed(*_cell_and_arms())
    assert isinstance(fast, Sample)
    assert fast.working == pytest.approx(gap(None, None), rel=1e-10)
    np.testing.assert_allclose(fast.without, slow, rtol=1e-10)
    assert standard_error(fast) == pytest.approx(error, rel=1e-8)


def test_a_pair_counts_as_two_samples_where_variances_are_held_against_one_another() -> None:
    arm, _, _ = _cell_and_arms()
    pairs = replace(arm.record, arms=tuple(replace(one, estimator="disarm") for one in arm.record.arms))
    of_pairs = variance.per_sample(replace(arm, record=pairs), "all")
    more = of_pairs.working - variance.per_sample(arm, "all").working
    assert more == pytest.approx(math.log(2.0), rel=1e-12)


def test_the_slope_shares_its_leave_outs_between_all_k() -> None:
    record = measurement(next(c for c in synthetic_plan().measurements if c.checkpoint == 200 and c.base))
    arms = [MeasuredArm(record, i) for i, a in enumerate(record.arms) if a.label == "pathwise"]
    arms = [arm for arm in arms if arm.about.objective == "reconstruction"]
    by_k = {arm.about.num_samples: arm for arm in arms if arm.about.constant == 0.0}
    x = np.log(sorted(by_k))

    def slope(image: int, bucket: int) -> float:
        y = []
        for k in sorted(by_k):
            values = by_k[k].array("variance")[:, 0].copy()
            values[image] = by_k[k].array("variance_without")[image, bucket, 0]
            y.append(math.log(values.mean()))
        return float(np.polyfit(x, y, 1)[0])

    found = curves.slope(arms)
    assert isinstance(found, Sample)
    assert found.without[3, 5] == pytest.approx(slope(3, 5), rel=1e-9)
    low, high = found.interval(0.95)
    assert low < -1.0 < high
    assert high - low < 0.05


@pytest.mark.parametrize(
    ("statistic", "arrays", "power"),
    [
        ("mean_norm", ("squared_norm", None), 0.5),
        ("signal_to_noise", ("squared_norm", "variance"), 0.5),
        ("directional_signal_to_noise", ("directional_ratio", None), 1.0),
    ],
)
def test_slopes_of_other_statistics_equal_a_slow_twin_too(
    statistic: str, arrays: tuple[str, str | None], power: float
) -> None:
    record = measurement(next(c for c in synthetic_plan().measurements if c.checkpoint == 200 and c.base))
    arms = [MeasuredArm(record, i) for i, a in enumerate(record.arms) if a.label == "pathwise"]
    arms = [arm for arm in arms if arm.about.objective == "reconstruction"]
    by_k = {arm.about.num_samples: arm for arm in arms if arm.about.constant == 0.0}

    def mean(arm: MeasuredArm, name: str, image: int, bucket: int) -> float:
        values, without = arm.array(name), arm.array(f"{name}_without")
        if values.ndim == 2:
            values, without = values[:, 0], without[:, :, 0]
        return float(np.mean([without[i, bucket] if i == image else values[i] for i in range(IMAGES)]))

    def slope(image: int, bucket: int) -> float:
        y = []
        for k in sorted(by_k):
            above, below = (1.0 if n is None else mean(by_k[k], n, image, bucket) for n in arrays)
            y.append(power * math.log(above / below))
        return float(np.polyfit(np.log(sorted(by_k)), y, 1)[0])

    found = curves.slope(arms, "all", statistic)
    assert isinstance(found, Sample)
    slow = [[slope(i, s) for s in range(BUCKETS)] for i in range(IMAGES)]
    np.testing.assert_allclose(found.without, slow, rtol=1e-8)


def test_degrees_of_freedom_lie_between_one_stratum_and_all() -> None:
    even, one = np.ones(64), np.array([1.0] + [1e-9] * 63)
    assert degrees_of_freedom(even, 8) == pytest.approx(64 * 7)
    assert degrees_of_freedom(one, 8) == pytest.approx(7.0, rel=1e-6)
    assert t_quantile(0.95, 7.0) == pytest.approx(stats.t.ppf(0.975, 7))


def test_one_stratum_is_the_plain_jackknife_of_a_mean() -> None:
    """Left-out means give back the textbook interval of a mean."""
    values = np.random.default_rng(3).normal(size=8)
    without = (values.sum() - values) / 7
    low, high = Sample(float(values.mean()), without[None, :]).interval(0.95)
    reach = stats.t.ppf(0.975, 7) * values.std(ddof=1) / math.sqrt(8)
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach))
    assert float(stratum_variances(without[None, :])[0]) == pytest.approx(values.var(ddof=1) / 8)


def test_whole_buckets_add_up_what_single_ones_change() -> None:
    """Exact where the statistic is a mean over images."""
    rng = np.random.default_rng(4)
    value, without = rng.normal(size=3), rng.normal(size=(3, 4))
    mean, single = variance.mean_over_images(value, without)
    collapsed = Sample(mean, single).whole_buckets()
    np.testing.assert_allclose(collapsed.without[0], without.mean(0))


def test_a_known_number_has_a_point_for_an_interval_and_pairs_with_anything() -> None:
    assert exact(3.0).interval(0.95) == (3.0, 3.0)
    sample = Sample(1.0, np.array([[0.9, 1.1]]))
    np.testing.assert_allclose(sample.minus(exact(1.0)).without, [[-0.1, 0.1]])
    np.testing.assert_allclose(exact(1.0).minus(sample).without, [[0.1, -0.1]])


def test_an_end_is_cut_where_there_is_nothing_below() -> None:
    """But the estimate is not, and its interval holds it."""
    for value, low in ((1.0, 0.0), (-0.5, -0.5)):
        free = Sample(value, value + np.array([[-1.0, 0.0, 1.0]]))
        cut = Sample(free.working, free.without, least=0.0)
        assert free.interval(0.95)[0] < low
        assert cut.interval(0.95) == (low, free.interval(0.95)[1])


def test_logarithms_and_natural_scales_of_leave_outs() -> None:
    squares = Sample(4.0, np.array([[3.0, -1.0]]), lambda x: math.sqrt(max(x, 0.0)))
    assert (squares.plain().working, squares.logarithm().working) == (2.0, math.log(2.0))
    np.testing.assert_allclose(squares.plain().without, [[math.sqrt(3.0), 0.0]])
    np.testing.assert_allclose(squares.logarithm().without, [[math.log(3.0) / 2.0, math.nan]])
    logs = Sample(800.0, np.array([[799.0, 801.0]]), exponential)
    np.testing.assert_array_equal(logs.logarithm().without, logs.without)  # beyond the range of a float
    assert exact(2.0).logarithm().without.size == 0


def test_a_leave_out_without_a_value_says_nothing() -> None:
    assert Sample(0.0, np.array([[0.1, np.nan]]), exponential).interval(0.95) == (0.0, math.inf)


def test_the_largest_change_holds_for_all_changes_at_once() -> None:
    up = Sample(math.log(2.0), np.log([[1.9, 2.1, 2.0, 2.0]]))
    none = Sample(0.0, np.array([[0.0, 0.0, 0.0, 0.0]]))
    both = curves.LargestChange((up, none))
    assert both.value == pytest.approx(1.0)
    low, high = both.interval(0.95)
    each = Sample(up.working, up.without).interval(0.975)
    assert (low, high) == pytest.approx((math.expm1(each[0]), math.expm1(each[1])))
    assert curves.LargestChange((none,)).interval(0.95) == (0.0, 0.0)


def test_a_cell_is_measured_until_the_interval_that_is_printed_is_short_enough() -> None:
    """The half-width that is stopped on is that of total_variance, at 95 %, on the log scale."""
    rng = np.random.default_rng(11)
    values = rng.gamma(4.0, size=3)
    without = values[:, None] * (1.0 + 0.02 * rng.normal(size=(3, 8)))
    printed = variance.on_log_scale(*variance.mean_over_images(values, without))
    low, high = printed.interval(0.95)
    stopped_on = relative_half_width(torch.from_numpy(values), torch.from_numpy(without))
    assert stopped_on == pytest.approx(math.log(high / low) / 2.0)
