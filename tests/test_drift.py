"""Whether `compare` keeps its level and finds what changed, and whether wrong tests in its place fail."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from reportgen.findings import Estimate, csv_text, drift
from reportgen.findings.causes import differences
from reportgen.findings.drift import NumberDrift, compare_claims, compare_numbers, exit_code
from reportgen.findings.finished import read_rows
from reportgen.findings.rows import Row
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.jackknife import LEVEL, Sample
from reportgen.findings.statistics.named import STATISTICS, of_arm
from reportgen.findings.statistics.squared_length import SquaredLength
from reportgen.jackknife import degrees_of_freedom, stratum_variances, t_quantile
from tests.crafted import crafted, experiment
from tests.known import with_oracles
from tests.synthetic import measurement
from tests.synthetic_experiment import synthetic_plan
from tests.toy_records import repetitions

Array = NDArray[np.float64]

FAMILIES, SIZE = 200, 250
MOST = 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / FAMILIES)
"""Three binomial standard errors above a level of 5 %."""


def row(
    value: float = 1.0,
    low: float = math.nan,
    high: float = math.nan,
    statistic: str = "total_variance",
    **changes: Any,
) -> Row:
    fields: dict[str, Any] = {
        "experiment": "e", "cell": "c", "dataset": "toy", "objective": "elbo", "estimator": "a",
        "num_samples": 1, "checkpoint": 0, "group": "all", "statistic": statistic, "value": value,
        "ci_low": low, "ci_high": high, "replicates": 100, "status": "met", "setting": {},
    }  # fmt: skip
    return Row(**{**fields, **changes})


def within(value: float, relative: float, **changes: Any) -> Row:
    """A variance with an interval of this half-width on the log scale."""
    return row(value, value * math.exp(-relative), value * math.exp(relative), **changes)


def judged(old: Row, new: Row, images: int | None = None) -> NumberDrift:
    (found,) = compare_numbers([old], [new], images)
    return found


# --- the level -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def families() -> tuple[tuple[list[Row], list[Row]], ...]:
    """Pairs of independent runs of the same truth, in the worst case that is allowed.

    Seven degrees of freedom an interval, and NEW eight times as precise as OLD,
    so that OLD's degrees of freedom alone count.
    """
    rng = np.random.default_rng(20160901)
    reach = t_quantile(LEVEL, 7)

    def one(error: float) -> list[Row]:
        spread = error * np.sqrt(rng.chisquare(7, SIZE) / 7)
        centres = error * rng.normal(size=SIZE)
        return [
            within(math.exp(c), reach * s, group=str(i))
            for i, (c, s) in enumerate(zip(centres, spread, strict=True))
        ]

    return tuple((one(0.08), one(0.01)) for _ in range(FAMILIES))


def alarms(pairs: Sequence[tuple[Sequence[Row], Sequence[Row]]]) -> Iterator[bool]:
    """Whether two runs of the same truth are said to differ, of one pair after the other."""
    return (exit_code(compare_numbers(old, new), ()) != 0 for old, new in pairs)


def false_alarms(pairs: Sequence[tuple[Sequence[Row], Sequence[Row]]]) -> float:
    """How often they are said to differ."""
    return sum(alarms(pairs)) / len(pairs)


@pytest.mark.long
def test_families_keep_their_level() -> None:
    assert false_alarms(families()) <= MOST


def _normal(difference: float, reach: float, degrees: float) -> float:
    """A wrong test: a half-width over 1.96 as the standard error, and the normal tail."""
    return float(2.0 * special.ndtr(-1.96 * difference / reach))


def _variances_for_errors(difference: float, reach: float, degrees: float) -> float:
    error = reach / t_quantile(LEVEL, degrees)
    return float(2.0 * special.stdtr(degrees, -difference / error**2))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("_p_value", _normal),
        ("_p_value", _variances_for_errors),
        pytest.param("holm", lambda p_values: p_values, id="uncorrected"),
        pytest.param("half_width", lambda estimate, working: 0.5 * estimate.value * 1e-2, id="one for all"),
    ],
)
def test_wrong_tests_do_not(monkeypatch: pytest.MonkeyPatch, name: str, wrong: Callable[..., Any]) -> None:
    monkeypatch.setattr(drift, name, wrong)
    enough = math.floor(2 * MOST * FAMILIES) + 1  # to be more than twice as often as may be
    assert sum(itertools.islice(filter(None, alarms(families())), enough)) == enough


def _rows(arms: Sequence[MeasuredArm]) -> list[Row]:
    names = ("total_variance", "variance_ratio", "mean_norm", "signal_to_noise", "relative_projection")
    found = [(arm, name, of_arm(name, arm)) for arm in arms for name in names]
    return [row(e.value, e.low, e.high, name, estimator=arm.about.label, status=e.status)
            for arm, name, e in found]  # fmt: skip


@pytest.mark.parametrize("mean", [1.0, 0.1])
def test_runs_of_heavy_tailed_estimators_keep_their_level(mean: float) -> None:
    """Intervals as they are made of draws, kurtosis 46; with a mean of 0.1 norms are lost in the noise."""
    rng = np.random.default_rng(7)
    epsilon = rng.normal(size=(2 * FAMILIES, 1, 8, 100))
    other = rng.normal(size=epsilon.shape)
    draws = {"a": epsilon**3 + mean, "b": epsilon**2 * other + mean, "c": 2.0 * epsilon + mean}
    runs = [_rows(arms) for arms in repetitions(draws)]
    assert false_alarms(list(zip(runs[::2], runs[1::2], strict=True))) <= MOST
    flips = sum(a.status != b.status for a, b in itertools.chain(*map(zip, runs[::2], runs[1::2])))
    assert (flips > FAMILIES / 4) == (mean < 1.0)


def size_of_one_test(first: float, second: float, ratio: float, level: float) -> float:
    """P(p < level) by numeric integration: degrees of freedom of both, ratio of their true variances."""
    bound = stats.t.isf(level / 2.0, drift.FREEDOM) / t_quantile(LEVEL, drift.FREEDOM)

    def grid(degrees: float) -> tuple[Array, Array]:
        x = np.linspace(math.log(degrees) - 21.0 / math.sqrt(degrees) - 6.0, math.log(degrees) + 4.0, 300)
        weight = stats.chi2.pdf(np.exp(x), degrees) * np.exp(x) * (x[1] - x[0])
        return t_quantile(LEVEL, degrees) ** 2 * np.exp(x) / degrees, weight

    (a, at), (b, bt) = grid(first), grid(second)
    reach = np.sqrt(ratio * a[:, None] + b)
    return float((at[:, None] * bt * 2.0 * stats.norm.sf(bound * reach / math.sqrt(1.0 + ratio))).sum())


@pytest.mark.parametrize("level", [0.05, 1e-3, 3e-6])
def test_the_bound_holds_for_all_degrees_of_freedom_and_any_two_precisions(level: float) -> None:
    pairs = itertools.product((7.0, 15.0, 400.0), (7.0, 31.0, 400.0), (1e-4, 0.1, 1.0, 10.0, 1e4))
    sizes = [size_of_one_test(*pair, level) for pair in pairs]
    assert max(sizes) <= level * 1.001
    assert max(sizes) >= level * 0.9  # and cannot be a smaller one


# --- the power -----------------------------------------------------------------------------------------


def test_a_tenth_in_one_variance_is_found_among_sixteen_thousand_numbers() -> None:
    rng = np.random.default_rng(3)
    old = [within(1.0, 0.01, group=str(i)) for i in range(16_000)]
    new = [within(math.exp(0.005 * e), 0.01, group=str(i)) for i, e in enumerate(rng.normal(size=16_000))]
    assert exit_code(compare_numbers(old, new), ()) == 0
    new[4711] = within(1.1, 0.01, group="4711")
    (found,) = (n for n in compare_numbers(old, new) if n.status != drift.EQUIVALENT)
    assert found.status == drift.DRIFTED and found.row.group == "4711" and found.p_value < 0.05


# --- the scales ----------------------------------------------------------------------------------------


CUTS = {"cosine_to_reference": {-1.0, 1.0}}
"""Where a value may be cut together with an end, and nothing of the interval's length is left."""


def test_half_widths_are_those_of_the_scale_on_which_an_interval_was_made() -> None:
    """Student's quantile times the jackknife's standard error; of one askew, the longer side."""
    cell = next(c for c in synthetic_plan().measurements if c.base and c.checkpoint == 20)
    record = with_oracles(measurement(cell))
    seen = set()
    for index in range(len(record.arms)):
        arm = MeasuredArm(record, index)
        for statistic in STATISTICS.values():
            group = record.first_layer if statistic.of_first_layer else "all"
            found = of_arm(statistic.name, arm, group)
            made = statistic.of(arm, group) if found.has_interval else None
            if isinstance(made, Sample) and found.low < found.high and statistic.name not in drift.TIMED:
                terms = stratum_variances(made.without)
                reach = math.sqrt(terms.sum()) * t_quantile(
                    LEVEL, degrees_of_freedom(terms, made.without.shape[1])
                )
                if isinstance(made, SquaredLength) or statistic.name in drift.OVER_IMAGES:
                    ends = [drift.scale(statistic.name)(end) for end in (found.low, found.high)]
                    reach = max(ends) - drift.scale(statistic.name)(found.value)
                if not {found.low, found.high} & CUTS.get(statistic.name, set()):
                    assert drift.half_width(found, drift.scale(statistic.name)) == pytest.approx(reach)
                    seen.add(statistic.name)
    without = {"bias_statistic", "bias_p_value", "detectable_bias", "evaluations", *drift.TIMED}
    without |= {"coordinate_lower", *drift.CHOSEN}
    without |= {name for name in STATISTICS if name.startswith("exact_")}
    assert seen | set(CUTS) == set(STATISTICS) - without


def test_an_end_that_was_cut_is_not_taken_for_the_interval() -> None:
    assert drift.half_width(Estimate(1.0, 0.0, 2.0), drift.scale("mean_norm")) == 3.0
    assert drift.half_width(Estimate(1.0, 0.7, 1.0), drift.scale("cosine_to_reference")) == pytest.approx(0.3)


def test_lost_in_the_noise_is_known_by_its_reason() -> None:
    record = measurement(synthetic_plan().measurements[1])
    arrays = dict(record.arrays)
    for name in ("squared_norm", "batch_squared_norm", "image_squared_norm_raw"):
        arrays[name] = -np.abs(arrays[name])
    arm = MeasuredArm(dataclasses.replace(record, arrays=arrays), 0)
    names = ("mean_norm", "signal_to_noise", "cosine_to_reference", "data_variance", "monte_carlo_share")
    assert all(of_arm(name, arm).lost for name in names)
    assert not any(of_arm(name, MeasuredArm(record, 0)).lost for name in names)


# --- what becomes of a number --------------------------------------------------------------------------

LOST = "not available: the mean gradient is lost in the noise"


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        pytest.param(within(2.0, 0.1), within(2.0, 0.1), "identical", id="identical"),
        pytest.param(within(2.0, 0.1), within(2.0, 0.2), "equivalent", id="interval alone"),
        pytest.param(within(2.0, 0.1), within(2.1, 0.1), "equivalent", id="noise"),
        pytest.param(within(2.0, 0.1), within(3.0, 0.1), "drifted", id="drift"),
        pytest.param(row(2, 2, 2, "evaluations"), row(3, 3, 3, "evaluations"), "changed", id="count"),
        pytest.param(row(0, 0, 0), row(1, 1, 1), "changed", id="known, zero"),
        pytest.param(row(0, 0, 0), within(1e-9, 0.1), "drifted", id="zero no more"),
        pytest.param(row(math.inf, math.inf, math.inf, "signal_to_noise"),
                     row(3.0, 2.9, 3.1, "signal_to_noise"), "drifted", id="infinite no more"),
        pytest.param(row(1.0, 0.0, math.inf), within(9.0, 0.01), "equivalent", id="interval is everything"),
        pytest.param(row(14.3, 14.3, 14.3, "mean_norm"), row(14.30001, 14.30001, 14.30001, "mean_norm"),
                     "equivalent", id="rounding, known"),
        pytest.param(row(2e-16, 2e-16, 2e-16, "exact_mean_norm"), row(1e-16, 1e-16, 1e-16, "exact_mean_norm"),
                     "equivalent", id="rounding of zero"),
        pytest.param(within(1.0, 1e-9), within(1.000001, 1e-9), "equivalent", id="rounding, interval"),
        pytest.param(row(1, 1, 1, "coordinate_lower"), row(0.99, 0.99, 0.99, "coordinate_lower"),
                     "not judged", id="counted"),
        pytest.param(row(0.3, statistic="bias_p_value"), row(0.001, statistic="bias_p_value"),
                     "not judged", id="p-value"),
        pytest.param(within(1.0, 0.01, statistic="time_normalized_variance"),
                     within(9.0, 0.01, statistic="time_normalized_variance"), "not judged", id="timed"),
        pytest.param(row(7.1, 6.9, 7.3, "weight_mean"), row(0.2, 0.1, 0.3, "weight_mean"),
                     "not judged", id="another weight"),
        pytest.param(row(7.1, 6.9, 7.3, "weight_mean"),
                     row(math.nan, statistic="weight_mean", status="not available: b"),
                     "not judged", id="a weight that does not vary"),
        pytest.param(row(7.1, 6.9, 7.3, "weight_mean"),
                     row(math.nan, statistic="weight_mean", status="broken: b"),
                     "changed", id="a weight that broke"),
        pytest.param(row(math.nan, status="not available: a"), row(math.nan, status="not available: b"),
                     "identical", id="both empty"),
        pytest.param(within(1.0, 0.1), row(math.nan, status="not available: b"), "changed", id="gone"),
        pytest.param(row(math.nan, status="not available: b"), within(1.0, 0.1), "appeared", id="available"),
        pytest.param(row(1.0, 0.0, 1.3, "mean_norm"), row(math.nan, statistic="mean_norm", status=LOST),
                     "equivalent", id="lost by chance"),
        pytest.param(row(1.0, 0.99, 1.01, "mean_norm"), row(math.nan, statistic="mean_norm", status=LOST),
                     "changed", id="lost for good"),
    ],
)  # fmt: skip
def test_status(old: Row, new: Row, status: str) -> None:
    found = judged(old, new)
    assert found.status == status
    broke = 4 if new.status.startswith("broken") else 1
    assert exit_code([found], ()) == (broke if status in ("drifted", "changed") else 0)


def test_left_out_images_count_as_degrees_of_freedom() -> None:
    old, new = (row(v, v - 0.1, v + 0.1, "data_variance") for v in (1.0, 1.4))
    p_values = [judged(old, new, images).p_value for images in (None, 3, 8, 64)]
    ratio = 0.4 / math.hypot(0.1, 0.1)
    wanted = [2.0 * stats.t.sf(ratio * stats.t.ppf(0.975, f), f) for f in (2, 2, 7, 63)]
    assert p_values == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("statistic", "setting"),
    [*((name, {}) for name in drift.JUDGED), ("active_units", {"train.seed": "every"})],
)
def test_judged_images_and_trainings_count_as_degrees_of_freedom(
    statistic: str, setting: dict[str, Any]
) -> None:
    """Of the fewer, one less; on one scale or the other."""
    old, new = (
        row(v, v - 0.1, v + 0.1, statistic, replicates=n, setting=setting) for v, n in ((2.0, 9), (2.4, 4))
    )
    working = drift.scale(statistic)
    reach = math.hypot(*(drift.half_width(Estimate(v, v - 0.1, v + 0.1), working) for v in (2.0, 2.4)))
    ratio = (working(2.4) - working(2.0)) / reach
    wanted = 2.0 * stats.t.sf(ratio * stats.t.ppf(0.975, 3), 3)
    assert judged(old, new).p_value == pytest.approx(wanted)


def test_what_is_lost_in_the_noise_is_a_zero_known_as_well_as_before() -> None:
    old, new = row(2.0, 1.0, 2.4, "mean_norm"), row(math.nan, statistic="mean_norm", status=LOST)
    ratio = 4.0 / math.hypot(3.0, 3.0)
    assert judged(old, new).p_value == pytest.approx(2.0 * stats.t.sf(ratio * stats.t.ppf(0.975, 7), 7))


def test_a_broken_cell_outweighs_drift_unless_it_was_broken_before() -> None:
    broken = row(math.nan, status="broken: the loss became inf")
    found = judged(within(1.0, 0.1), broken)
    assert found.status == "changed" and exit_code([found], ()) == 4
    assert exit_code(compare_numbers([row(group="b")], [broken, row(group="b")]), ()) == 4
    assert judged(broken, broken).status == "identical"
    assert exit_code([judged(broken, within(1.0, 0.1))], ()) == 0


def test_rows_of_one_run_alone() -> None:
    old = [within(1.0, 0.1), within(1.0, 0.1, group="a")]
    new = [within(1.0, 0.1, group="b"), within(1.0, 0.1)]
    found = compare_numbers(old, new)
    assert [(n.status, n.row.group) for n in found] == [
        ("appeared", "b"), ("identical", "all"), ("vanished", "a"),
    ]  # fmt: skip
    assert exit_code(found, ()) == 1 and exit_code(found[:2], ()) == 0
    (gone,) = compare_numbers([within(1.0, 0.1, statistic="weight_deviation")], [])
    assert gone.status == "not judged", "no weight has a gradient there: nothing to compare"


def test_neither_experiment_nor_key_nor_order_names_a_number() -> None:
    rows = crafted(experiment()).rows
    other = [dataclasses.replace(r, experiment="copy", cell=f"{r.cell}2") for r in reversed(rows)]
    assert {n.status for n in compare_numbers(rows, other)} == {"identical"}


def test_a_setting_that_one_run_sweeps_has_its_declared_value_in_the_other() -> None:
    plain = [row(setting={"constant": 0.0}), row(setting={"constant": 50.0})]
    swept = [row(setting={"problem.latent": latent}) for latent in (10, 2, 50)]
    expected = ["identical", "appeared", "appeared", "vanished"]
    assert [n.status for n in compare_numbers(plain, swept)] == expected
    assert [n.status for n in compare_numbers(swept, plain)] == [
        "identical", "appeared", "vanished", "vanished",
    ]  # fmt: skip


def test_a_number_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="the same number"):
        compare_numbers([row(), row()], [row()])


def test_claims() -> None:
    old = [{"id": "same", "verdict": "confirmed"}, {"id": "other", "verdict": "confirmed"}]
    new = [{"id": "fresh", "verdict": "refuted"}, {"id": "same", "verdict": "confirmed"}]
    found = compare_claims(old, [*new, {"id": "other", "verdict": "undecided"}])
    assert [(c.id, c.status) for c in found] == [
        ("fresh", "appeared"), ("same", "identical"), ("other", "changed"),
    ]  # fmt: skip
    assert exit_code((), found) == 1 and exit_code((), found[:2]) == 0
    assert exit_code((), compare_claims(old, new)) == 1


# --- reading back --------------------------------------------------------------------------------------


def test_results_read_back_values_to_the_bit_and_intervals_that_hold_theirs() -> None:
    findings = crafted(experiment())
    rows = read_rows(csv_text(findings).encode(), Path("results.csv"))
    assert {n.status for n in compare_numbers(findings.rows, rows)} <= {
        "identical",
        "equivalent",
        "not judged",
    }
    assert [r.status for r in rows] == [r.status for r in findings.rows]
    wide = 0
    for mine, read in zip(findings.rows, rows, strict=True):
        assert read.value == mine.value or math.isnan(mine.value)
        if mine.ci_low < mine.ci_high:
            wide += 1
            assert read.ci_low <= mine.ci_low and read.ci_high >= mine.ci_high
            ends = (read.ci_low, read.ci_high)
            assert ends == pytest.approx((mine.ci_low, mine.ci_high), rel=1.1e-11)
            assert all(len(repr(end).partition("e")[0].strip("-0.").replace(".", "")) <= 12 for end in ends)
        else:
            assert (read.ci_low, read.ci_high) == (mine.ci_low, mine.ci_high) or math.isnan(mine.ci_low)
    assert wide > 100


def test_what_the_runs_were_made_with() -> None:
    machine = {"torch": "2.13.0", "cpu_capability": "AVX2"}
    old: dict[str, Any] = {
        "run": "1", "git_commit": "ab", "seed": 0, "data": {"digits": "00"},
        "environment": {"measured": [machine], "rendered": {"jinja2": "3"}},
    }  # fmt: skip
    new = old | {
        "run": "2", "git_commit": None, "settings": {"measure": {"images": 8}},
        "environment": {"measured": [machine, machine | {"torch": "2.14.0"}], "rendered": {"jinja2": "4"}},
    }  # fmt: skip
    assert [str(d) for d in differences(old, new)] == [
        "commit ab → none",
        "torch 2.13.0 → 2.13.0, 2.14.0",
    ]
    other = new | {"settings": {"measure": {"images": 9}, "objective": ["elbo"]}}
    assert [str(d) for d in differences(new, other)] == ["measure.images 8 → 9", 'objective none → ["elbo"]']
