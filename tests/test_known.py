"""What is measured against what is known exactly: variances, biases, squared errors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from reportgen.findings import ClaimFinding, Findings
from reportgen.findings.statistics.arm import MeasuredArm, directions
from reportgen.findings.statistics.jackknife import Quantity
from reportgen.findings.statistics.named import STATISTICS, of_arm
from reportgen.findings.statistics.squared_error import bias_squared, mean_squared_error
from reportgen.findings.statistics.squared_length import SquaredLength
from reportgen.jackknife import stratum_variances
from reportgen.plan import MeasurementCell
from reportgen.store.records import MeasurementRecord
from reportgen.streams import stream
from tests.crafted import IMAGES, Arrays, crafted, experiment, variance
from tests.known import known
from tests.toy_records import arm_record, moments, record, repetitions

Array = NDArray[np.float64]

LEAVE_OUTS = 1.0 + 0.01 * np.array([[-1.0, 0.0, 1.0, 0.0]] * 2)


def toy(measured: float = 4.0, squared_norm: float = 1.0, **arrays: Any) -> MeasuredArm:
    """Two images, two groups, variances 1 ± ¼ of `measured`; the second group has half of it."""
    shape = np.array([0.75, 1.25])[:, None] * np.array([1.0, 0.5])  # [I G]
    values = measured * shape
    made = record(
        [arm_record("pathwise", reference=True)],
        {
            "variance": values[None],
            "variance_without": (values[:, None] * LEAVE_OUTS[..., None])[None],
            "squared_norm": np.full((1, 2, 2), squared_norm),
            "squared_norm_without": np.full((1, 2, 4, 2), squared_norm),
        },
        groups=("all", "mean"),
    )
    return MeasuredArm(known(made, **arrays), 0)


def test_exact_numbers_are_means_over_images_and_their_intervals_are_points() -> None:
    per_image = np.array([[[1.0, 0.5], [3.0, 0.25]]])
    arm = toy(exact_variance=per_image, exact_squared_norm=per_image, exact_bias_squared=per_image)
    for statistic, whole, part in (
        ("exact_total_variance", 2.0, 0.375),
        ("exact_mean_norm", math.sqrt(2.0), math.sqrt(0.375)),
        ("exact_bias_squared", 2.0, 0.375),
    ):
        for group, value in (("all", whole), ("mean", part)):
            found = of_arm(statistic, arm, group)
            assert (found.value, found.low, found.high) == (pytest.approx(value), found.value, found.value)


def test_measured_over_exact_has_the_interval_of_what_was_measured() -> None:
    arm = toy(exact_variance=np.array([[[3.0, 1.0], [5.0, 1.5]]]))
    for group, value in (("all", 1.0), ("mean", 1.6)):
        found, measured = of_arm("variance_to_exact", arm, group), of_arm("total_variance", arm, group)
        known_ = of_arm("exact_total_variance", arm, group).value
        assert found.value == pytest.approx(value)
        assert (found.low, found.high) == pytest.approx((measured.low / known_, measured.high / known_))
        assert found.low < found.value < found.high


@pytest.mark.parametrize(
    ("measured", "exactly", "squared_norm", "ratio"),
    [
        pytest.param(0.0, 0.0, 1.0, 1.0, id="zero as it should be"),
        pytest.param(0.0, 0.0, 0.0, 1.0, id="and nothing else there"),
        pytest.param(3e-32, 0.0, 1.0, 1.0, id="rounding, double precision"),
        pytest.param(3e-28, 2e-31, 1e3, 1.0, id="rounding on both sides"),
        pytest.param(3e-14, 0.0, 1.0, None, id="rounding, single precision, or not"),
        pytest.param(3e-14, 0.0, 1e-6, None, id="beside small estimates too"),
        pytest.param(3e-32, 0.0, 0.0, 1.0, id="rounding, and nothing else there"),
        pytest.param(0.5, 0.0, 1.0, math.inf, id="noise where there should be none"),
        pytest.param(3e-32, 1.0, 1.0, 3e-32, id="nearly none where there should be noise"),
        pytest.param(0.0, 1.0, 1.0, 0.0, id="none where there should be noise"),
        pytest.param(1e-9, 2e-9, 1.0, 0.5, id="little noise is noise"),
    ],
)
def test_where_nothing_is_known_to_vary(
    measured: float, exactly: float, squared_norm: float, ratio: float | None
) -> None:
    found = of_arm("variance_to_exact", toy(measured, squared_norm, exact_variance=exactly))
    if ratio is None:
        assert found.status == (
            f"not available: the exact variance of pathwise is zero, and the measured one, {measured:.1e}, "
            "may be rounding"
        )
    else:
        assert found.value == pytest.approx(ratio)
        assert found.low <= found.value <= found.high


def test_rounding_is_small_beside_the_other_arms_of_the_objective() -> None:
    """1e-9 alone is a variance; where the same draws leave 1e15 in another arm, it is rounding."""
    alone = toy(1e-9, 0.0, exact_variance=0.0)
    assert of_arm("variance_to_exact", alone).value == math.inf
    arrays = {name: np.concatenate([a, 1e24 * a]) for name, a in alone.record.arrays.items()}
    arms = (*alone.record.arms, arm_record("score_function"))
    both = MeasuredArm(dataclasses.replace(alone.record, arrays=arrays, arms=arms), 0)
    assert of_arm("variance_to_exact", both).value == 1.0
    other = (arms[0], dataclasses.replace(arms[1], objective="elbo"))
    apart = MeasuredArm(dataclasses.replace(both.record, arms=other), 0)
    assert of_arm("variance_to_exact", apart).value == math.inf


@pytest.mark.parametrize("squared_norm", [3e-28, 1e-24])
def test_rounding_has_no_signal_and_no_noise(squared_norm: float) -> None:
    """Where every estimate is zero the quotient of what rounding leaves of both means nothing."""
    arm = toy(2e-29, squared_norm, exact_variance=0.0)
    norm = of_arm("mean_norm", arm)
    assert (norm.value, norm.low, norm.high) == (0.0, 0.0, 0.0)
    ratio = of_arm("signal_to_noise", arm)
    assert ratio.status == "not available: every estimate is zero: no signal, and no noise"
    noisy = toy(2e-29, squared_norm, exact_variance=1.0)
    assert of_arm("signal_to_noise", noisy).value == pytest.approx(math.sqrt(squared_norm / 2e-29))
    certain = toy(2e-29, 1.0, exact_variance=0.0)
    assert of_arm("signal_to_noise", certain).value == math.inf


OPTIONAL = {name for name, statistic in STATISTICS.items() if statistic.needs}


@pytest.mark.parametrize(
    ("statistic", "reason"),
    [
        ("exact_total_variance", "the exact variance of pathwise is not known here"),
        ("variance_to_exact", "the exact variance of pathwise is not known here"),
        ("exact_mean_norm", "the exact mean gradient of pathwise is not known here"),
        ("exact_bias_squared", "the exact bias of pathwise is not known here"),
        ("bias_squared", "the exact gradient that pathwise estimates is not known here"),
        ("mean_squared_error", "the exact gradient that pathwise estimates is not known here"),
    ],
)
def test_what_a_record_does_not_know_is_not_available(statistic: str, reason: str) -> None:
    unknown = np.array([[[1.0, 1.0], [math.nan, 1.0]]])
    absent, partly = toy(), toy(**dict.fromkeys(STATISTICS[statistic].needs, unknown))
    for arm in (absent, partly):
        assert of_arm(statistic, arm).status == f"not available: {reason}"
    assert "not known" not in of_arm(statistic, toy(**_everything())).status


def _everything() -> dict[str, float]:
    names = ("exact_variance", "exact_squared_norm", "exact_bias_squared", "bias_squared")
    return {**dict.fromkeys(names, 1.0), "bias_squared_without": 1.0}


def _more(*known_labels: str) -> Callable[[MeasurementCell], Arrays]:
    """Exact moments, and biases against the exact gradient, of the arms with these labels."""

    def of(cell: MeasurementCell) -> Arrays:
        exactly = np.full((len(cell.arms), IMAGES, 1), math.nan)
        for i, arm in enumerate(cell.arms):
            if arm.label in known_labels:
                exactly[i] = 0.99 * variance(cell, arm)
        wide = np.repeat(exactly[:, :, None], 4, 2)
        return {"exact_variance": exactly, "bias_squared": exactly, "bias_squared_without": wide}

    return of


def _rows(found: Findings) -> set[tuple[str, str]]:
    return {(row.estimator, row.statistic) for row in found.rows if row.statistic in OPTIONAL}


def test_there_are_rows_for_what_is_known_and_none_for_what_is_not() -> None:
    assert _rows(crafted(experiment())) == set()
    made = {"exact_total_variance", "variance_to_exact", "bias_squared", "mean_squared_error"}
    some = crafted(experiment(), more=_more("pathwise"))
    assert _rows(some) == {("pathwise", name) for name in made}
    assert all(row.status == "met" for row in some.rows if row.statistic in OPTIONAL)
    without = [row for row in some.rows if row.statistic not in OPTIONAL]
    before = crafted(experiment()).rows
    assert list(map(repr, without)) == list(map(repr, before)), "the others are as they were, NaN too"


def test_a_broken_arm_says_so_where_something_is_known() -> None:
    found = crafted(experiment(), more=_more("pathwise"), changes={"status": "broken", "cause": "x"})
    for statistic in ("exact_total_variance", "variance_to_exact", "bias_squared"):
        assert found.get(statistic, "pathwise").status == "broken: x"
        assert found.get(statistic, "score_function").status == "broken: x"


def only(test: str, **numbers: Any) -> ClaimFinding:
    (claim,) = crafted(experiment(test), **numbers).claims
    return claim


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ("variance_to_exact(pathwise) = 1 within 5%", "confirmed"),
        ("variance_to_exact(pathwise) = 1 within 0.1%", "undecided"),
        ("variance_to_exact(pathwise) = 1.5 within 5%", "refuted"),
        ("variance_to_exact(with baseline) = 1 within 5%", "undecided"),
        ("exact_total_variance(pathwise) = 0.99 within 0.1%", "confirmed"),
        ("exact_total_variance(pathwise) < exact_total_variance(score_function)", "confirmed"),
        ("total_variance(pathwise) < exact_total_variance(score_function)", "confirmed"),
        ("bias_squared(pathwise) < bias_squared(score_function)", "confirmed"),
        ("bias_squared(score_function) = 99 within 5%", "confirmed"),
        ("mean_squared_error(pathwise) = 1.99 within 5%", "confirmed"),
        ("mean_squared_error(score_function) < mean_squared_error(pathwise)", "refuted"),
        ("mean_squared_error(pathwise) > total_variance(pathwise)", "confirmed"),
    ],
)
def test_claims_about_what_is_known_reach_their_verdict(test: str, verdict: str) -> None:
    claim = only(test, more=_more("pathwise", "score_function"))
    assert claim.verdict == verdict
    if "with baseline" in test:
        assert claim.headline is not None
        assert claim.headline.cause == "the exact variance of with baseline is not known here"


# --- bias and squared error: an oracle ------------------------------------------------------------------

REPETITIONS = 1000
TOLERANCE = 3.0 * math.sqrt(0.95 * 0.05 / REPETITIONS)


@lru_cache(maxsize=2)
def biased(mean: float) -> tuple[MeasuredArm, ...]:
    """2ε + `mean` as an estimate of 0: bias² = mean², variance 4."""
    rng = stream(1, "biased", str(mean))
    draws = 2.0 * rng.normal(size=(REPETITIONS, 4, 8, 50)) + mean
    return tuple(_against_zero(arm.record) for (arm,) in repetitions({"a": draws}))


def _against_zero(made: MeasurementRecord) -> MeasuredArm:
    arrays = {name.replace("squared_norm", "bias_squared"): made.arrays[name] for name in made.arrays}
    return MeasuredArm(dataclasses.replace(made, arrays={**made.arrays, **arrays}), 0)


def _coverage(of: Callable[[MeasuredArm], Quantity], mean: float, truth: float) -> float:
    ends = [of(arm).interval(0.95) for arm in biased(mean)]
    return float(np.mean([low <= truth <= high for low, high in ends]))


def test_bias_and_squared_error_are_covered_at_the_nominal_rate() -> None:
    assert abs(_coverage(bias_squared, 1.0, 1.0) - 0.95) <= TOLERANCE
    assert abs(_coverage(mean_squared_error, 1.0, 5.0) - 0.95) <= TOLERANCE
    assert abs(_coverage(mean_squared_error, 0.0, 4.0) - 0.95) <= TOLERANCE
    assert _coverage(mean_squared_error, 1.0, 4.0) < 0.5, "the variance alone is not the error"


def test_a_bias_near_its_own_noise_is_covered_too() -> None:
    """An image's mean is known to ± 0.1 here; where it may be zero, the lower end is."""
    assert _coverage(bias_squared, 0.1, 0.01) >= 0.95 - TOLERANCE
    assert _coverage(bias_squared, 0.0, 0.0) >= 0.95 - TOLERANCE


def test_a_squared_bias_has_the_noise_of_its_mean_with_it() -> None:
    """Of four images of one coordinate, variance 4, 400 replicates each: tr C/n, and tr C²/(n tr C)."""
    made = map(bias_squared, biased(0.0))
    found = [of for of in made if isinstance(of, SquaredLength)]
    assert len(found) == REPETITIONS and {of.directions for of in found} == {4}
    assert np.mean([of.noise for of in found]) == pytest.approx(0.01, rel=0.02)
    assert np.mean([of.of_noise for of in found]) == pytest.approx(0.01 / 4, rel=0.05)


@pytest.mark.parametrize(
    ("parameters", "group", "count"),
    [("phi", "all", 7), ("phi", "w", 5), ("theta", "all", 11), ("phi", "b", 4)],
)
def test_estimates_lie_in_no_more_directions_than_there_are_coordinates(
    parameters: str, group: str, count: int
) -> None:
    """Of a group, or of all of φ or θ; of φ in no more than η has."""
    arrays = {"variance": np.zeros((1, 1, 4)), "coordinate_count": np.array([9.0, 5.0, 4.0, 11.0])}
    made = record([arm_record("a", parameters=parameters)], arrays, eta=7)
    made = dataclasses.replace(made, groups=("all", "w", "b", "θ v"), parameters=9)
    assert directions(MeasuredArm(made, 0), group) == count


ERRORS = np.array([0.0, 0.5, 1.0, 2.0, 3.0])
"""Lengths of the mean that is to be found, in standard errors."""


@pytest.mark.parametrize("law", ["normal", "two values", "skewed"])
@pytest.mark.parametrize(("spread", "along"), [((1.0,), 0), ((1.0, 0.2), 0), ((1.0, 0.2), 1)])
def test_the_square_of_a_mean_of_few_coordinates_is_covered_wherever_it_lies(
    law: str, spread: tuple[float, ...], along: int
) -> None:
    """Of one data point, at 95 % and at the level of a family of fifty comparisons.

    A jackknife's interval of one coordinate, a standard error from zero, holds four in five of both.
    """
    rng, runs, buckets, size = stream(1, "few", *map(str, (spread, along))), 60, 32, 32
    noise = rng.normal(size=(len(ERRORS), runs, len(spread), buckets, size))
    noise = {"normal": noise, "two values": np.sign(noise), "skewed": (noise**2 - 1.0) / math.sqrt(2.0)}[law]
    noise *= np.array(spread)[:, None, None]
    lengths = ERRORS * spread[along] / math.sqrt(buckets * size)
    noise[:, :, along] += lengths[:, None, None, None]
    means, variances, means_without, without = (part.sum(2) for part in _squares(noise))
    held = np.zeros((len(ERRORS), 2))
    for at, run in np.ndindex(len(ERRORS), runs):
        found = SquaredLength(
            means[at, run] - variances[at, run] / (buckets * size),
            (means_without - without / ((buckets - 1) * size))[at, run, None],
            least=0.0,
            noise=variances[at, run] / (buckets * size),
            of_noise=float(stratum_variances(without[at, run, None]).sum()) / (2.0 * variances[at, run]),
            directions=len(spread),
        )
        ends = [found.interval(level) for level in (0.95, 0.999)]
        held[at] += [low <= lengths[at] ** 2 <= high for low, high in ends]
    assert (held[:, 0] >= stats.binom.ppf(1e-3, runs, 0.95)).all()
    assert (held[:, 1] >= stats.binom.ppf(1e-3, runs, 0.999)).all()


def _squares(draws: Array) -> tuple[Array, ...]:
    """Squared means and variances of every coordinate, and without each bucket."""
    mean, variance, mean_without, without = moments(draws)
    return mean**2, variance, mean_without**2, without


def test_a_squared_length_far_from_its_noise_has_the_interval_of_its_root() -> None:
    """From where the root is normal on, and just before; the jackknife's variance is 4 N A."""
    z, noise = float(special.ndtri(0.975)), 1e-6
    for value in (0.99, 1.01):
        spread = math.sqrt(4.0 * noise * value)
        without = value + spread * np.array([[1.0, -1.0] * 500]) / math.sqrt(999.0)
        found = SquaredLength(value, without, noise=noise, of_noise=noise, directions=1)
        low, high = found.interval(0.95)
        assert low == pytest.approx((math.sqrt(value + noise) - z * 1e-3) ** 2, abs=3e-5 * spread)
        assert high == pytest.approx((math.sqrt(value + noise) + z * 1e-3) ** 2, abs=3e-5 * spread)


def test_a_squared_length_of_few_buckets_is_as_wide_as_students_t() -> None:
    value, noise, buckets = 1.0, 1e-6, 8
    spread = math.sqrt(2.0 * noise * value)
    without = value + spread * np.array([[1.0, -1.0] * (buckets // 2)]) / math.sqrt(buckets - 1)
    found = SquaredLength(value, without, noise=noise, of_noise=noise, directions=1)
    reach = float(stats.t.ppf(0.975, buckets - 1)) * spread
    assert found.interval(0.95)[1] - value == pytest.approx(reach, rel=1e-2)


@pytest.mark.parametrize(
    ("value", "along", "of_noise", "directions", "scale"),
    [
        (1.0, 0.5, 0.01, 100, 0.5),
        (1.0, 0.1, 0.3, 100, (0.3 + 0.1) / 2.0),
        (0.0, 0.1, 0.3, 100, 0.3),
        (-0.5, 0.1, 0.01, 4, 0.25),
        (3.0, 5.0, 0.01, 100, 1.0),
    ],
)
def test_the_scale_of_a_squared_length_is_the_largest_of_the_noise_it_may_have(
    value: float, along: float, of_noise: float, directions: int, scale: float
) -> None:
    """Along the mean, of all directions, the same in all of them; and no more than there is, 1 here."""
    found = SquaredLength(value, np.zeros((1, 2)), noise=1.0, of_noise=of_noise, directions=directions)
    assert found._scale(math.sqrt(4.0 * along * (max(value, 0.0) + 1.0))) == pytest.approx(scale)


def test_no_bias_is_measured_without_bias() -> None:
    """Around zero, below it by chance; the interval reaches from zero, or from the estimate, up."""
    found = [of_arm("bias_squared", arm) for arm in biased(0.0)]
    values = np.array([estimate.value for estimate in found])
    assert abs(values.mean()) < 3.0 * values.std() / math.sqrt(REPETITIONS)
    assert 0.3 < (values < 0.0).mean() < 0.7
    assert {estimate.low for estimate in found if estimate.value > 0.0} == {0.0} | {
        estimate.low for estimate in found if estimate.low > 0.0
    }
    assert all(estimate.low <= estimate.value <= estimate.high for estimate in found)
    assert all(estimate.high >= 0.0 for estimate in found)


def test_a_bias_that_vanishes_is_compared_on_its_own_scale() -> None:
    """Leave-outs below zero count: cut there, two biases of nothing would be told apart."""
    shape = (1, IMAGES, 4, 1)
    noise = np.array([-3.0, -1.0, 1.0, 3.0])[None, None, :, None] * np.ones(shape)

    def more(cell: MeasurementCell) -> Arrays:
        values = np.array([0.1 if arm.label == "pathwise" else -0.1 for arm in cell.arms])
        values = values[:, None, None] * np.ones((len(cell.arms), IMAGES, 1))
        return {"bias_squared": values, "bias_squared_without": values[:, :, None] + noise}

    def apart(cell: MeasurementCell) -> Arrays:
        arrays = more(cell)
        flip = np.array([1.0 if arm.label == "pathwise" else -1.0 for arm in cell.arms])
        spread = noise * flip[:, None, None, None]
        return {**arrays, "bias_squared_without": arrays["bias_squared"][:, :, None] + spread}

    test = "bias_squared(score_function) < bias_squared(pathwise)"
    assert only(test, more=more).verdict == "confirmed", "what both share cancels"
    claim = only(test, more=apart)
    assert claim.verdict == "undecided"
    assert claim.effect == "difference of bias squared"
    assert claim.estimate.value == pytest.approx(-0.2)


def test_an_estimate_below_its_least_value_is_the_end_of_its_interval() -> None:
    """The other is that of an estimate of zero: a mean shorter than its noise says no more than that."""
    far, at = (
        of_arm(
            "bias_squared",
            toy(bias_squared=value, bias_squared_without=value + 0.01 * LEAVE_OUTS[None, ..., None]),
        )
        for value in (-1.0, 0.0)
    )
    assert (far.value, far.low) == (-1.0, -1.0) and (at.value, at.low) == (0.0, 0.0)
    assert far.high == at.high > 0.0
