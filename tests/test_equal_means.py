"""The test of equal means: its statistic, its level for skewed estimates, its stated power."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from reportgen.engine.equal_means import equal_means_test
from reportgen.engine.moments import Moments

NO_FLOOR = torch.zeros(1, dtype=torch.float64)


def moments_of(samples: np.ndarray, buckets: int = 8) -> Moments:
    """Moments of [I n m], distributed to the buckets in turn."""
    moments = Moments.empty(samples.shape[0], buckets, samples.shape[2])
    for bucket in range(buckets):
        moments.update(bucket, torch.from_numpy(samples[:, bucket::buckets]))
    return moments


def test_the_p_value_is_students_with_the_degrees_of_freedom_of_the_smaller_half() -> None:
    """In one direction, by hand: the other half says which way, and no more. Five differences and four."""
    data = np.array([0.9, -0.2, 1.4, 0.3, 0.6, 1.1, -0.5, 0.8, 0.7])
    halves = data[0::2], data[1::2]
    t = np.mean([half.mean() / math.sqrt(half.var(ddof=1) / len(half)) for half in halves])
    signal = torch.ones(1, 1, dtype=torch.float64)
    test = equal_means_test(moments_of(data[None, :, None], 2), signal, NO_FLOOR)
    assert test.statistic.tolist() == pytest.approx([t])
    assert test.p_value.tolist() == pytest.approx([stats.t.sf(t, 3)])


@pytest.mark.parametrize(
    ("m", "n", "images"),
    [(1, 80, 1), (2, 400, 1), (3, 400, 10), pytest.param(20, 160, 50, marks=pytest.mark.long)],
)
def test_equal_means_test_has_its_level_and_its_stated_power(m: int, n: int, images: int) -> None:
    rng = np.random.default_rng(5)
    runs = 4000
    root = rng.normal(size=(m, m))
    signal = torch.tensor(rng.normal(size=(1, m)))
    # As one test of `images`, at level 0.05 / images; the smallest bias is found with the covariance known.
    exact = Moments.empty(1, 2, m)
    exact.count[:] = n / 2
    exact.scatter[:] = torch.tensor(root @ root.T) * (n - 1) / 2
    family = equal_means_test(
        Moments(exact.count, exact.mean.expand(images, 2, m), exact.scatter.expand(images, 2, m, m)),
        signal.expand(images, m),
        NO_FLOOR.expand(images),
    )
    assert float(family.detectable.min()) == float(family.detectable.max())
    shift = float(family.detectable[0]) * signal[0].numpy()
    data = rng.normal(size=(runs, n, m)) @ root.T

    def rejected(data: np.ndarray, level: float) -> float:
        test = equal_means_test(moments_of(data), signal.expand(runs, m), NO_FLOOR.expand(runs))
        return float((test.p_value < level).double().mean())

    # Two dependent normal statistics have a mean with a variance below 1: the test may keep below its level.
    assert 0.01 < rejected(data, 0.05) < 0.05 + 4.0 * math.sqrt(0.05 * 0.95 / runs)
    assert abs(rejected(data + shift, 0.05 / images) - 0.8) < 4.0 * math.sqrt(0.8 * 0.2 / runs)


def test_equal_means_test_holds_its_level_for_skewed_estimates_where_hotellings_does_not() -> None:
    # Lognormal: the covariance moves with the mean, as in gradient estimates.
    rng = np.random.default_rng(6)
    runs, n, m = 2000, 160, 20
    epsilon = rng.normal(size=(runs, n, m))
    data = np.exp(epsilon) - np.exp(0.5)
    p = equal_means_test(moments_of(data), torch.ones(runs, m).double(), NO_FLOOR.expand(runs)).p_value
    for level in (0.05, 0.01):
        assert float((p < level).double().mean()) < level + 4.0 * math.sqrt(level / runs)
    mean, covariance = data.mean(1), np.stack([np.cov(sample.T) for sample in data])
    t2 = n * np.einsum("ra,ra->r", mean, np.linalg.solve(covariance, mean[..., None])[..., 0])
    assert (stats.f.sf(t2 * (n - m) / (m * (n - 1)), m, n - m) < 0.01).mean() > 0.05


def test_equal_means_test_is_not_made_with_too_few() -> None:
    rng = np.random.default_rng(7)
    signal = torch.ones(1, 10).double()
    few, enough = (moments_of(rng.normal(size=(1, n, 10)), 2) for n in (39, 40))
    assert not torch.isnan(equal_means_test(enough, signal, NO_FLOOR).p_value).any()
    test = equal_means_test(few, signal, NO_FLOOR)
    assert torch.isnan(test.p_value).all() and torch.isnan(test.detectable).all()


@pytest.mark.parametrize("n", [8, 10, 20, 21])
def test_directions_that_few_replicates_do_not_reach_are_not_taken_for_noiseless(n: int) -> None:
    data = np.random.default_rng(8).normal(size=(1, n, 20))
    test = equal_means_test(moments_of(data), torch.ones(1, 20).double(), NO_FLOOR)
    assert torch.isnan(test.p_value).all() and torch.isfinite(test.statistic).all()


def test_directions_that_only_rare_events_reach_are_not_taken_for_noiseless() -> None:
    # Beside an exact reference: the difference is minus the mean, and now and then far from it.
    rng = np.random.default_rng(10)
    runs, n, m, often = 200, 256, 32, 0.02
    event = rng.random((runs, n, 1)) < often
    data = event * (1.0 + rng.normal(size=(runs, n, m))) - often
    test = equal_means_test(moments_of(data), torch.ones(runs, m).double(), NO_FLOOR.expand(runs))
    unseen = (1.0 - often) ** n
    assert float(torch.isinf(test.statistic).double().mean()) < unseen + 4.0 * math.sqrt(unseen / runs)


def test_identical_estimators_differ_nowhere_and_a_noiseless_difference_is_certain() -> None:
    one = torch.ones(1, 2).double()
    floor = torch.full((1,), 1e-30).double()
    same = equal_means_test(moments_of(np.zeros((1, 100, 2))), one, floor)
    assert float(same.p_value[0]) == 1.0 and float(same.dimension[0]) == 0
    different = equal_means_test(moments_of(np.ones((1, 100, 2))), one, floor)
    assert float(different.p_value[0]) == 0.0 and math.isinf(float(different.statistic[0]))


@pytest.mark.parametrize("scale", [1e-3, 1e-5, 1e-8])
def test_little_noise_is_not_taken_for_none(scale: float) -> None:
    runs, n = 40, 400
    data = np.random.default_rng(9).normal(size=(runs, n, 3)) * np.array([1.0, 1.0, scale])
    floor = torch.full((runs,), (8 * torch.finfo(torch.float64).eps) ** 2).double()
    signal = torch.ones(runs, 3).double()
    found = equal_means_test(moments_of(data), signal, floor).p_value
    assert float(found.min()) > 1e-3, "an equal mean is no certain difference, however quiet its coordinate"
    biased = equal_means_test(moments_of(data + np.array([0.0, 0.0, 10 * scale])), signal, floor).p_value
    assert float(biased.max()) < 1e-9
