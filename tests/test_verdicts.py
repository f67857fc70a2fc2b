"""Claims: every verdict and exit code is reached, and only if it should be."""

from __future__ import annotations

import math
from typing import Any

import pytest

from reportgen.findings import ClaimFinding
from reportgen.findings.verdicts import (
    BROKEN,
    CONFIRMED,
    REFUTED,
    UNDECIDED,
    beyond,
    equal_means,
    every,
    exit_code,
    inside,
    some,
)
from reportgen.plan import Arm, MeasurementCell
from tests.crafted import crafted, experiment, one, variance


def only(test: str | tuple[str, str], **numbers: Any) -> ClaimFinding:
    (claim,) = crafted(experiment(test), **numbers).claims
    return claim


@pytest.mark.parametrize(
    ("low", "high", "operator", "bound", "verdict"),
    [
        (1.1, 2.0, ">", 1.0, CONFIRMED),
        (0.5, 0.9, ">", 1.0, REFUTED),
        (0.5, 1.1, ">", 1.0, UNDECIDED),
        (1.0, 2.0, ">", 1.0, UNDECIDED),
        (1.0, 2.0, ">=", 1.0, CONFIRMED),
        (0.5, 1.0, ">", 1.0, REFUTED),
        (0.5, 1.0, ">=", 1.0, UNDECIDED),
        (0.5, 0.9, "<", 1.0, CONFIRMED),
        (1.1, 2.0, "<", 1.0, REFUTED),
        (0.5, 1.0, "<", 1.0, UNDECIDED),
        (0.5, 1.0, "<=", 1.0, CONFIRMED),
        (1.0, 1.0, "<", 1.0, REFUTED),
        (1.0, 1.0, "<=", 1.0, CONFIRMED),
        (1.0, 1.0, ">=", 1.0, CONFIRMED),
        (math.nan, 2.0, ">", 1.0, UNDECIDED),
        (-math.inf, math.inf, ">", 1.0, UNDECIDED),
    ],
)
def test_thresholds(low: float, high: float, operator: str, bound: float, verdict: str) -> None:
    assert beyond(low, high, operator, bound) == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.95, 1.05, CONFIRMED), (0.9, 1.1, CONFIRMED), (0.85, 1.0, UNDECIDED), (0.5, 0.8, REFUTED),
     (1.2, 1.3, REFUTED), (0.5, 1.5, UNDECIDED), (math.nan, 1.0, UNDECIDED), (0.5, 0.9, UNDECIDED),
     (1.1, 1.3, UNDECIDED)],
)  # fmt: skip
def test_equivalence(low: float, high: float, verdict: str) -> None:
    assert inside(low, high, 0.9, 1.1) == verdict


@pytest.mark.parametrize(
    ("p", "low", "high", "verdict"),
    [
        (0.5, 0.95, 1.05, CONFIRMED),
        (0.5, 0.8, 1.05, UNDECIDED),
        (0.0001, 0.95, 1.05, REFUTED),
        (0.5, 1.01, 1.05, REFUTED),
        (0.5, 0.95, 0.99, REFUTED),
        (math.nan, 0.95, 1.05, CONFIRMED),
        (0.5, math.nan, math.nan, UNDECIDED),
    ],
)
def test_equal_means_needs_no_rejection_and_a_short_interval(
    p: float, low: float, high: float, verdict: str
) -> None:
    assert equal_means(p, 0.001, low, high, 0.1) == verdict


@pytest.mark.parametrize(
    ("verdicts", "all_of", "any_of"),
    [
        ([CONFIRMED, CONFIRMED], CONFIRMED, CONFIRMED),
        ([CONFIRMED, REFUTED], REFUTED, CONFIRMED),
        ([REFUTED, REFUTED], REFUTED, REFUTED),
        ([CONFIRMED, UNDECIDED], UNDECIDED, CONFIRMED),
        ([UNDECIDED, REFUTED], REFUTED, UNDECIDED),
        ([CONFIRMED, BROKEN], BROKEN, CONFIRMED),
        ([REFUTED, BROKEN], REFUTED, BROKEN),
        ([], BROKEN, BROKEN),
    ],
)
def test_every_and_some(verdicts: list[str], all_of: str, any_of: str) -> None:
    assert every(verdicts) == all_of
    assert some(verdicts) == any_of


@pytest.mark.parametrize(
    ("claims", "broken", "code"),
    [
        ([], 0, 0),
        ([(CONFIRMED, CONFIRMED), (REFUTED, REFUTED), (UNDECIDED, UNDECIDED)], 0, 0),
        ([(REFUTED, CONFIRMED)], 0, 1),
        ([(CONFIRMED, REFUTED)], 0, 1),
        ([(CONFIRMED, UNDECIDED)], 0, 1),
        ([(UNDECIDED, CONFIRMED)], 0, 3),
        ([(UNDECIDED, CONFIRMED), (REFUTED, CONFIRMED)], 0, 1),
        ([(BROKEN, CONFIRMED), (REFUTED, CONFIRMED)], 0, 4),
        ([(CONFIRMED, CONFIRMED)], 1, 4),
    ],
)
def test_exit_codes(claims: list[tuple[str, str]], broken: int, code: int) -> None:
    assert exit_code(claims, broken) == code


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ("variance_ratio(score_function, pathwise) > 50", CONFIRMED),
        ("variance_ratio(score_function, pathwise) > 200", REFUTED),
        ("variance_ratio(score_function, pathwise) > 100", UNDECIDED),
        ("variance_ratio(score_function, pathwise) = 100 within 20%", CONFIRMED),
        ("variance_ratio(score_function, pathwise) = 100 within 0.01%", UNDECIDED),
        ("variance_ratio(score_function, pathwise) = 50 within 20%", REFUTED),
        ("ordering(total_variance, pathwise, with baseline, score_function)", CONFIRMED),
        ("ordering(total_variance, with baseline, pathwise, score_function)", REFUTED),
        ("total_variance(pathwise) < total_variance(with baseline)", CONFIRMED),
        ("evaluations(score_function) < evaluations(pathwise)", CONFIRMED),
        ("evaluations(score_function) >= evaluations(with baseline)", CONFIRMED),
        ("evaluations(score_function) > evaluations(with baseline)", REFUTED),
        ("work_normalized_variance(pathwise) < work_normalized_variance(score_function)", CONFIRMED),
        ("gap_closed(with baseline, score_function, pathwise) = 0.699 within 0.1", CONFIRMED),
        ("slope(total_variance(pathwise), num_samples) = -1 within 0.1", CONFIRMED),
        ("slope(total_variance(pathwise), num_samples) > -0.5", REFUTED),
        ("slope(signal_to_noise(pathwise), num_samples) = 0.5 within 0.1", CONFIRMED),
        ("slope(mean_norm(pathwise), num_samples) = 0 within 0.1", CONFIRMED),
        ("slope(work_normalized_variance(pathwise), num_samples) = 0 within 0.1", CONFIRMED),
        ("slope(directional_signal_to_noise(pathwise), num_samples) > 0.5", REFUTED),
        ("directional_signal_to_noise(pathwise) = 1 within 10%", CONFIRMED),
        ("constant_effect(score_function) > 30%", CONFIRMED),
        ("constant_effect(pathwise) > 30%", REFUTED),
        ("coordinate_lower(score_function) > 50%", CONFIRMED),
        ("mean_norm(score_function) = 1 within 5%", CONFIRMED),
        ("signal_to_noise(pathwise) > signal_to_noise(score_function)", CONFIRMED),
        ("coordinate_lower(score_function) < coordinate_lower(with baseline)", UNDECIDED),
        ("equal_means(score_function, pathwise)", CONFIRMED),
        ("equal_means(score_function, pathwise, margin=0.1%)", UNDECIDED),
        ("relative_projection(score_function) = 1 within 10%", CONFIRMED),
        ("variance_ratio(score_function, pathwise) > 50 under elbo at every problem.latent", CONFIRMED),
    ],
)
def test_each_comparison_reaches_its_verdict(test: str, verdict: str) -> None:
    assert only((test, verdict)).verdict == verdict


def test_a_broken_constant_leaves_the_curve_against_num_samples() -> None:
    found = crafted(experiment(), spoilt=lambda arm: arm.constant == 50.0)
    whole = crafted(experiment())
    label = "score_function"
    assert found.slope("total_variance", label) == whole.slope("total_variance", label)
    assert found.get("constant_effect", label).status.startswith("broken")
    curve = crafted(experiment(), spoilt=lambda arm: arm.num_samples == 4)
    assert curve.get("constant_effect", label) == whole.get("constant_effect", label)
    assert curve.slope("total_variance", label).status.startswith("broken")


def test_the_effect_of_a_contrast_names_both_statistics() -> None:
    same = only("total_variance(pathwise) < total_variance(score_function)")
    mixed = only("mean_norm(pathwise) < monte_carlo_share(score_function)")
    assert same.effect == "ratio of total variance"
    assert mixed.effect == "difference of mean norm and monte carlo share"


def test_one_bad_checkpoint_refutes_every_and_leaves_some() -> None:
    def late(cell: MeasurementCell, arm: Arm) -> float:
        return 0.5 if cell.checkpoint == 1 and arm.label == "score_function" else variance(cell, arm)

    ratio = "variance_ratio(score_function, pathwise)"
    at_every = only(f"{ratio} > 1 at every checkpoint", variances=late)
    assert at_every.verdict == REFUTED
    assert at_every.headline is not None
    assert at_every.headline.checkpoint == 1
    assert at_every.estimate.value == pytest.approx(0.5)
    assert [d.verdict for d in at_every.details] == [CONFIRMED, REFUTED, CONFIRMED]
    assert only(f"{ratio} > 1 at some checkpoint", variances=late).verdict == CONFIRMED
    assert only(f"{ratio} > 1 after checkpoint 1", variances=late).verdict == CONFIRMED
    assert only(f"{ratio} > 1 at checkpoint 1", variances=late).verdict == REFUTED
    lowest = only(f"{ratio} < 1 at some checkpoint", variances=late)
    assert lowest.verdict == CONFIRMED
    assert lowest.headline is not None
    assert lowest.headline.checkpoint == 1


def test_the_headline_is_the_comparison_closest_to_failing() -> None:
    def falling(cell: MeasurementCell, arm: Arm) -> float:
        return variance(cell, arm) * (100.0 - cell.checkpoint if arm.label == "score_function" else 1.0)

    claim = only("variance_ratio(score_function, pathwise) > 1 at every checkpoint", variances=falling)
    assert claim.verdict == CONFIRMED
    assert claim.headline is not None
    assert claim.headline.checkpoint == 5
    assert claim.estimate.value == pytest.approx(9500.0)
    assert claim.effect == "variance ratio"
    assert claim.estimate.low > claim.headline.low, "judged on the wider, simultaneous interval"


def test_scopes_choose_settings_and_nest() -> None:
    def at_three(cell: MeasurementCell, arm: Arm) -> float:
        small = cell.setting["problem.latent"] == 3 and arm.label == "score_function"
        return 0.5 if small else variance(cell, arm)

    ratio = "variance_ratio(score_function, pathwise) > 1"
    assert only(ratio, variances=at_three).verdict == CONFIRMED, "the base setting alone"
    every_latent = only(f"{ratio} at every problem.latent", variances=at_three)
    assert every_latent.verdict == REFUTED
    places = [(d.setting["problem.latent"], d.checkpoint) for d in every_latent.details]
    assert places == [(2, 0), (2, 1), (2, 5), (3, 5)]
    assert only(f"{ratio} at some problem.latent", variances=at_three).verdict == CONFIRMED
    nested = only(f"{ratio} at some problem.latent and at every checkpoint", variances=at_three)
    assert nested.verdict == CONFIRMED
    assert nested.headline is not None
    assert nested.headline.setting["problem.latent"] == 2


def test_a_scope_can_fix_a_setting() -> None:
    def at_three(cell: MeasurementCell, arm: Arm) -> float:
        small = cell.setting["problem.latent"] == 3 and arm.label == "score_function"
        return 0.5 if small else variance(cell, arm)

    ratio = "variance_ratio(score_function, pathwise) > 1"
    three = only(f"{ratio} at problem.latent 3", variances=at_three)
    assert three.verdict == REFUTED
    assert [(d.setting, d.checkpoint) for d in three.details] == [({"problem.latent": 3}, 5)]
    two = only(f"{ratio} at problem.latent 2", variances=at_three)
    assert two.verdict == CONFIRMED
    assert [d.checkpoint for d in two.details] == [0, 1, 5], "the base setting, at every checkpoint"
    assert two.where == "settings"
    early = only(f"{ratio} at problem.latent 2 and at checkpoint 0", variances=at_three)
    assert [d.checkpoint for d in early.details] == [0]


def test_scopes_that_fix_combine_with_the_others() -> None:
    def early(cell: MeasurementCell, arm: Arm) -> float:
        better = cell.setting["problem.latent"] == 2 and cell.setting["train.objective"] == "elbo_analytic_kl"
        return 0.5 if better and arm.label == "score_function" else variance(cell, arm)

    sweep = "{problem.latent: [2, 3, 4], train.objective: [elbo, elbo_analytic_kl]}"

    def judged(scopes: str) -> ClaimFinding:
        test = f"variance_ratio(score_function, pathwise) > 1 {scopes}"
        (claim,) = crafted(experiment(test, sweep=sweep), variances=early).claims
        return claim

    fixed = judged("at every problem.latent and at train.objective elbo_analytic_kl")
    assert fixed.verdict == REFUTED
    assert [d.setting["problem.latent"] for d in fixed.details] == [2, 3, 4]
    assert {d.setting["train.objective"] for d in fixed.details} == {"elbo_analytic_kl"}
    assert judged("at some problem.latent and at train.objective elbo_analytic_kl").verdict == CONFIRMED
    assert judged("at every problem.latent and at train.objective elbo").verdict == CONFIRMED
    assert judged("at every problem.latent").verdict == CONFIRMED, "the other stays at its base value"
    assert judged("at problem.latent 2 and at train.objective elbo_analytic_kl").verdict == REFUTED


def test_claims_are_judged_in_the_parameter_group_they_name() -> None:
    def alike(cell: MeasurementCell, arm: Arm) -> float:
        return 1.0 / arm.num_samples**2

    groups = {"mean": variance, "hidden.0": alike}
    for test, verdict in (
        ("variance_ratio(score_function, pathwise) > 50 in mean", CONFIRMED),
        ("variance_ratio(score_function, pathwise) > 50 in hidden.0", REFUTED),
        ("variance_ratio(score_function, pathwise) > 50", REFUTED),
        ("variance_ratio(score_function, pathwise) > 50 in all", REFUTED),
        ("total_variance(score_function) = 100 within 5% in mean", CONFIRMED),
        ("ordering(total_variance, pathwise, with baseline, score_function) in mean", CONFIRMED),
        ("total_variance(pathwise) < total_variance(with baseline) in hidden.0", UNDECIDED),
        ("signal_to_noise(score_function) = 0.1 within 5% in mean", CONFIRMED),
        ("mean_norm(pathwise) = 1 within 5% in hidden.0", CONFIRMED),
        ("gap_closed(with baseline, score_function, pathwise) = 0.699 within 0.1 in mean", CONFIRMED),
        ("slope(total_variance(pathwise), num_samples) = -1 within 0.1 in mean", CONFIRMED),
        ("slope(total_variance(pathwise), num_samples) = -2 within 0.1 in hidden.0", CONFIRMED),
        ("slope(signal_to_noise(pathwise), num_samples) = 1 within 0.1 in hidden.0", CONFIRMED),
        ("variance_ratio(score_function, pathwise) > 50 in mean under elbo at every checkpoint", CONFIRMED),
    ):
        assert only(test, variances=alike, groups=groups).verdict == verdict, test


@pytest.mark.parametrize(
    "comparison",
    ["variance_ratio(score_function, pathwise) > 1", "slope(mean_norm(pathwise), num_samples) < 1"],
)
def test_a_group_that_is_not_there_breaks_the_claim_and_the_groups_are_listed(comparison: str) -> None:
    claim = only(f"{comparison} in hidden.0", groups={"mean": variance})
    assert claim.verdict == BROKEN
    assert claim.cause == "broken: no parameter group 'hidden.0', the groups are all and mean"
    assert not claim.estimate.available
    assert crafted(experiment(f"{comparison} in hidden.0")).exit_code == 4


def test_a_slope_needs_logarithms() -> None:
    def none_at_four(cell: MeasurementCell, arm: Arm) -> float:
        return 0.0 if arm.num_samples == 4 else variance(cell, arm)

    for statistic, value in (("total_variance", "0"), ("signal_to_noise", "inf")):
        claim = only(f"slope({statistic}(pathwise), num_samples) < 0", variances=none_at_four)
        words = statistic.replace("_", " ")
        assert claim.verdict == UNDECIDED
        assert claim.estimate.status == (
            f"not available: the {words} of pathwise is {value} at K = 4, its logarithm has no value"
        )

    def lost_at_four(cell: MeasurementCell, arm: Arm) -> float:
        return -0.1 if arm.num_samples == 4 else 1.0

    lost = only("slope(mean_norm(pathwise), num_samples) < 0", norms=lost_at_four)
    assert lost.verdict == UNDECIDED
    assert "lost in the noise" in lost.estimate.status


def test_a_gradient_that_may_be_zero_at_the_claims_own_level_refutes_no_equal_means() -> None:
    """Where it is zero, one without noise has no part of what the reference's noise points to."""

    def none(cell: MeasurementCell, arm: Arm) -> float:
        return 0.0 if arm.label == "score_function" else 1.0

    declared = experiment("equal_means(pathwise, score_function) at every checkpoint")
    for spread, verdict in ((0.3, REFUTED), (0.5, UNDECIDED), (0.6, UNDECIDED)):
        found = crafted(declared, projections=none, spread=spread)
        assert found.get("relative_projection", "score_function").available, "at 95 % it is not zero"
        assert found.claims[0].verdict == verdict, spread
    assert found.claims[0].cause == "the mean gradient of pathwise is lost in the noise"


def test_equal_means_is_refuted_by_the_joint_test_alone() -> None:
    def tiny(cell: MeasurementCell, arm: Arm) -> float:
        return 1e-6 if arm.label == "score_function" and cell.checkpoint == 0 else 0.9

    claim = only("equal_means(pathwise, score_function)", p_values=tiny)
    assert claim.verdict == REFUTED
    assert claim.headline is not None
    assert claim.headline.p_value == pytest.approx(3e-6), "Holm over three images"
    assert only("equal_means(score_function, pathwise)").verdict == CONFIRMED


@pytest.mark.parametrize(("p_value", "verdict"), [(0.008, REFUTED), (0.01, CONFIRMED)])
def test_the_joint_test_is_held_against_the_level_of_all_looks(p_value: float, verdict: str) -> None:
    """Two of them, so 2.5 %; and Holm's correction takes the p-value of three images three times."""
    claim = only("equal_means(score_function, pathwise) at checkpoint 5", p_values=lambda cell, arm: p_value)
    assert claim.level == 1.0 - 0.05 / 2 and claim.verdict == verdict


def test_equal_means_is_refuted_by_the_projection_alone() -> None:
    def half(cell: MeasurementCell, arm: Arm) -> float:
        return 0.5 if arm.label == "score_function" else 1.0

    claim = only("equal_means(score_function, pathwise)", projections=half)
    assert claim.verdict == REFUTED
    assert claim.estimate.value == pytest.approx(0.5)


def test_without_a_joint_test_means_can_be_shown_to_differ_but_not_to_be_equal() -> None:
    def untested(cell: MeasurementCell, arm: Arm) -> float:
        return math.nan

    def half(cell: MeasurementCell, arm: Arm) -> float:
        return 0.5 if arm.label == "score_function" else 1.0

    few = {"differences": 7}
    test = "equal_means(score_function, pathwise)"
    unknown = only(test, p_values=untested, changes=few)
    assert unknown.verdict == UNDECIDED
    assert unknown.headline is not None
    needed = "the joint test needs 4 replicates for each of the 2 parameters of q, got 7 a data point"
    assert unknown.headline.cause == needed
    claim = only(test, p_values=untested, projections=half, changes=few)
    assert claim.verdict == REFUTED and claim.estimate.value == pytest.approx(0.5)
    assert claim.headline is not None and math.isnan(claim.headline.p_value)


def test_a_negative_control_is_in_order_when_refuted() -> None:
    claim = only(("variance_ratio(score_function, pathwise) < 1", "refuted"))
    assert claim.verdict == REFUTED
    assert claim.as_expected


def test_simultaneous_level_counts_every_look_of_the_experiment() -> None:
    found = crafted(
        experiment(
            "variance_ratio(score_function, pathwise) > 1",  # three checkpoints
            "equal_means(score_function, pathwise) at checkpoint 5",  # joint test and projection
            "ordering(total_variance, pathwise, with baseline, score_function) at checkpoint 0",  # two pairs
            "slope(total_variance(pathwise), num_samples) < 0",  # where it is measured
            "variance_ratio(score_function, pathwise) > 1 at every problem.latent",  # four cells
        )
    )
    assert found.comparisons == 3 + 2 + 2 + 1 + 4
    assert {claim.level for claim in found.claims} == {1.0 - 0.05 / 12}
    assert {detail.level for claim in found.claims for detail in claim.details} == {1.0 - 0.05 / 12}
    alone = only("variance_ratio(score_function, pathwise) > 1 at checkpoint 5")
    shared = found.claims[0].details[-1]
    assert alone.headline is not None
    assert alone.estimate.low == shared.estimate.low, "the interval shown does not depend on other claims"
    assert shared.low < alone.headline.low, "the one judged on does"


def test_a_broken_cell_breaks_the_claims_that_need_it_and_no_other() -> None:
    declared = experiment(
        "variance_ratio(score_function, pathwise) > 1 at every checkpoint",
        "variance_ratio(score_function, pathwise) > 1 at checkpoint 0",
        "variance_ratio(score_function, pathwise) > 200 at every checkpoint",
        "variance_ratio(score_function, pathwise) > 1 at some checkpoint",
    )
    found = crafted(declared, broken=lambda cell: cell.checkpoint == 1)
    assert [claim.verdict for claim in found.claims] == [BROKEN, CONFIRMED, REFUTED, CONFIRMED]
    assert found.claims[0].cause == "broken: the loss became inf"
    assert not found.claims[0].estimate.available
    assert found.exit_code == 4


def test_what_broke_is_the_cause_where_one_place_would_do() -> None:
    """A place that is only undecided does not stand for the claim, which would be broken without a reason."""
    declared = experiment("variance_ratio(score_function, pathwise) > 100 at some checkpoint")
    (claim,) = crafted(declared, broken=lambda cell: cell.checkpoint == 1).claims
    assert [detail.verdict for detail in claim.details] == [UNDECIDED, BROKEN, UNDECIDED]
    assert (claim.verdict, claim.cause) == (BROKEN, "broken: the loss became inf")
    assert not claim.estimate.available


def test_a_broken_arm_breaks_its_claims() -> None:
    broken = {"status": "broken", "cause": "found inf"}
    claim = only("variance_ratio(score_function, pathwise) > 1", changes=broken)
    assert (claim.verdict, claim.cause) == (BROKEN, "broken: found inf")


def test_exit_codes_come_from_the_findings() -> None:
    confirmed = "variance_ratio(score_function, pathwise) > 1"
    assert crafted(experiment()).exit_code == 0
    assert crafted(experiment(confirmed)).exit_code == 0
    assert crafted(experiment((confirmed, "refuted"))).exit_code == 1
    assert crafted(experiment("variance_ratio(score_function, pathwise) > 100")).exit_code == 3
    assert crafted(experiment(("variance_ratio(score_function, pathwise) > 100", "undecided"))).exit_code == 0
    assert crafted(experiment(confirmed), broken=lambda cell: not cell.base).exit_code == 4
    assert crafted(experiment(), changes={"status": "broken", "cause": "x"}).exit_code == 4


def test_what_is_not_available_is_undecided_with_a_reason() -> None:
    def lost(cell: MeasurementCell, arm: Arm) -> float:
        return math.nan if arm.label == "score_function" else 1.0

    claim = only("equal_means(score_function, pathwise)", projections=lost)
    assert claim.verdict == UNDECIDED
    assert "projection" in claim.estimate.status


def test_sections_are_named() -> None:
    tests = {
        "equal_means(score_function, pathwise)": "unbiasedness",
        "variance_ratio(score_function, pathwise) > 1": "training",
        "ordering(total_variance, pathwise, score_function)": "training",
        "gap_closed(with baseline, score_function, pathwise) > 0": "why",
        "slope(total_variance(pathwise), num_samples) < 0": "samples",
        "evaluations(score_function) < evaluations(pathwise)": "cost",
        "variance_ratio(score_function, pathwise) > 1 at every problem.latent": "settings",
        "variance_ratio(score_function, pathwise) > 1 at problem.latent 3": "settings",
        "crossover(score_function, pathwise, problem.latent) > 1": "settings",
        "slope(total_variance(pathwise), problem.latent) > 0": "settings",
        "slope(signal_to_noise(pathwise), num_samples) > 0": "signal",
        "directional_signal_to_noise(pathwise) > 0": "signal",
        "bias_squared(pathwise) < 1": "exact",
    }
    found = crafted(experiment(*tests), projections=one)
    assert [claim.where for claim in found.claims] == list(tests.values())
