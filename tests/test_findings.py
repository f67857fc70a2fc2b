"""Statistics against their definitions, what is not available, and the files for other programs."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reportgen.declaration.claims.statistics import SLOPES
from reportgen.declaration.claims.statistics import STATISTICS as CLAIMED
from reportgen.errors import StoreError
from reportgen.findings import Estimate, Findings, claims_text, collect, csv_text
from reportgen.findings.files import DIGITS
from reportgen.findings.statistics import bias
from reportgen.findings.statistics.arm import MeasuredArm, find
from reportgen.findings.statistics.estimate import NotAvailableError
from reportgen.findings.statistics.jackknife import Sample, logarithms
from reportgen.findings.statistics.named import STATISTICS, estimate, of_arm
from reportgen.findings.statistics.noise_split import data_variance, monte_carlo_share
from reportgen.findings.statistics.variance import is_zero, log_variance
from reportgen.locked import as_locked
from reportgen.plan import Arm, MeasurementCell, make_plan
from reportgen.store.records import MeasurementRecord, TrainingRecord
from tests.crafted import crafted, crafted_record, experiment, variance
from tests.synthetic import BUCKETS, COORDINATES, IMAGES, measurement, replicates, synthetic_findings
from tests.synthetic_experiment import synthetic_plan
from tests.synthetic_models import declared, models

Simulated = tuple[MeasurementRecord, dict[str, np.ndarray[Any, Any]]]
GOLDEN = Path(__file__).parent / "golden" / "results_crafted.csv"


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    """A simulated cell (epoch 1) and the replicates it was made of, [I n P]."""
    cell = synthetic_plan().measurements[1]
    names = ("score_function_optimal_constant", "pathwise")
    draws = {n: replicates(cell, Arm("reconstruction", n, n)).reshape(IMAGES, -1, COORDINATES) for n in names}
    return measurement(cell), draws


def arm_of(record: MeasurementRecord, label: str) -> MeasuredArm:
    found = find(record, "reconstruction", label)
    assert found is not None
    return found


def test_statistics_are_what_they_are_defined_to_be(simulated: Simulated) -> None:
    record, draws = simulated
    name = "score_function_optimal_constant"
    arm, mine, theirs = arm_of(record, name), draws[name], draws["pathwise"]
    count = mine.shape[1]
    noise = mine.var(1, ddof=1).sum(1)
    signal = (mine.mean(1) ** 2).sum(1) - noise / count
    halves = [
        [np.concatenate(np.split(d, BUCKETS, 1)[half::2], 1).mean((0, 1)) for half in (0, 1)]
        for d in (mine, theirs)
    ]
    along = [own[0] @ halves[1][1] + own[1] @ halves[1][0] for own in halves]
    expected = {
        "total_variance": noise.mean(),
        "variance_ratio": noise.mean() / theirs.var(1, ddof=1).sum(1).mean(),
        "mean_norm": math.sqrt(signal.mean()),
        "signal_to_noise": math.sqrt(signal.mean() / noise.mean()),
        "relative_projection": along[0] / along[1],
        "evaluations": 1.0,
        "work_normalized_variance": noise.mean(),
        "time_normalized_variance": noise.mean() * arm.about.seconds_per_replicate,
        "coordinate_lower": 1.0,
        "bias_statistic": arm.array("bias_statistic").max(),
        "detectable_bias": np.median(arm.array("detectable_bias")),
        "coordinate_variance_q50": np.median(mine.var(1, ddof=1).mean(0)),
    }
    for statistic, value in expected.items():
        found = of_arm(statistic, arm)
        assert found.value == pytest.approx(value, rel=1e-9), statistic
        if found.has_interval:
            assert found.low <= found.value <= found.high


def test_groups_are_measured_apart(simulated: Simulated) -> None:
    record, draws = simulated
    arm = arm_of(record, "pathwise")
    parts = [of_arm("total_variance", arm, group).value for group in record.groups]
    assert parts[0] == pytest.approx(sum(parts[1:]))
    first = draws["pathwise"][:, :, :10].var(1, ddof=1).sum(1).mean()
    assert parts[1] == pytest.approx(first)
    with pytest.raises(LookupError, match="no parameter group 'head'; there are all, hidden"):
        of_arm("total_variance", arm, "head")


def test_images_are_left_out_one_at_a_time(simulated: Simulated) -> None:
    record, draws = simulated
    mine = draws["pathwise"]
    means, noise = mine.mean(1), mine.var(1, ddof=1).sum(1)

    def spread(keep: list[int]) -> float:
        return float(means[keep].var(0, ddof=1).sum() - noise[keep].mean() / mine.shape[1])

    everything = list(range(IMAGES))
    sample = data_variance(arm_of(record, "pathwise"))
    assert sample.value == pytest.approx(spread(everything))
    fewer = [[i for i in everything if i != k] for k in everything]
    slow = [spread(kept) for kept in fewer]
    assert isinstance(sample, Sample)
    np.testing.assert_allclose(sample.plain().without[0], np.array(slow))
    share = monte_carlo_share(arm_of(record, "pathwise"))
    assert share.value == pytest.approx(noise.mean() / (noise.mean() + spread(everything)))
    slow = [noise[kept].mean() / (noise[kept].mean() + spread(kept)) for kept in fewer]
    assert isinstance(share, Sample)
    np.testing.assert_allclose(share.plain().without[0], np.array(slow))
    low, high = share.interval(0.95)
    assert 0.0 < low < share.value < high <= 1.0


def test_data_variance_belongs_to_the_objective() -> None:
    found = synthetic_findings()
    values = {found.get("data_variance", label).value for label in found.labels if "printed" not in label}
    assert len(values) == 1, "unbiased arms share the reference's"
    shares = [found.get("monte_carlo_share", label).value for label in ("pathwise", "score_function")]
    assert shares[0] < shares[1] < 1.0


@pytest.mark.parametrize(("objective", "own"), [("iwae", True), ("elbo", False)])
def test_a_bound_of_another_k_is_another_objective(simulated: Simulated, objective: str, own: bool) -> None:
    record = simulated[0]
    place = arm_of(record, "score_function").index
    changed = [
        dataclasses.replace(arm, objective=objective, num_samples=8 if i == place else arm.num_samples)
        for i, arm in enumerate(record.arms)
        if arm.objective == "reconstruction"
    ]
    arrays = {name: values[: len(changed)] for name, values in record.arrays.items()}
    assert [arm.objective for arm in record.arms[: len(changed)]] == ["reconstruction"] * len(changed)
    one = MeasuredArm(dataclasses.replace(record, arms=tuple(changed), arrays=arrays), place)
    spread, reference = data_variance(one).value, data_variance(one.reference).value
    assert (spread != reference) is own
    noise = one.array("variance")[:, 0].mean()
    assert monte_carlo_share(one).value == pytest.approx(noise / (noise + spread))
    for name in ("relative_projection", "cosine_to_reference"):
        told = of_arm(name, one)
        assert told.available is not own
        assert not own or told.status == (
            "not available: the IWAE bound has another gradient for each K, and pathwise has K = 1"
        )


def test_holm_adjusts_step_by_step() -> None:
    np.testing.assert_allclose(bias.holm(np.array([0.01, 0.04, 0.03])), [0.03, 0.06, 0.06])
    np.testing.assert_allclose(bias.holm(np.array([0.6, 0.5])), [1.0, 1.0])


def test_lookups_have_sensible_defaults() -> None:
    found = synthetic_findings()
    last = found.get("total_variance", "pathwise")
    assert last == found.get(
        "total_variance",
        "pathwise",
        objective="reconstruction",
        checkpoint=200,
        setting={"problem.latent": 10},
    )
    assert last != found.get("total_variance", "pathwise", checkpoint=0)
    assert last != found.get("total_variance", "pathwise", setting={"problem.latent": 50})
    assert found.checkpoints == (0, 1, 5, 20, 50, 100, 200)
    assert found.settings("problem.latent") == (2, 5, 10, 20, 50)
    assert found.reference() == "pathwise"
    assert found.estimator_of["as printed in the source post"] == "score_function_as_printed"
    assert [k for k, _ in found.curve("pathwise")] == [1, 2, 4, 8, 16, 32]
    assert [k for k, _ in found.curve("leave_one_out")] == [2, 4, 8, 16, 32]
    assert [c for c, _ in found.constants("score_function")] == [-50.0, 0.0, 50.0]
    assert found.images_lower("pathwise", "score_function") == (IMAGES, IMAGES)


def test_what_was_not_measured_is_not_available() -> None:
    found = synthetic_findings()
    for missing in (
        found.get("total_variance", "pathwise", checkpoint=3),
        found.get("total_variance", "pathwise", num_samples=7),
        found.ratio("score_function", "pathwise", setting={"problem.latent": 3}),
        found.slope("total_variance", "pathwise", checkpoint=0),
    ):
        assert not missing.available
        assert missing.status.startswith("not available: ")
    assert found.coordinates("pathwise", checkpoint=3) is None
    assert found.images_lower("pathwise", "score_function", checkpoint=3) == (0, 0)
    with pytest.raises(LookupError, match="no estimator 'reinforce'; there are score_function"):
        found.get("total_variance", "reinforce")
    with pytest.raises(LookupError, match="no statistic 'variance'; there are total_variance"):
        found.get("variance", "pathwise")


def test_coordinates_have_quantiles_and_a_histogram() -> None:
    found = synthetic_findings().coordinates("pathwise")
    assert found is not None
    assert [p for p, _ in found.quantiles] == [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]
    values = [estimate.value for _, estimate in found.quantiles]
    assert values == sorted(values)
    assert sum(found.counts) == found.count - found.dead == COORDINATES
    assert len(found.edges) == len(found.counts) + 1
    group = synthetic_findings().coordinates("pathwise", "mean")
    assert group is not None
    assert (group.count, group.counts) == (4, ())


def _altered(**changes: Any) -> MeasuredArm:
    cell = next(c for c in make_plan(experiment(), "0" * 64).measurements)
    record = crafted_record(cell)
    pairs = zip(record.arms, cell.arms, strict=True)
    record = dataclasses.replace(record, arms=tuple(dataclasses.replace(a, label=p.label) for a, p in pairs))
    for name, value in changes.items():
        record.arrays[name][0] = value
    return MeasuredArm(record, 0)


def test_zero_variance_is_zero_without_a_warning() -> None:
    arm = _altered(variance=0.0, variance_without=0.0)
    found = of_arm("total_variance", arm)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    ratio = of_arm("variance_ratio", arm)
    assert (ratio.value, ratio.low, ratio.high) == (0.0, 0.0, 0.0)
    assert of_arm("signal_to_noise", arm).value == math.inf
    assert of_arm("monte_carlo_share", arm).value == 0.0
    assert of_arm("work_normalized_variance", arm).value == 0.0


@pytest.mark.parametrize("measured", [1.0, 1e-18, 1e-22, 0.0, -1e-30])
@pytest.mark.parametrize("known", [None, 1.0, 0.0, math.nan])
def test_a_variance_is_zero_where_its_logarithm_has_none(measured: float, known: float | None) -> None:
    arm = _altered(variance=measured)
    if known is not None:
        arm.record.arrays["exact_variance"] = np.full_like(arm.record.arrays["variance"], known)
    assert is_zero(arm, "all") == math.isinf(log_variance(arm).working)


def test_of_no_variance_it_is_not_told_whether_it_is_zero() -> None:
    arm = _altered(variance=math.nan)
    for of in (lambda: is_zero(arm, "all"), lambda: log_variance(arm)):
        with pytest.raises(NotAvailableError, match="no variance"):
            of()


def test_logarithms_are_the_same_whatever_stands_beside_them() -> None:
    values = np.random.default_rng(3).uniform(1e-9, 1e9, (5, 32))
    beside = np.append(values, [[0.0], [-1.0], [math.nan], [1.0], [math.inf]], axis=1)
    found = logarithms(beside)
    assert np.array_equal(logarithms(values), found[:, :-1])
    assert np.array_equal(found[:, -1], [math.nan, math.nan, math.nan, 0.0, math.inf], equal_nan=True)
    assert np.array_equal(logarithms(np.array([0.0, 1.0])), [math.nan, 0.0], equal_nan=True)


@pytest.mark.parametrize("squared", [0.0, -1e-30, 1e-25])
def test_no_noise_has_lost_a_mean_of_estimates_that_are_all_zero(squared: float) -> None:
    """Whether rounding leaves nothing of it, or a little on either side."""
    arm = _altered(variance=0.0, variance_without=0.0, squared_norm=squared, squared_norm_without=squared)
    norm = of_arm("mean_norm", arm)
    assert (norm.value, norm.low, norm.high, norm.status) == (0.0, 0.0, 0.0, "met")
    assert of_arm("signal_to_noise", arm).status.endswith("every estimate is zero: no signal, and no noise")


def test_of_no_mean_it_is_not_told_that_noise_has_lost_it() -> None:
    arm = _altered(squared_norm=math.nan)
    for name in ("mean_norm", "signal_to_noise"):
        assert "no mean of this arm" in of_arm(name, arm).status


def test_an_estimate_of_several_arms_has_the_least_sure_status() -> None:
    def status(*of: str) -> str:
        arms = []
        for one in of:
            record = _altered().record
            first = dataclasses.replace(record.arms[0], status=one)
            arms.append(MeasuredArm(dataclasses.replace(record, arms=(first, *record.arms[1:])), 0))
        return estimate(lambda: 1.0, *arms).status

    assert status("met", "met") == "met"
    assert status("met", "control") == status("control", "met") == "control"
    assert status("control", "budget") == status("budget", "control", "met") == "budget"
    assert status("budget", "broken").startswith("broken")


def test_something_over_zero_is_infinite_and_zero_over_zero_is_not_available() -> None:
    def nothing(cell: MeasurementCell, arm: Arm) -> float:
        return 1.0 if arm.label == "score_function" else 0.0

    found = crafted(experiment(), variances=nothing)
    assert found.ratio("score_function", "pathwise").value == math.inf
    both = found.ratio("with baseline", "pathwise")
    assert both.status == "not available: both variances are zero"
    closed = found.gap_closed("with baseline", "score_function", "pathwise")
    assert "the variance of with baseline is zero" in closed.status


def test_the_gap_is_closed_at_equal_numbers_of_samples() -> None:
    found = synthetic_findings()
    v = {
        name: found.get("total_variance", name).value
        for name in ("score_function", "leave_one_out", "pathwise")
    }
    share = found.gap_closed("leave_one_out", "score_function", "pathwise").value  # K = 2 against K = 1
    whole = math.log(v["score_function"] / v["pathwise"])
    assert share == pytest.approx(math.log(v["score_function"] / (2 * v["leave_one_out"])) / whole)
    assert share != pytest.approx(math.log(v["score_function"] / v["leave_one_out"]) / whole)


@pytest.mark.parametrize(("ahead", "told"), [(1.0, False), (1.002, False), (1.5, True)])
def test_of_a_gap_lost_in_the_noise_there_is_no_share(ahead: float, told: bool) -> None:
    found = crafted(
        experiment(),
        variances=lambda _, arm: {"score_function": ahead, "with baseline": 1.2, "pathwise": 1.0}[arm.label],
        spread=0.02,
    )
    share = found.gap_closed("with baseline", "score_function", "pathwise")
    assert share.available is told
    if not told:
        assert share.status == (
            "not available: the gap between score_function and pathwise is lost in the noise"
        )
        assert share.lost


def test_one_replicate_is_not_available_and_never_zero() -> None:
    found = crafted(experiment(), changes={"replicates": 1})
    variance_ = found.get("total_variance", "pathwise")
    assert math.isnan(variance_.value)
    assert variance_.status == "not available: needs 2 replicates, got 1"


def test_a_norm_below_its_noise_is_not_available() -> None:
    for name in ("mean_norm", "signal_to_noise"):
        found = of_arm(name, _altered(squared_norm=-0.1))
        assert math.isnan(found.value)
        assert "lost in the noise" in found.status
    lost = of_arm("cosine_to_reference", _altered(batch_squared_norm=-0.1))
    assert "mean gradient of score_function over the images is lost" in lost.status


@pytest.mark.parametrize(
    ("eta", "parameters", "kind", "told"),
    [
        (2, 7, "phi", False),
        (4, 2, "phi", False),
        (0, 2, "phi", False),
        (3, 7, "phi", True),
        (0, 7, "phi", True),
        (4, 4, "theta", False),
    ],
)
def test_across_two_directions_the_directional_ratio_has_no_mean(
    eta: int, parameters: int, kind: str, told: bool
) -> None:
    arm = _altered()
    one = dataclasses.replace(arm.about, parameters=kind)
    arrays = {**arm.record.arrays, "coordinate_count": np.array([parameters, 2.0])}
    record = dataclasses.replace(
        arm.record,
        eta=eta,
        parameters=parameters,
        groups=("all", "θ mean"),
        arms=(one, *arm.record.arms[1:]),
        arrays=arrays,
    )
    found = of_arm("directional_signal_to_noise", MeasuredArm(record, 0))
    assert found.available is told
    assert told or found.status == (
        "not available: across the gradient there is one direction, where the ratio has no mean"
    )


def test_an_estimator_that_is_the_reference_draw_by_draw_has_no_bias_to_be_detected() -> None:
    arm = _altered(bias_statistic=0.0, bias_p_value=1.0, detectable_bias=math.nan)
    assert of_arm("bias_p_value", arm).value == 1.0
    found = of_arm("detectable_bias", arm)
    assert found.status == (
        "not available: differences to the reference do not vary along the gradient of every data point"
    )


@pytest.mark.parametrize(
    ("norms", "told"), [((1.0, 1.0, 1.0), True), ((1.0, 1.0, 0.0), True), ((1.0, 0.0, 0.0), False)]
)
def test_a_bias_relative_to_a_gradient_lost_in_the_noise_is_not_told(
    norms: tuple[float, ...], told: bool
) -> None:
    arm = _altered()
    reference = arm.reference
    reference.record.arrays["squared_norm"][reference.index] = np.array(norms)[:, None]
    found = of_arm("detectable_bias", arm)
    assert found.available is told
    assert told or found.status == (
        "not available: the gradient that a bias would be relative to is lost in the noise"
    )
    assert found.lost is not told


def test_an_arm_against_itself_is_exactly_one() -> None:
    found = synthetic_findings()
    for name in ("variance_ratio", "relative_projection", "cosine_to_reference"):
        one = found.get(name, "pathwise")
        assert (one.value, one.low, one.high) == (1.0, 1.0, 1.0)


def test_budget_shows_in_everything_made_from_the_arm() -> None:
    found = crafted(experiment(), changes={"status": "budget"})
    assert found.get("total_variance", "pathwise").status == "budget"
    assert found.ratio("score_function", "pathwise").status == "budget"


def test_records_are_read_under_the_names_of_the_plan() -> None:
    """Cells are shared between experiments; labels are not."""
    found = crafted(experiment())
    assert {arm.label for record in found.measurements for arm in record.arms} == set(found.labels)
    declared = experiment()
    plan = make_plan(declared, "0" * 64)
    cell = plan.measurements[0]
    wrong = dataclasses.replace(crafted_record(cell), arms=crafted_record(cell).arms[1:])
    with pytest.raises(StoreError, match=f"cell {cell.key}: needs the record of its 6 arms, found one of 5"):
        collect(declared, plan, {cell.key: wrong})
    other = TrainingRecord(cell.key, {}, "digits", (0,), (), {"0": 0.0}, {}, 0.0, {})
    with pytest.raises(StoreError, match="needs the record of a measurement, found a TrainingRecord"):
        collect(declared, plan, {cell.key: other})


def test_a_missing_cell_is_broken_and_has_rows() -> None:
    found = crafted(experiment(), broken=lambda cell: cell.checkpoint == 1)
    assert [record.cause for record in found.broken] == ["the loss became inf"]
    rows = [row for row in found.rows if row.checkpoint == 1]
    assert len(rows) == 6
    assert {row.status for row in rows} == {"broken: the loss became inf"}
    assert all(math.isnan(row.value) for row in rows)
    declared = experiment()
    nothing = collect(declared, make_plan(declared, "0" * 64), {})
    assert {record.cause for record in nothing.broken} == {"it was not trained", "it was not measured"}
    assert nothing.checkpoints == ()
    assert nothing.exit_code == 4


@pytest.mark.skipif(
    not as_locked("scipy", version("scipy")),
    reason="special functions of another scipy have other last digits",
)
def test_results_csv_is_the_golden_file(tmp_path: Path) -> None:
    """Text to the letter; intervals to what another machine's logarithm may change, a last digit written.

    Written anew with `python -m tests.test_findings`.
    """
    (tmp_path / "results.csv").write_bytes(csv_text(_golden()).encode())
    found, golden = (p.read_text(encoding="utf-8").splitlines() for p in (tmp_path / "results.csv", GOLDEN))
    assert len(found) == len(golden), "with a new statistic: python -m tests.test_findings"
    for line, wanted in zip(csv.reader(found), csv.reader(golden), strict=True):
        assert [*line[:9], *line[12:]] == [*wanted[:9], *wanted[12:]]
        for mine, theirs in zip(line[9:12], wanted[9:12], strict=True):
            assert mine == theirs or float(mine) == pytest.approx(float(theirs), rel=10.0 ** (1 - DIGITS))


def test_results_csv_reads_back_to_the_bit_and_its_intervals_hold_what_was_found() -> None:
    found = crafted(experiment())
    text = csv_text(found)
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(table[0])[:14] == [
        "experiment", "cell", "dataset", "objective", "estimator", "num_samples", "checkpoint", "group",
        "statistic", "value", "ci_low", "ci_high", "replicates", "status",
    ]  # fmt: skip
    assert list(table[0])[14:] == ["problem.latent", "constant"]
    assert len(table) == len(found.rows)
    for line, row in zip(table, found.rows, strict=True):
        assert line["value"] == "" if math.isnan(row.value) else float(line["value"]) == row.value
        if math.isnan(row.ci_low) or row.ci_low == row.ci_high:
            assert line["ci_low"] == line["ci_high"] == ("" if math.isnan(row.ci_low) else repr(row.ci_low))
            continue
        low, high = float(line["ci_low"]), float(line["ci_high"])
        assert low <= row.ci_low <= row.value <= row.ci_high <= high
        assert (low, high) == pytest.approx((row.ci_low, row.ci_high), rel=10.0 ** (1 - DIGITS))
        assert all(float(f"{end:.{DIGITS}g}") == end for end in (low, high))
    assert {line["constant"] for line in table} == {"-50.0", "0.0", "50.0"}
    assert {line["problem.latent"] for line in table} == {"2", "3"}


def test_every_declared_statistic_has_rows() -> None:
    found = synthetic_findings()
    always = {name for name, kind in STATISTICS.items() if kind.of_first_layer or not kind.needs}
    assert {row.statistic for row in found.rows} == always, "none for what this problem does not know"
    whole = [r for r in found.rows if r.statistic == "total_variance" and r.group == "all"]
    curve = [r for r in whole if r.num_samples == 32]
    assert len(curve) == 7, "every estimator at K = 32"


def test_claims_json_has_the_promised_fields(tmp_path: Path) -> None:
    found = crafted(
        experiment(
            "variance_ratio(score_function, pathwise) > 1",
            ("equal_means(with baseline, pathwise)", "refuted"),
        ),
        broken=lambda cell: cell.checkpoint == 1,
    )
    (tmp_path / "claims.json").write_bytes(claims_text(found).encode())
    first, second = json.loads((tmp_path / "claims.json").read_text(encoding="utf-8"))
    assert list(first)[:7] == ["id", "statement", "verdict", "estimate", "ci_low", "ci_high", "source"]
    assert (first["id"], first["verdict"], first["estimate"]) == ("c0", "broken", None)
    assert first["cause"] == "broken: the loss became inf"
    assert [part["verdict"] for part in second["comparisons"]] == ["confirmed", "broken", "confirmed"]
    assert second["comparisons"][0]["setting"] == {"problem.latent": 2}
    assert second["as_expected"] is False


def test_findings_need_no_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import reportgen.findings, reportgen.findings.prose"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_estimates_know_whether_they_have_a_value() -> None:
    assert Estimate(1.0, 0.5, 2.0).has_interval
    assert not Estimate(1.0).has_interval
    assert Estimate(1.0).available
    assert not Estimate(math.nan).available


def test_the_slope_of_every_statistic_that_has_one_is_that_of_its_values() -> None:
    found = synthetic_findings()
    for statistic in SLOPES:
        ks = [k for k, _ in found.curve("pathwise")]
        values = [found.get(statistic, "pathwise", num_samples=k).value for k in ks]
        slope = found.slope(statistic, "pathwise")
        assert slope.value == pytest.approx(np.polyfit(np.log(ks), np.log(values), 1)[0], abs=1e-9), statistic
        assert slope.low < slope.value < slope.high
    truth = {
        "total_variance": -1.0,
        "signal_to_noise": 0.5,
        "mean_norm": 0.0,
        "work_normalized_variance": 0.0,
    }
    for statistic, expected in truth.items():
        slope = found.slope(statistic, "pathwise")
        assert slope.low < expected < slope.high, statistic
        assert slope.high - slope.low < 0.1, statistic
    assert found.slope("signal_to_noise", "pathwise", group="mean").value == pytest.approx(0.5, abs=0.05)
    with pytest.raises(LookupError, match=r"slopes are made of total_variance, .*, got 'evaluations'"):
        found.slope("evaluations", "pathwise")


def test_what_claims_may_name_is_what_is_measured() -> None:
    """The declaration's table and the press's agree, on groups too."""
    of_one = {name for name, kind in CLAIMED.items() if kind.estimators == 1 and not kind.objectives} - {
        "constant_effect"
    }
    assert of_one <= set(STATISTICS)
    assert {name for name in of_one if CLAIMED[name].by_group} == {
        name for name in of_one if STATISTICS[name].by_group
    }
    assert set(SLOPES) <= of_one


def _golden() -> Findings:
    """One number in a thousand is enough: the first cell's first arms, at full precision."""
    found = crafted(experiment(), broken=lambda cell: cell.checkpoint == 1, variances=variance)
    early = [row for row in found.rows if row.checkpoint < 5 and row.objective == "reconstruction"]
    kept = [row for row in early if row.estimator in ("score_function", "pathwise")]
    object.__setattr__(found, "rows", tuple(dataclasses.replace(row, cell="key") for row in kept))
    return found


def test_what_is_relative_names_what_it_is_relative_to() -> None:
    found = models(declared())
    assert found.compared_with == {"iwae": {"doubly_reparameterized": "pathwise"}}, "θ has its own, and is it"
    flagship = synthetic_findings().compared_with
    assert set(flagship) == {"reconstruction", "elbo", "elbo_analytic_kl"}
    assert set(flagship["elbo"].values()) == {"pathwise"} and "score_function" in flagship["elbo"]
    assert "pathwise" not in flagship["elbo"]


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_bytes(csv_text(_golden()).encode())
