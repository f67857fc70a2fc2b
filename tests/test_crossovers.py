"""Where two estimators change places: against a slow twin, closed forms, and the coverage of the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import reportgen
from reportgen.findings import ClaimFinding, Crossover, Findings
from reportgen.findings.claims.comparisons import made_with
from reportgen.findings.claims.crossings import verdict
from reportgen.findings.statistics.arm import MeasuredArm
from reportgen.findings.statistics.crossovers import Stretch, crossovers, curve, possible, sign_changes
from reportgen.findings.verdicts import BROKEN, CONFIRMED, REFUTED, UNDECIDED
from reportgen.plan import Arm, MeasurementCell
from reportgen.streams import stream
from tests.crafted import IMAGES, Arrays, crafted, experiment
from tests.known import known
from tests.toy_records import arm_record, record, repetitions

Array = NDArray[np.float64]
NAN, INF = math.nan, math.inf

# --- lines through points ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "found"),
    [
        pytest.param([-1.0, 1.0, 2.0, 3.0], [(0.5, 1)], id="up"),
        pytest.param([3.0, 1.0, -3.0, -4.0], [(1.25, -1)], id="down"),
        pytest.param([-1.0, 3.0, -1.0, -2.0], [(0.25, 1), (1.75, -1)], id="up and down"),
        pytest.param([-1.0, 0.0, 1.0, 2.0], [(1.0, 1)], id="at a point"),
        pytest.param([-1.0, 0.0, 0.0, 2.0], [(1.5, 1)], id="at two"),
        pytest.param([1.0, 0.0, 1.0, 2.0], [], id="comes back from zero"),
        pytest.param([0.0, 0.0, 1.0, 2.0], [], id="starts at zero"),
        pytest.param([0.0, 0.0, 0.0, 0.0], [], id="is zero"),
        pytest.param([-1.0, NAN, 1.0, 2.0], [(1.0, 1)], id="past what is not known"),
        pytest.param([NAN, NAN, NAN, 2.0], [], id="nothing known"),
        pytest.param([-INF, 1.0, 1.0, 1.0], [(0.5, 1)], id="from minus infinity"),
        pytest.param([1.0, 1.0, INF, -INF], [(2.5, -1)], id="between infinities"),
    ],
)
def test_a_line_crosses_zero_where_its_sign_changes(y: list[float], found: list[tuple[float, int]]) -> None:
    assert sign_changes(np.arange(4.0), np.array(y)) == found


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        pytest.param([-3, -2, 1, 2], [-1, -1, 3, 3], [Stretch(1.25, 5 / 3, -1, 1)], id="up"),
        pytest.param([1, 1, -3, -4], [3, 2, -2, -3], [Stretch(1.25, 1.5, 1, -1)], id="down"),
        pytest.param([-2, -2, -2, -2], [-1, -1, -1, -1], [], id="never"),
        pytest.param([-1, -1, -1, -1], [1, 1, 1, 1], [Stretch(-INF, INF, 0, 0)], id="anywhere"),
        pytest.param([-1, -1, 1, 1], [1, 1, 2, 2], [Stretch(-INF, 1.5, 0, 1)], id="from the left"),
        pytest.param([-2, -2, -2, -2], [-1, -1, -1, 1], [Stretch(2.5, INF, -1, 0)], id="to the right"),
        pytest.param([1, -1, -1, 1], [3, 3, 3, 3], [Stretch(0.5, 2.5, 1, 1)], id="or not at all"),
        pytest.param([-2, 1, -2, -2], [-1, 2, -1, -1],
                     [Stretch(1 / 3, 2 / 3, -1, 1), Stretch(4 / 3, 5 / 3, 1, -1)], id="twice"),
        pytest.param([-2, -INF, 1, 2], [-1, INF, 2, 3], [Stretch(0.0, 2.0, -1, 1)], id="past the unknown"),
        pytest.param([-INF, 1, 1, 1], [-INF, 2, 2, 2], [Stretch(0.0, 1.0, -1, 1)], id="from infinity"),
    ],
)  # fmt: skip
def test_it_can_cross_only_between_the_ends(low: Any, high: Any, found: list[Stretch]) -> None:
    made = possible(np.arange(4.0), np.array(low, dtype=float), np.array(high, dtype=float))
    assert [(s.before, s.after) for s in made] == [(s.before, s.after) for s in found]
    assert [end for s in made for end in (s.low, s.high)] == pytest.approx(
        [end for s in found for end in (s.low, s.high)]
    )
    assert [s.sure for s in made] == [s.before * s.after == -1 for s in found]


def test_stretches_and_zeros_are_those_of_a_slow_twin() -> None:
    """The lines drawn on a fine grid, and looked at point by point."""
    rng = stream(1, "twin")
    step = 1e-3
    for _ in range(100):
        x = np.sort(rng.uniform(0.0, 5.0, 6))
        y = rng.normal(size=6)
        low, high = y - rng.exponential(0.5, 6), y + rng.exponential(0.5, 6)
        grid = np.arange(x[0], x[-1], step)
        drawn, below, above = (np.interp(grid, x, ends) for ends in (y, low, high))
        zeros = [float(a) for (a, u), (_, v) in pairwise(zip(grid, drawn, strict=True)) if u * v < 0.0]
        assert [at for at, _ in sign_changes(x, y)] == pytest.approx(zeros, abs=2 * step)
        inside = (below <= 0.0) & (above >= 0.0)
        stretches = possible(x, low, high)
        told = [any(s.low <= point <= s.high for s in stretches) for point in grid]
        edges = [end for s in stretches for end in (s.low, s.high)]
        near = np.array([min((abs(end - point) for end in edges), default=INF) < step for point in grid])
        assert (inside == told)[~near].all()


# --- records -------------------------------------------------------------------------------------------


def pair(value: float, ratio: float, **arrays: Any) -> tuple[float, MeasuredArm, MeasuredArm]:
    """Two arms with this ratio of variances, known to about 1 %."""
    variances = np.array([ratio, 1.0])[:, None, None]
    noise = 1.0 + 0.01 * np.array([[-1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, -1.0]])
    made = record(
        [arm_record("a"), arm_record("b", reference=True)],
        {
            "variance": variances,
            "variance_without": variances[:, :, None] * noise[:, None, :, None],
            "squared_norm": np.ones_like(variances),
        },
    )
    made = known(made, **arrays)
    return value, MeasuredArm(made, 0), MeasuredArm(made, 1)


def test_interpolation_is_on_the_scale_on_which_a_setting_is_seen() -> None:
    ratios = (0.5, 2.0)
    for values, at in (
        ((1.0, 3.0), 2.0),
        ((0.5, 5.0), 2.75),
        ((0.1, 10.0), 1.0),
        ((-1.0, 20.0), 9.5),
        ((0.0, 20.0), 10.0),
        ((1.0, 2.0, 4.0), math.sqrt(2.0)),
        ((1.0, 2.0, 3.0), 1.5),
    ):
        points = zip(values, (*ratios, 2.0)[: len(values)], strict=True)
        (found,) = crossovers([pair(*point) for point in points], "p.k")
        assert found.at == pytest.approx(at)
        assert values[0] < found.low < found.at < found.high < values[1]
        assert (found.setting, found.loses_beyond) == ("p.k", "a")


def test_who_loses_beyond_is_who_was_lower_before() -> None:
    up, down = crossovers([pair(1, 0.5), pair(2, 2.0), pair(3, 0.5)], "p.k")
    assert (up.loses_beyond, down.loses_beyond) == ("a", "b")
    assert up.at < down.at


def test_a_crossover_that_no_value_bounds_has_no_end_there_on_either_scale() -> None:
    (found,) = crossovers([pair(1, 0.999), pair(2, 2.0)], "p.k")
    assert (found.low, found.high) == (-INF, pytest.approx(found.high))
    (found,) = crossovers([pair(1, 0.5), pair(20, 1.001)], "p.k")
    assert 1.0 < found.low < found.at < found.high == INF
    (found,) = crossovers([pair(1, 0.999), pair(20, 2.0)], "p.k")
    assert found.low == -INF, "on the log scale, where 0 would be read as a value"


def test_one_value_is_no_curve_and_a_zero_variance_has_a_sign() -> None:
    assert crossovers([], "p.k") == ()
    assert crossovers([pair(1, 0.5)], "p.k") == ()
    (found,) = crossovers([pair(1, 0.0), pair(2, 2.0), pair(3, 2.0)], "p.k")
    assert (found.at, found.low, found.high) == (1.5, 1.0, 2.0)
    nothing = pair(2, 0.0)[1]
    (found,) = crossovers([pair(1, 0.5), (2, nothing, nothing), pair(3, 2.0)], "p.k")
    assert (found.at, found.low, found.high) == (2.0, 1.0, 3.0)


def test_the_exact_curve_crosses_beside_the_measured_one() -> None:
    def both(value: float, ratio: float, exactly: float) -> tuple[float, MeasuredArm, MeasuredArm]:
        return pair(value, ratio, exact_variance=np.array([exactly, 1.0])[:, None, None])

    found = crossovers([both(1, 0.5, 0.25), both(2, 2.0, 2.0), both(3, 0.5, 0.25)], "p.k")
    assert [one.exact for one in found] == pytest.approx([1 + 2 / 3, 2 + 1 / 3])
    (found_up, _) = crossovers([both(1, 0.5, 0.25), both(2, 2.0, 2.0), both(3, 0.5, 2.0)], "p.k")
    assert found_up.exact == pytest.approx(1 + 2 / 3)
    assert math.isnan(crossovers([both(1, 0.5, 0.25), both(2, 2.0, 0.5)], "p.k")[0].exact)
    assert math.isnan(crossovers([both(1, 0.5, NAN), both(2, 2.0, 2.0)], "p.k")[0].exact)
    assert math.isnan(crossovers([pair(1, 0.5), both(2, 2.0, 2.0)], "p.k")[0].exact)
    assert both(1, 0.5, 0.0)[1].record.arrays["exact_variance"][0] == 0.0
    (zero,) = crossovers([both(1, 0.5, 0.0), both(2, 2.0, 2.0)], "p.k")
    assert zero.exact == 1.5


def test_a_crossover_is_sure_where_the_intervals_or_the_exact_curve_tell_it() -> None:
    def both(value: float, ratio: float, exactly: float) -> tuple[float, MeasuredArm, MeasuredArm]:
        return pair(value, ratio, exact_variance=np.array([exactly, 1.0])[:, None, None])

    def sure(*pairs: tuple[float, MeasuredArm, MeasuredArm]) -> list[bool]:
        return [one.sure for one in crossovers(pairs, "p.k")]

    assert sure(pair(1, 0.5), pair(2, 2.0), pair(3, 0.5)) == [True, True]
    assert sure(pair(1, 0.999), pair(2, 2.0)) == [False], "at 1 the two are not told apart"
    assert sure(pair(1, 2.0), pair(2, 0.999), pair(3, 2.0)) == [False, False], "above on either side"
    wavering = pair(1, 0.5), pair(2, 1.001), pair(3, 0.999), pair(4, 2.0)
    assert sure(*wavering) == [False] * 3, "one of the three, and which is not told"
    assert sure(both(1, 0.999, 0.999), both(2, 2.0, 2.0)) == [True], "as the exact variances have it"
    assert sure(both(1, 0.999, 1.001), both(2, 2.0, 2.0)) == [False]


# --- how often the truth is covered ---------------------------------------------------------------------

ROOT, STEEPNESS = 2.2, 0.35
VALUES = (0.5, 1.0, 2.0, 3.0, 4.0)
REPETITIONS = 600
TOLERANCE = 3.0 * math.sqrt(0.95 * 0.05 / REPETITIONS)


def noisy_curves() -> Iterator[list[tuple[float, MeasuredArm, MeasuredArm]]]:
    """Estimates with variances e^(s (k − root)) and 1, whose noise is shared in part, 400 replicates each."""
    rng = stream(1, "curves")
    columns = []
    for value in VALUES:
        mine, shared = rng.normal(size=(2, REPETITIONS, 2, 8, 25))
        other = (mine + shared) / math.sqrt(2.0)
        scale = math.exp(STEEPNESS * (value - ROOT) / 2.0)
        columns.append([(value, *arms) for arms in repetitions({"a": scale * mine, "b": other})])
    for row in zip(*columns, strict=True):
        yield [(value, a, b) for value, a, b in row]


def _coverage(level: float) -> float:
    hits = 0
    for pairs in noisy_curves():
        found = crossovers(pairs, "p.k", level=level)
        hits += any(one.low <= ROOT <= one.high for one in found)
    return hits / REPETITIONS


def test_the_interval_of_a_crossover_holds_the_truth() -> None:
    assert _coverage(0.95) >= 0.95 - TOLERANCE


def test_an_interval_from_narrower_bounds_does_not() -> None:
    """With 5 % at all values together, 81 % at each: covering is not a matter of course."""
    assert _coverage(0.05) < 0.95 - TOLERANCE


def test_the_interval_is_short_where_the_noise_is_small() -> None:
    widths = [one.high - one.low for pairs in noisy_curves() for one in crossovers(pairs, "p.k")]
    assert np.median(widths) < 2.0


def test_all_of_the_true_curve_lies_between_its_ends() -> None:
    hits = 0
    for pairs in noisy_curves():
        found = curve(pairs)
        truth = STEEPNESS * (np.array(VALUES) - ROOT)
        hits += bool(((found.low <= truth) & (truth <= found.high)).all())
    assert hits / REPETITIONS >= 0.95 - TOLERANCE


# --- the cosine of Mohamed et al. (2020), figure 3, μ = σ = 1 -------------------------------------------

K = (0.5, 0.8, 1.0, 1.1, 1.2, 1.3, 1.5, 2.0, 3.0, 5.0)
RATE, COSINE = "train.learning_rate", "elbo_analytic_kl"
"""Settings that stand for the problem's k and function here."""
SWEEP = f"{{{RATE}: {list(K)}, train.objective: [elbo, {COSINE}]}}"
THERE = f"at train.objective {COSINE}"


def closed_form(k: float, of: str) -> tuple[float, float]:
    """Variances of pathwise and the score function's gradients of E cos kz in μ or σ, one sample."""
    a, b, t = math.exp(-(k**2) / 2.0), math.exp(-2.0 * k**2), 2.0 * k
    if of == "mean":
        g = -k * math.sin(k) * a
        return (
            k**2 / 2.0 * (1.0 - math.cos(t) * b) - g**2,
            (1.0 + math.cos(t) * (1.0 - t**2) * b) / 2.0 - g**2,
        )
    g = -(k**2) * math.cos(k) * a
    return (
        k**2 / 2.0 * (1.0 - math.cos(t) * (1.0 - t**2) * b) - g**2,
        (2.0 + math.cos(t) * (t**4 - 4.0 * t**2 + 2.0) * b) / 2.0 - g**2,
    )


def _number(of: str) -> Any:
    def variance(cell: MeasurementCell, arm: Arm) -> float:
        if cell.setting["train.objective"] != COSINE:
            return 2.0 if arm.label == "pathwise" else 1.0
        pathwise, score = closed_form(cell.setting[RATE], of)
        return pathwise if arm.label == "pathwise" else score

    return variance


def _exact(cell: MeasurementCell) -> Arrays:
    columns = [[_number(of)(cell, arm) for of in ("mean", "mean", "log_scale")] for arm in cell.arms]
    return {"exact_variance": np.repeat(np.array(columns)[:, None], IMAGES, 1)}


COSINES: dict[str, Any] = {
    "variances": _number("mean"),
    "groups": {"mean": _number("mean"), "log_scale": _number("log_scale")},
    "more": _exact,
}


def cosine(*tests: str | tuple[str, str], **changes: Any) -> Findings:
    return crafted(experiment(*tests, sweep=SWEEP), **{**COSINES, **changes})


def only(test: str, **changes: Any) -> ClaimFinding:
    (claim,) = cosine(test, **changes).claims
    return claim


def test_the_crossovers_of_the_cosine_are_found_where_the_closed_forms_have_them() -> None:
    found = cosine()
    place = {"setting": {"train.objective": COSINE}}
    for group, root in (("mean", 1.0638), ("log_scale", 1.2973)):
        (one,) = found.crossovers("pathwise", "score_function", RATE, group=group, **place)
        assert isinstance(one, Crossover)
        assert one.loses_beyond == "pathwise"
        assert one.exact == pytest.approx(root, rel=3e-3), "interpolated between values 0.1 apart"
        assert one.at == pytest.approx(one.exact)
        assert one.low < root < one.high
        (other,) = found.crossovers("score_function", "pathwise", RATE, group=group, **place)
        assert (other.at, other.loses_beyond) == (pytest.approx(one.at), "pathwise")


def test_without_a_place_it_is_the_base_setting_and_what_is_unknown_is_refused() -> None:
    found = cosine()
    assert found.crossovers("pathwise", "score_function", RATE) == (), "2 and 1 there"
    assert found.settings(RATE, {"train.objective": COSINE}) == K
    assert found.settings(RATE) == (0.001, *K), "with the base value"
    with pytest.raises(LookupError, match=r"train\.objective is not swept over numbers here"):
        found.crossovers("pathwise", "score_function", "train.objective")
    with pytest.raises(LookupError, match=r"problem\.latent is not swept over numbers here"):
        found.crossovers("pathwise", "score_function", "problem.latent")
    with pytest.raises(LookupError, match="no estimator 'reinforce'"):
        found.crossovers("pathwise", "reinforce", RATE)


def test_a_curve_is_of_one_checkpoint() -> None:
    """The base setting is measured at checkpoints where the others are not."""

    def variance(cell: MeasurementCell, arm: Arm) -> float:
        late = 2.0 if cell.checkpoint == 5 else 1.0
        return late * math.exp(cell.setting["problem.latent"] - 2.5) if arm.label == "pathwise" else 1.0

    declared = experiment(sweep="{problem.latent: [1, 2, 3, 4]}")
    early = declared.model_copy(
        update={"measure": declared.measure.model_copy(update={"sweep_checkpoints": (1,)})}
    )
    for made, at in ((declared, 2.5 - math.log(2.0)), (early, 2.5)):
        found = crafted(made, variances=variance)
        (one,) = found.crossovers("pathwise", "score_function", "problem.latent")
        assert one.at == pytest.approx(at)
        assert found.crossovers("pathwise", "score_function", "problem.latent", checkpoint=0) == ()


# --- claims --------------------------------------------------------------------------------------------

UP, DOWN = (-1, 1), (1, -1)


@pytest.mark.parametrize(
    ("stretches", "crossings", "found"),
    [
        pytest.param([(0.9, 1.1, *UP)], 1, CONFIRMED, id="inside"),
        pytest.param([(0.8, 1.2, *DOWN)], 1, CONFIRMED, id="just inside"),
        pytest.param([(0.9, 1.3, *UP)], 1, UNDECIDED, id="reaching out"),
        pytest.param([(0.9, 1.1, *UP)], 3, UNDECIDED, id="back and forth in one stretch"),
        pytest.param([(-INF, 1.1, 0, 1)], 1, UNDECIDED, id="perhaps not at all"),
        pytest.param([(0.9, 1.1, 1, 1)], 2, UNDECIDED, id="perhaps touching"),
        pytest.param([(0.9, 1.1, *UP), (4.0, INF, 1, 0)], 1, UNDECIDED, id="perhaps again elsewhere"),
        pytest.param([(-INF, INF, 0, 0)], 0, UNDECIDED, id="nothing known"),
        pytest.param([], 0, REFUTED, id="nowhere"),
        pytest.param([(1.3, 1.4, *UP)], 1, REFUTED, id="elsewhere"),
        pytest.param([(1.3, INF, -1, 0)], 0, REFUTED, id="elsewhere or nowhere"),
        pytest.param([(0.9, 1.1, 1, 1), (2.0, 3.0, *UP)], 1, REFUTED, id="surely elsewhere"),
        pytest.param([(0.9, 1.1, *UP), (2.0, 3.0, *DOWN)], 2, REFUTED, id="twice"),
        pytest.param([(0.9, 1.3, *UP), (1.4, 3.0, *DOWN)], 2, REFUTED, id="twice, wherever"),
    ],
)
def test_there_is_one_crossover_and_it_lies_where_it_should(
    stretches: list[tuple[float, float, int, int]], crossings: int, found: str
) -> None:
    assert verdict([Stretch(*ends) for ends in stretches], crossings, 0.8, 1.2) == found


CROSSOVER = f"crossover(pathwise, score_function, {RATE})"


@pytest.mark.parametrize(
    ("test", "found"),
    [
        (f"{CROSSOVER} = 1.0638 within 3% in mean {THERE}", CONFIRMED),
        (f"{CROSSOVER} = 1.2973 within 3% in log_scale {THERE}", CONFIRMED),
        (f"{CROSSOVER} = 1.0638 within 3% in log_scale {THERE}", REFUTED),
        (f"{CROSSOVER} = 1.0638 within 0.1% in mean {THERE}", UNDECIDED),
        (f"{CROSSOVER} = 1.15 within 0.06 in mean {THERE}", REFUTED),
        (f"{CROSSOVER} < 2 {THERE}", CONFIRMED),
        (f"{CROSSOVER} > 2 {THERE}", REFUTED),
        (f"{CROSSOVER} > 1.0638 {THERE}", UNDECIDED),
        (f"{CROSSOVER} = 1.0638 within 3%", REFUTED),
        (f"{CROSSOVER} = 1.0638 within 3% at every train.objective", REFUTED),
        (f"{CROSSOVER} = 1.0638 within 3% at some train.objective", CONFIRMED),
        (f"{CROSSOVER} = 1.0638 within 3% at checkpoint 5 and {THERE}", CONFIRMED),
    ],
)
def test_a_claimed_crossover_reaches_its_verdict(test: str, found: str) -> None:
    assert only(test).verdict == found


def test_a_claim_of_a_crossover_is_one_look_at_a_curve() -> None:
    claim = only(f"{CROSSOVER} = 1.0638 within 3% in mean {THERE}")
    (detail,) = claim.details
    assert detail.setting == {"train.objective": COSINE}
    assert (detail.checkpoint, detail.effect, detail.bound) == (5, "crossover in learning rate", 1.0638)
    assert claim.level == 0.95
    assert claim.where == "settings"
    assert claim.estimate.low < claim.estimate.value < claim.estimate.high
    assert 0.0 < detail.slack < 0.03 * 1.0638
    both = cosine(f"{CROSSOVER} < 2 {THERE}", f"{CROSSOVER} < 2 at every train.objective")
    assert both.comparisons == 3
    first = both.claims[0].details[0]
    assert first.estimate == claim.estimate, "shown at 95 %"
    assert first.low < claim.estimate.low, "judged on wider bounds"


def test_no_crossover_is_told_from_one_that_may_be() -> None:
    claim = only(f"{CROSSOVER} = 1 within 3%")
    assert claim.headline is not None
    assert claim.headline.cause == (
        f"the variances of pathwise and score_function do not cross along {RATE} from 0.001 to 5"
    )
    assert claim.estimate.status == f"not available: {claim.headline.cause}"

    def alike(cell: MeasurementCell, arm: Arm) -> float:
        return 1.001 if arm.label == "pathwise" else 1.0

    assert only(f"{CROSSOVER} = 1 within 3%", variances=alike).verdict == UNDECIDED


def test_two_crossovers_are_not_one() -> None:
    def hill(cell: MeasurementCell, arm: Arm) -> float:
        inside = 1.0 < cell.setting[RATE] < 2.0 and arm.label == "pathwise"
        return 2.0 if inside else 0.5 if arm.label == "pathwise" else 1.0

    claim = only(f"{CROSSOVER} < 9 {THERE}", variances=hill)
    assert claim.verdict == REFUTED
    assert claim.headline is not None
    assert claim.headline.cause == (
        f"the variances of pathwise and score_function cross more than once along {RATE} from 0.5 to 5: "
        "at 1.05, 1.75"
    )


def test_a_broken_cell_breaks_the_crossover_it_is_a_part_of() -> None:
    def third(cell: MeasurementCell) -> bool:
        return cell.setting == {RATE: K[2], "train.objective": COSINE}

    test = f"{CROSSOVER} < 2 at some train.objective"
    claim = only(test, broken=third)
    assert (claim.verdict, claim.cause) == (BROKEN, "broken: the loss became inf")
    assert [detail.verdict for detail in claim.details] == [REFUTED, BROKEN]
    arm = only(test, changes={"status": "broken", "cause": "found inf"})
    assert (arm.verdict, arm.cause) == (BROKEN, "broken: found inf")


def test_of_a_curve_the_cell_that_broke_is_told_however_short_the_curve_is() -> None:
    def last(cell: MeasurementCell) -> bool:
        return cell.setting[RATE] == 2.0 and cell.setting["train.objective"] == COSINE

    for values in ([0.5, 2.0], [0.5, 0.8, 2.0]):
        sweep = f"{{{RATE}: {values}, train.objective: [elbo, {COSINE}]}}"
        declared = experiment(f"crossover(pathwise, score_function, {RATE}) > 1 {THERE}", sweep=sweep)
        (claim,) = crafted(declared, **COSINES, broken=last).claims
        (detail,) = claim.details
        assert (detail.verdict, detail.setting[RATE]) == (BROKEN, 2.0)


def test_a_crossover_in_a_group_that_is_not_there_is_broken() -> None:
    claim = only(f"{CROSSOVER} < 2 in hidden.0 {THERE}")
    assert claim.verdict == BROKEN
    assert claim.cause == "broken: no parameter group 'hidden.0', the groups are all, mean and log_scale"


def test_a_budget_that_ended_shows_in_the_crossover() -> None:
    assert only(f"{CROSSOVER} < 2 {THERE}", changes={"status": "budget"}).estimate.status == "budget"


def test_replicates_of_a_number_of_several_arms_are_the_fewest() -> None:
    met, budget = (arm_record(label, replicates=n, status=status) for label, n, status in (
        ("a", 70, "met"), ("b", 50, "budget"),
    ))  # fmt: skip
    arms = [MeasuredArm(record([met, budget], {"variance": np.ones((2, 1, 1))}), a) for a in (0, 1)]
    assert made_with(arms) == made_with(arms[::-1]) == (50, "budget")
    assert made_with(arms[:1]) == (70, "met")


OWN = """\
import torch

def build(width=1):
    return {"level": lambda: torch.randn(4), "rising": lambda: 0.96 * torch.randn(2, 4)[1] * width**0.5}
"""


def test_of_a_crossover_bounded_on_one_side_the_distance_to_failing_is_that_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(OWN)
    test = "crossover(level, rising, problem.arguments.width) < 30"
    text = (
        "experiment: mine\nproblem: {gradients: mine.py:build, arguments: {width: 1}}\n"
        "estimators: [level, rising]\nmeasure: {precision: 90%, budget: 512, min_replicates: 256}\n"
        f"sweep: {{problem.arguments.width: [1, 2, 20]}}\nclaims: [{{id: a, statement: s, test: '{test}'}}]\n"
    )
    (found,) = reportgen.run(reportgen.load(text), allow_code=True).claims[0].details
    assert found.low == -INF and found.high < 20
    assert found.slack == pytest.approx(30 - found.high)
