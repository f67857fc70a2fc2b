"""The press on what is not trained: words, figures against settings and K, exact answers, θ beside φ."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from reportgen.estimators import PILOT_SAMPLES
from reportgen.figures import (
    draw,
    setting_panels,
    signal_against_num_samples,
    variance_against_num_samples,
    variance_against_setting,
)
from reportgen.figures.crossings import interval_text, place_text
from reportgen.figures.drafting.labels import variance_axis
from reportgen.figures.drafting.style import house_style
from reportgen.figures.reading import gradient_title
from reportgen.findings import Estimate, Findings, marks, prose
from reportgen.findings.series import series
from reportgen.findings.statistics.scales import is_logarithmic
from reportgen.plan import Arm, MeasurementCell
from reportgen.report import ledger
from reportgen.report.entry import entry
from reportgen.report.sections import (
    cost,
    estimators,
    exact,
    judged,
    layers,
    settings,
    signal,
    training,
    unbiasedness,
    unfinished,
    variance,
)
from reportgen.report.text import about
from reportgen.report.text.links import linked
from reportgen.store.records import MeasurementRecord
from tests.crafted import BUCKETS, crafted, experiment
from tests.press_cases import CONJUGATE, FUNCTION, RAINFORTH, rising, toy
from tests.test_report import page_of, text_of

FOREIGN = re.compile(
    r"\b(epochs?|checkpoints?|images?|encoders?|decoders?|test part|minibatch|pixels?|latent|trained|nats)\b"
)
"""Words that are false of a function of one normal variable."""


@pytest.fixture(scope="module")
def function() -> Findings:
    return toy(FUNCTION, exact={"exact_variance": rising})


@pytest.fixture(scope="module")
def both() -> Findings:
    """Variance falls as 1/K; the mean gradient falls as 1/K in φ and stays in θ."""

    def spread(cell: MeasurementCell, arm: Arm) -> float:
        return 1.0 / arm.num_samples

    def norm(cell: MeasurementCell, arm: Arm) -> float:
        return 1.0 if arm.label == "generative" else 1.0 / arm.num_samples**2

    return toy(RAINFORTH, spread, norms=norm, points=3, eta=20, blocks=())


# Words


def test_an_optimal_baseline_of_pairs_is_said_to_be_that_of_independent_samples() -> None:
    def seen(estimator: str) -> str:
        return text_of(page_of(toy(FUNCTION.replace("[score_function,", f"[{{{estimator}}},"))))

    said = "Baselines are optimal for independent samples; for pairs, others may leave less variance."
    assert said in seen("name: score_function, baseline: optimal_constant, antithetic: true")
    assert said not in seen("name: score_function, antithetic: true")
    assert said not in seen("name: score_function, baseline: optimal_constant")


def test_methods_tell_how_many_draws_a_baseline_is_optimal_for() -> None:
    def seen(estimator: str) -> str:
        return text_of(page_of(toy(FUNCTION.replace("[score_function,", f"[{{{estimator}}},"))))

    said = f"Baselines are fitted on {PILOT_SAMPLES} separate draws, and are optimal up to the error of that"
    assert said in seen("name: score_function, baseline: optimal_constant")
    assert "Baselines are fitted" not in (plain := seen("name: score_function"))
    assert "from the columns of" in plain, "J is ∂η/∂φ: one column a coordinate of φ"


def test_what_is_fitted_for_estimators_is_named_once_each() -> None:
    kinds = [f"score_function_optimal_{kind}" for kind in ("constant", "per_coordinate")]
    assert about.fitted(["rebar", "moving_average_baseline", "own.py:mine"]) == ""
    assert about.fitted(["rebar_optimal_scale", *kinds]) == "scales of REBAR and baselines"

    def seen(estimator: str) -> str:
        bits = f"problem: {{model: bits, dimension: 2}}\nestimators: [score_function, {{{estimator}}}]\n"
        return text_of(page_of(toy(f"experiment: toy\ntitle: Bits\n{bits}")))

    scaled = seen("name: rebar_optimal_scale, antithetic: true")
    assert (
        "Scales of REBAR are fitted on" in scaled
        and "Fitting scales of REBAR counts neither as work nor as time" in scaled
    )
    assert "Scales of REBAR are optimal for independent samples; for pairs, others may leave less" in scaled
    assert "Scales of REBAR" not in (plain := seen("name: rebar")) and "Fitting" not in plain


def test_nothing_is_said_of_training_where_there_is_none(function: Findings) -> None:
    seen = text_of(page_of(function)).partition("The declaration, with every default")[0]
    found = sorted({match[0] for match in FOREIGN.finditer(seen)})
    assert found == []
    assert "in seven settings" in seen and "cost in evaluations of f;" not in seen


def test_the_same_search_finds_them_in_a_report_of_networks() -> None:
    assert {"epoch", "images", "encoder"} <= set(FOREIGN.findall(text_of(page_of(crafted(experiment())))))


def test_words_of_a_network_of_data_points_and_of_one_variable(function: Findings, both: Findings) -> None:
    network, points, one = crafted(experiment()).vocabulary, both.vocabulary, function.vocabulary
    assert (network.place, network.each, network.evaluations) == (
        "three test images of digits", " per image", "decoder passes",
    )  # fmt: skip
    assert (points.place, points.each, points.evaluation) == (
        "three data points", " per data point", "evaluation of f",
    )  # fmt: skip
    assert (one.place, one.each, one.counted) == ("", "", "one data point")
    assert (network.last, points.last, one.last) == ("at the last checkpoint", "", "at the base setting")
    assert (network.block("mean"), one.block("mean")) == ("mean", "gradient in μ")
    assert (points.objective("iwae"), one.objective("expectation")) == (
        "IWAE bound, K\u00a0=\u00a01", "Expectation",
    )  # fmt: skip
    assert (variance_axis("elbo"), variance_axis("expectation")) == (
        "total variance, nats²", "total variance",
    )  # fmt: skip


# Runs of a sweep


def test_a_run_varies_one_setting_and_fixes_the_others(function: Findings) -> None:
    first, second = function.series("problem.k")
    assert (first.values, dict(first.named)) == ((-1.0, 0.0, 1.0), {"problem.function": "quadratic"})
    assert second.values == (0.5, 1.0, 2.0, 4.0)
    assert second.setting(2.0) == {"problem.function": "cosine", "problem.k": 2.0}
    assert function.series("problem.function") == ()


def test_other_numbers_stay_at_base_unless_no_run_has_it() -> None:
    cross = [{"a": a, "b": b} for a in (0, 1, 2) for b in (5, 6)]
    (only,) = series("a", cross, {"a": 0, "b": 5})
    assert (only.fixed, only.named) == ({"b": 5}, {})
    away = series("a", cross, {"a": 0, "b": 9})
    assert [dict(run.named) for run in away] == [{"b": 5}, {"b": 6}]
    assert (
        series("a", [{"a": "x"}, {"a": "y"}], {}) == () and series("a", [{"a": True}, {"a": False}], {}) == ()
    )


# Variance against a setting


def test_a_panel_a_run_and_a_row_a_block(function: Findings) -> None:
    data = setting_panels.data(function)
    assert data is not None and data.known
    assert [[panel.title for panel in row] for row in data.rows] == [["quadratic", "cosine"]] * 2
    assert [row[0].block for row in data.rows] == ["gradient in μ", "gradient in log σ"]
    cosine = data.rows[0][1]
    pathwise = next(i for i, line in enumerate(cosine.lines) if line.label == "pathwise")
    assert cosine.exact[pathwise] == (0.25, 1.0, 4.0, 16.0)


def test_panels_over_other_values_have_scales_of_their_own(function: Findings) -> None:
    data = setting_panels.data(function)
    assert data is not None and not any(len(data.alike(panel)) > 1 for panel in data.panels)
    with house_style("variance_against_setting"):
        axes = variance_against_setting.draw(data).axes
    assert axes[0].get_xlim() != axes[1].get_xlim()
    assert "Every panel has scales of its own." in variance_against_setting.caption(function, data)
    same = FUNCTION.replace("[cosine], problem.k: [0.5, 1, 2, 4]", "[cosine], problem.k: [-1, 0, 1]")
    found = toy(same, exact={"exact_variance": rising})
    shared = setting_panels.data(found)
    assert shared is not None and all(len(shared.alike(panel)) == 4 for panel in shared.panels)
    assert "scales of its own" not in variance_against_setting.caption(found, shared)


def test_a_ring_stands_where_the_lines_cross(function: Findings) -> None:
    data = setting_panels.data(function)
    assert data is not None
    (ring,) = data.rows[0][1].rings
    assert ring.crossing.at == pytest.approx(1.0, abs=0.05) and ring.crossing.exact == pytest.approx(1.0)
    assert ring.crossing.low < 1.0 < ring.crossing.high
    assert (ring.crossing.lower_before, ring.crossing.lower_beyond) == ("Pathwise", "Score function")
    assert ring.height == pytest.approx(1.0, rel=0.1) and ring.named
    (row,) = [row for row in settings.crossing_rows(function) if row["block"] == "gradient in μ"]
    assert (row["run"], row["before"], marks.plain(row["exact"])) == ("cosine", "Pathwise", "1.0000")
    assert linked(row["exact"]).count("exact_total_variance") == 1
    assert ring.crossing.source is not None
    asked = dict(ring.crossing.source.rows())
    assert set(asked["estimator"]) == {"score_function", "pathwise"} and len(asked["cell"]) > 2
    assert marks.plain(row["at"]) == place_text(ring.crossing.at, ring.crossing.low, ring.crossing.high)
    assert linked(row["at"]).startswith('<a class="number" href="#results" data-rows="')


def test_every_ring_of_a_few_has_its_number_and_of_many_the_first_pairs() -> None:
    found = toy(FUNCTION, exact={"exact_variance": rising})
    drawn = draw(found, "variance_against_setting")
    assert drawn is not None and "with bars for the intervals. " in drawn.caption
    data = setting_panels.data(found)
    assert data is not None
    cosine = data.rows[0][1]
    (ring,) = cosine.rings
    many = replace(cosine, rings=(ring, *[replace(ring, named=False)] * 3))
    sentence = variance_against_setting.crossing_sentence(replace(data, rows=((many,),)))
    assert sentence.endswith("; numbers are for pathwise and score function.")
    figure = variance_against_setting.draw(data)
    assert [text.get_text() for text in figure.axes[1].texts][-1] == "1.00"


def test_a_line_that_ends_for_want_of_an_exact_value_is_explained() -> None:
    def some(cell: MeasurementCell, arm: Arm) -> float:
        return math.nan if cell.setting["problem.k"] in (1.0, 4.0) else rising(cell, arm)

    for known, there in ((rising, False), (some, True)):
        drawn = draw(toy(FUNCTION, exact={"exact_variance": known}), "variance_against_setting")
        assert drawn is not None
        assert ("A line ends where no exact value is known." in drawn.caption) is there


def test_a_column_without_exact_places_is_left_out() -> None:
    for known, there in (({"exact_variance": rising}, True), (None, False)):
        page = page_of(toy(FUNCTION, exact=known))
        table = page[page.index(" reverses.</caption>") :].partition("</table>")[0]
        assert ('class="n">Exact</th>' in table) is there
        assert ("“Exact” is interpolated in the same way from the exact ratios" in text_of(page)) is there


def test_a_ratio_on_one_side_of_one_is_so_in_all_settings() -> None:
    found = toy(FUNCTION, lambda cell, arm: 1.0 if arm.label == "pathwise" else 2.0)
    assert "It is higher in all seven settings; the ratio" in training.story(
        found, ["expectation"], "score_function", "pathwise"
    )


def test_one_estimator_is_not_the_best_of_several() -> None:
    alone = text_of(page_of(toy(CONJUGATE)))
    assert "has the smallest product" not in alone
    assert "has the smallest product" in text_of(page_of(toy(FUNCTION)))


def test_no_ring_where_one_is_always_lower() -> None:
    data = setting_panels.data(toy(FUNCTION, lambda cell, arm: 2.0 + (arm.label == "pathwise")))
    assert data is not None and not any(panel.rings for panel in data.panels) and not data.known


def test_a_variance_of_zero_is_left_out_and_said() -> None:
    """What is exactly zero and measured as rounding is zero; what is measured above it is not."""

    def rounding(cell: MeasurementCell, arm: Arm) -> float:
        zero = arm.label == "pathwise" and cell.setting["problem.k"] == 1.0
        return 1e-30 if zero else 1.0

    def none(cell: MeasurementCell, arm: Arm) -> float:
        return 0.0 if rounding(cell, arm) < 1 else 1.0

    found = toy(FUNCTION, rounding, exact={"exact_variance": none})
    place = {"problem.function": "cosine", "problem.k": 1.0}
    assert found.get("total_variance", "pathwise", setting=place) == Estimate(0.0, 0.0, 0.0, 100)
    drawn = draw(found, "variance_against_setting")
    assert drawn is not None and "A logarithmic axis cannot show zero variance: pathwise." in drawn.caption
    unknown = toy(FUNCTION, rounding)
    assert unknown.get("total_variance", "pathwise", setting=place).value == pytest.approx(1e-30)


def test_a_block_without_variance_along_a_run_leaves_its_panel_empty() -> None:
    """At the posterior's scale sticking the landing has none in μ; what double precision leaves is none."""
    text = (
        "experiment: toy\nproblem: {model: conjugate}\nobjective: [elbo]\n"
        "estimators: [sticking_the_landing]\nsweep:\n"
        "  - {problem.mean_offset: [0.5, 1, 2]}\n  - {problem.scale_factor: [2, 3]}\n"
    )

    def quiet(cell: MeasurementCell, arm: Arm) -> float:
        return 1.0 if cell.setting["problem.scale_factor"] != 1 else 1e-32

    found = toy(text, quiet, exact={"exact_variance": quiet})
    found = replace(found, measurements=tuple(loud_in_scale(record) for record in found.measurements))
    data = setting_panels.data(found)
    assert data is not None
    paths = [[panel and panel.path for panel in row] for row in data.rows]
    offset, factor = "problem.mean_offset", "problem.scale_factor"
    assert paths == [[None, factor], [offset, factor]]
    assert [panel.block for panel in data.panels] == ["gradient in μ", *["gradient in log σ"] * 2]
    with house_style("x"):
        figure = variance_against_setting.draw(data)
        assert [ax.get_visible() for ax in figure.axes] == [False, True, True, True]
        assert [ax.get_xlabel() for ax in figure.axes] == ["", "", "mean offset", "scale factor"]
        assert [ax.get_ylabel() for ax in figure.axes] == [
            "",
            "variance, gradient in μ",
            "variance, gradient in log σ",
            "",
        ]
    assert draw(found, "variance_against_setting") is not None


def loud_in_scale(record: MeasurementRecord) -> MeasurementRecord:
    """The same with a variance of 1 in the last block of parameters."""
    names = ("variance", "variance_without", "exact_variance")
    arrays = {name: record.arrays[name].copy() for name in names}
    for name in names:
        arrays[name][..., -1] = 1.0
    return replace(record, arrays={**record.arrays, **arrays})


def test_two_objectives_share_a_panel_and_cross() -> None:
    def of(cell: MeasurementCell, arm: Arm) -> float:
        scale = float(cell.setting["problem.scale_factor"])
        return scale**2 if arm.objective == "elbo" else scale

    found = toy(CONJUGATE, of)
    data = setting_panels.data(found)
    assert data is not None and data.several
    (panel, _) = data.rows[0]
    assert [line.title for line in panel.lines] == ["Pathwise, ELBO", "Pathwise, ELBO, analytic KL"]
    assert panel.lines[0].look.colour == panel.lines[1].look.colour
    assert panel.lines[0].look.marker != panel.lines[1].look.marker
    (ring,) = panel.rings
    assert ring.crossing.at == pytest.approx(1.0, rel=0.02)
    assert ring.crossing.lower_before == "Pathwise, ELBO"
    told = training.between_objectives(found)
    assert "of 5 settings 2 above and 2 below 1" in told
    higher = toy(CONJUGATE, lambda cell, arm: 2.0 if arm.objective == "elbo" else 1.0)
    assert "of 5 settings all above 1" in training.between_objectives(higher)


@pytest.mark.parametrize("text", [FUNCTION, CONJUGATE, RAINFORTH])
def test_every_figure_of_a_toy_can_be_drawn(text: str) -> None:
    from reportgen.figures import FIGURES

    found = toy(text, points=3 if text is RAINFORTH else 1)
    drawn = {name for name in FIGURES if draw(found, name) is not None}
    assert not drawn & {"variance_over_training", "learning_curve", "noise_split", "signal_to_noise"}
    assert drawn & {"variance_against_setting", "signal_against_num_samples"}


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ((2, 5, 50), True),
        ((0.5, 5), False),
        ((-3, 3), False),
        ((0, 100), False),
        ((2, 4, 8), True),
        ((0.1, 0.3, 0.9), True),
        ((2, 4), False),
        ((10, 11, 12), False),
        ((2, 4, 9), False),
        ((-8, -4, -2), False),
    ],
)
def test_values_over_more_than_a_decade_or_of_one_ratio_are_on_a_log_scale(
    values: tuple[float, ...], log: bool
) -> None:
    assert is_logarithmic(values) is log


GROWING = """
experiment: toy
title: How does it grow?
problem: {gradients: mine.py:build, arguments: {horizon: 4}}
estimators: [plain, steep]
sweep: {problem.arguments.horizon: [2, 4, 8, 16]}
"""
SLOPE = """
claims:
  - {id: grows, statement: it grows, test: "slope(total_variance(plain), problem.arguments.horizon) > 1"}
"""


def growing(cell: MeasurementCell, arm: Arm) -> float:
    """Variances that grow as the square and the cube of the horizon: they cross at 3."""
    h = float(cell.setting["problem.arguments.horizon"])
    return h**2 if arm.label == "plain" else h**3 / 3


@pytest.mark.parametrize("values", ["[2, 4, 8]", "[2, 4, 6, 9]"])
def test_a_setting_of_one_ratio_or_with_a_claimed_slope_is_drawn_on_a_log_axis(values: str) -> None:
    plain = GROWING.replace("[2, 4, 8, 16]", values)
    for text, log in ((plain, values == "[2, 4, 8]"), (plain + SLOPE, True)):
        found = toy(text, growing, blocks=())
        data = setting_panels.data(found)
        assert data is not None
        with house_style("x"):
            (ax,) = variance_against_setting.draw(data).axes
        assert (ax.get_xscale() == "log") is log
        assert ("both logarithmic" in variance_against_setting.caption(found, data)) is log
        if log:
            assert list(ax.get_xticks()) == list(data.panels[0].values)
            assert [label.get_text() for label in ax.get_xticklabels()] == values.strip("[]").split(", ")


def context_of(found: Findings) -> Mapping[str, Any]:
    """What the section on swept settings is filled with."""
    made = settings.context(found)
    assert made is not None
    return made


def test_where_a_slope_is_claimed_every_estimator_has_its_fitted_slope() -> None:
    found = toy(GROWING + SLOPE, growing, blocks=())
    said = marks.plain(context_of(found)["tables"][0]["paragraphs"][-1])
    match = re.fullmatch(
        r"The slope of total variance against horizon, fitted on log-log axes, is "
        r"(\S+) \((\S+) to (\S+)\) for “plain” and (\S+) \((\S+) to (\S+)\) for “steep”\.",
        said,
    )
    assert match is not None, said
    value, low, high, other, *_ = map(float, match.groups())
    assert low < value < high and value == pytest.approx(2.0, abs=0.05)
    assert other == pytest.approx(3.0, abs=0.05)
    (claim,) = found.claims
    assert claim.headline is not None
    assert prose.with_interval(claim.headline.estimate) in said.replace("\u00a0", " ")
    assert "slope" not in " ".join(context_of(toy(GROWING, growing, blocks=()))["tables"][0]["paragraphs"])


def test_a_ring_stands_on_its_line_on_a_log_axis_too() -> None:
    """On log axes the square of the horizon is a straight line."""
    data = setting_panels.data(toy(GROWING, growing, blocks=()))
    assert data is not None
    (ring,) = data.panels[0].rings
    assert ring.crossing.at == pytest.approx(3.0, rel=0.02)
    assert ring.height == pytest.approx(ring.crossing.at**2, rel=0.02)


def test_lines_that_may_change_places_have_no_ring_and_are_told_apart() -> None:
    """At the first horizon the intervals do not tell which of the two is lower."""

    def close(cell: MeasurementCell, arm: Arm) -> float:
        h = float(cell.setting["problem.arguments.horizon"])
        return 1.0 if arm.label == "plain" else 0.9999 if h == 2 else h

    def crossing(cell: MeasurementCell, arm: Arm) -> float:
        last = cell.setting["problem.arguments.horizon"] == 16
        return growing(cell, arm) if not last else 1.0 if arm.label == "plain" else 0.999

    for variances, rings, sure in ((growing, 1, [True]), (close, 0, [False]), (crossing, 1, [True, False])):
        found = toy(GROWING, variances, blocks=())
        data = setting_panels.data(found)
        assert data is not None and len(data.panels[0].rings) == rings
        assert [row["sure"] for row in settings.crossing_rows(found)] == sure
        told = variance_against_setting.caption(found, data)
        assert ("Rings mark where the order of two lines reverses" in told) is (rings > 0)
        assert ("the intervals do not establish" in told) is (False in sure)
        seen = text_of(page_of(found))
        assert ("Possible reversals, not established by the intervals" in seen) is (False in sure)
        assert ("The order is established to reverse only where" in seen) is (False in sure)


def test_places_have_the_digits_of_their_intervals() -> None:
    assert place_text(1.06379, 1.060, 1.071) == "1.064" and place_text(12.3, 8.0, 27.0) == "12"
    assert place_text(13.57, -math.inf, 40.5) == "14" and interval_text(-math.inf, 40.5) == "below 40.5"
    assert interval_text(1.060, 1.071) == "1.060 to 1.071"
    assert place_text(4.05e-7, 3.7e-7, 4.4e-7) == "4.05×10⁻⁷"
    assert interval_text(3.7e-7, 4.4e-7) == "3.70×10⁻⁷ to 4.40×10⁻⁷"
    assert (
        interval_text(0.5, math.inf) == "above 0.500" and interval_text(-math.inf, math.inf) == "not bounded"
    )


# Gradients in θ


def test_theta_is_never_compared_with_phi(both: Findings) -> None:
    assert both.compared() == ("pathwise",) and both.compared(parameters="theta") == ("generative",)
    found = variance.context(both)
    assert found is not None
    assert [group["title"].endswith("θ") for group in found["groups"]] == [False, True]
    assert all(row["ratio"] is None for group in found["groups"] for row in group["rows"])
    work = cost.context(both)
    assert work is not None and [row["label"] for row in work["rows"]] == ["pathwise"]
    assert unbiasedness.context(both) is None


def test_signal_falls_in_phi_and_rises_in_theta(both: Findings) -> None:
    data = signal_against_num_samples.data(both)
    assert data is not None
    slopes = {line.title: slope.value for line, slope in zip(data.lines, data.slopes, strict=True)}
    assert slopes == pytest.approx({"Pathwise in\u00a0φ": -0.5, "Gradient of the model’s parameters, θ": 0.5})
    assert not any(row["first"][1].lost for row in signal.against_samples(both))
    told = signal.told(both)
    told = told.replace("\u00a0", " ")
    assert "falls for pathwise in φ" in told and "rises for the gradient in θ" in told
    caption = signal_against_num_samples.caption(both, data).replace("\u00a0", " ")
    assert "As K grows, it rises for the gradient in θ and falls for pathwise in φ." in caption
    page = text_of(page_of(both))
    assert page.count("The directional signal-to-noise ratio (") == 1, "the table has a column of it"


def test_an_average_of_k_needs_no_figure_of_its_signal() -> None:
    average = RAINFORTH.replace("pathwise, generative", "pathwise").replace(
        "estimators", "objective: elbo\nestimators"
    )
    found = toy(average, points=3)
    assert signal_against_num_samples.data(found) is None and signal.told(found) == ""


# Exact answers


@pytest.mark.parametrize(
    ("measured", "told"), [("", {""}), ("measure: {num_samples: [1, 8]}", {"", "1", "8"})]
)
def test_samples_are_a_place_where_an_estimator_has_other_ones_than_its_own(
    measured: str, told: set[str]
) -> None:
    text = FUNCTION.replace("pathwise]", "{name: pathwise, num_samples: 4}]") + measured
    found = toy(text, lambda cell, arm: 1.0, exact={"exact_variance": lambda cell, arm: 1.0})
    places = [one.place for one in exact.held(found) if one.label == "pathwise"]
    assert places and {"".join(re.findall(r"K = (\d+)", place)) for place in places} == told


def test_intervals_that_hold_the_exact_value_are_counted() -> None:
    """Measured 1; exact 1 but for the cosine's score function, which is 2."""

    def known(cell: MeasurementCell, arm: Arm) -> float:
        off = arm.label == "score_function" and cell.setting["problem.function"] == "cosine"
        return 2.0 if off else 1.0

    found = toy(FUNCTION, lambda cell, arm: 1.0, exact={"exact_variance": known})
    held = exact.held(found)
    assert len(held) == 2 * 2 * 7
    assert sum(one.inside for one in held) == 2 * 2 * 7 - 2 * 4
    context = exact.context(found)
    assert context is not None
    assert "Of 28 measured variances with an exact value, 20 have it inside" in marks.plain(context["tally"])
    assert "26.6 are expected on average" in context["tally"]
    assert re.search(
        r"The farthest off is that of the score function "
        r"\(function cosine, k = \S+, gradient in (?:μ|log σ)\), \S+ \(\S+ to \S+\) times the exact value\.",
        marks.plain(context["tally"]).replace("\u00a0", " "),
    )
    assert [(row["title"], marks.plain(row["inside"])) for row in context["rows"]] == [
        ("Score function", "6"), ("Pathwise", "14"),
    ]  # fmt: skip


def test_there_is_no_such_section_where_nothing_is_known() -> None:
    assert exact.context(toy(FUNCTION)) is None


def test_bias_and_variance_add_up_for_an_estimator_that_is_biased(monkeypatch: pytest.MonkeyPatch) -> None:
    from reportgen.estimators import ESTIMATORS

    monkeypatch.setitem(ESTIMATORS, "score_function", replace(ESTIMATORS["score_function"], unbiased=False))

    def bias(cell: MeasurementCell, arm: Arm) -> float:
        return 3.0 if arm.label == "score_function" else 0.0

    found = toy(FUNCTION, lambda cell, arm: 1.0, exact={"bias_squared": bias})
    for record in found.measurements:
        value = record.arrays["bias_squared"]
        record.arrays["bias_squared_without"] = np.repeat(value[:, :, None], BUCKETS, 2)
    (group,) = exact.biases(found)
    row = group["rows"][0]
    assert (row["bias"].value, row["variance"].value) == (3.0, pytest.approx(1.0))
    assert row["error"].value == pytest.approx(4.0)
    assert exact.biases(toy(FUNCTION)) == []


def test_a_row_that_is_lost_in_the_noise_is_a_row_of_dashes() -> None:
    found = toy(RAINFORTH, points=3, eta=20, norms=lambda cell, arm: -1.0 if arm.label == "pathwise" else 1.0)
    rows = {row["title"]: row for row in signal.against_samples(found)}
    assert list(rows) == [
        "Pathwise in\u00a0φ", "Pathwise in\u00a0φ, directional", "Gradient of the model’s parameters, θ",
        "Gradient of the model’s parameters, θ, directional",
    ]  # fmt: skip
    lost = rows["Pathwise in\u00a0φ"]
    assert (lost["first"][0], lost["last"][0]) == (1, 64)
    assert not any(e.available for e in (lost["first"][1], lost["last"][1], lost["slope"]))
    assert "Dashes stand where the mean gradient is lost in the noise." in text_of(page_of(found))


def test_a_name_in_theta_says_so_once() -> None:
    labelled = RAINFORTH.replace("generative", "{name: generative, label: gradient in θ}")
    found = toy(labelled, points=3)
    assert gradient_title(found, "gradient in θ") == "Gradient in θ"


@pytest.mark.parametrize("slope", [0.0, 0.7, 1.0, 2.0])
def test_the_name_of_the_guide_is_in_view_beside_a_single_line(slope: float) -> None:
    falling = toy(RAINFORTH, lambda cell, arm: 300 * arm.num_samples**-slope, points=3)
    data = variance_against_num_samples.data(falling)
    assert data is not None and len(data.lines) == 1
    with house_style("x"):
        ax = variance_against_num_samples.draw(data).axes[0]
    (name,) = (text for text in ax.texts if text.get_text() == "1/K")
    low, high = ax.get_ylim()
    assert low < name.xy[1] < data.lines[0].values[0] < high
    assert math.log(data.lines[0].values[0] / name.xy[1]) > 0.1 * math.log(high / low)


@pytest.mark.parametrize(("values", "said"), [([2], "; it falls. "), ([2, 3], "; it falls at every step. ")])
def test_one_step_is_not_every_step(values: list[int], said: str) -> None:
    swept = FUNCTION[: FUNCTION.index("sweep:")] + f"sweep: {{problem.k: {values}}}\n"
    found = toy(swept)
    (run,) = found.series()
    assert said in settings.told(found, run, ["expectation"])


@pytest.mark.parametrize(
    ("heights", "said"),
    [
        ((8.0, 4.0, 2.0, 6.0, 8.0), "; in between it falls to 2.00 at 2"),
        ((2.0, 4.0, 8.0, 6.0, 2.0), "; in between it rises to 8.00 at 2"),
        ((4.0, 5.0, 2.0, 8.0, 5.0), "; in between it falls to 2.00 at 2 and rises to 8.00 at 3"),
        ((4.0, 5.0, 5.0, 5.0, 6.0), "; the intervals show neither a rise nor a fall throughout"),
    ],
)
def test_a_ratio_that_turns_is_told_by_where_it_does(heights: tuple[float, ...], said: str) -> None:
    """Two ends that are alike say nothing of a valley between them."""
    swept = FUNCTION[: FUNCTION.index("sweep:")] + "sweep: {problem.k: [1, 2, 3, 4]}\n"

    def variances(cell: MeasurementCell, arm: Arm) -> float:
        return heights[int(cell.setting["problem.k"])] if arm.label == "score_function" else 1.0

    found = toy(swept, variances)
    (run,) = found.series()
    told = marks.plain(settings.told(found, run, ["expectation"]))
    assert said in re.sub(r" \([^()]*\)", "", told)


def test_an_order_is_reversed_only_where_it_was_another() -> None:
    swept = FUNCTION[: FUNCTION.index("sweep:")] + "sweep: {problem.k: [2, 3]}\n"
    for elsewhere, said in ((1.0, "has the lower variance; nowhere does"), (2.0, "is reversed")):

        def variances(cell: MeasurementCell, arm: Arm, elsewhere: float = elsewhere) -> float:
            if arm.label != "score_function":
                return 1.0
            return 0.5 if cell.setting.get("problem.k") == 3 else elsewhere

        found = toy(swept, variances)
        (run,) = found.series()
        assert said in settings.told(found, run, ["expectation"])


# What is claimed of several settings


def test_values_of_a_setting_stand_behind_its_name_and_a_symbol_stays_small() -> None:
    """K is the number of samples."""
    test = "variance_ratio(score_function, pathwise) > 0.5 at every problem"
    claims = f"claims:\n  - {{id: a, statement: a, test: '{test}.function and at every problem.k'}}\n"
    claims += f"  - {{id: b, statement: b, test: '{test}.k and at problem.function quadratic'}}\n"
    findings = toy(FUNCTION + claims)
    every, quadratic = (judged.one(claim, findings) for claim in findings.claims)
    assert [(group["lead"], [mark["place"] for mark in group["places"]]) for group in every["marks"]] == [
        ("Function quadratic, k", ["−1", "0", "1"]),
        ("function cosine, k", ["0.5", "1", "2", "4"]),
    ]
    assert [group["lead"] for group in quadratic["marks"]] == ["k"]
    assert re.match(r"k = −1: variance ratio", marks.plain(quadratic["result"]))
    seen = text_of(page_of(findings))
    assert re.search(r"Function quadratic, k\s+−1", seen) and not re.search(r"K\s−1", seen)


def test_few_looks_are_counted_in_words() -> None:
    claim = "{{id: {0}, statement: a, test: 'variance_ratio(score_function, pathwise) > {1}'}}"
    claims = [f"  - {claim.format(*pair)}" for pair in (("a", 0.5), ("b", 0.6))]
    seen = text_of(page_of(toy(FUNCTION + "\n".join(["claims:", *claims]))))
    assert "The claims make two comparisons with a family-wise error of 5%" in seen
    assert "with two comparisons, each has coverage 1 − 0.05/2" in seen


# Tables and sentences that say no more than there is


def test_of_one_estimator_nothing_is_said_of_parts_nor_set_grey() -> None:
    seen = page_of(toy(CONJUGATE))
    assert "What holds for the total" not in text_of(seen) and '<tr class="own">' not in seen
    both = CONJUGATE.replace("[pathwise]", "[score_function, pathwise]")
    seen = page_of(toy(both, lambda cell, arm: 2.0 if arm.label == "score_function" else 1.0))
    assert "What holds for the total" in text_of(seen) and '<tr class="own">' in seen


def test_a_swept_function_is_written_out_and_a_setting_named_once() -> None:
    told = about.model(toy(FUNCTION)).replace("\u00a0", " ")
    assert "k takes three values from −1 to 1 with quadratic and four from 0.5 to 4 with cosine." in told
    assert told.endswith(" Cosine is f(z) = cos(k z).")
    bits = "{model: bits, function: threshold, dimension: 4}"
    swept = "sweep: [{problem.function: [parity]}]"
    found = toy(f"experiment: toy\ntitle: Bits\nproblem: {bits}\nestimators: [score_function]\n{swept}\n")
    told = about.model(found)
    assert told.startswith("z is 4 independent bits, each set with probability 0.5, and a black box f says ")
    assert told.endswith(" Parity says whether the number of bits that are set is odd.")


def test_an_estimator_is_called_what_figures_call_it_and_biased_once() -> None:
    bits = "{model: bits, dimension: 2}\nestimators: [score_function, gumbel_softmax, straight_through, "
    bits += "{name: gumbel_softmax, temperature: 0.1}]"
    found = toy(f"experiment: toy\ntitle: Bits\nproblem: {bits}\n")
    told = {one["title"]: one for one in estimators.context(found)["estimators"]}
    relaxed = told["Gumbel-softmax (Concrete)"]
    assert (
        relaxed["labels"].replace("\u00a0", " ") == "Labelled “Gumbel-softmax” and “Gumbel-softmax, τ = 0.1”."
    )
    for one in told.values():
        assert (one["warning"] + one["requires"]).lower().count("biased") <= 1


def test_of_two_of_one_kind_both_are_called_by_their_names_and_ones_own_is_not_called_twice() -> None:
    own = "{python: a.py:OWN, label: my lattice}"
    pairs = "{name: pathwise, antithetic: true, num_samples: 2, label: pairs}"
    text = (
        f"experiment: toy\ntitle: T\nproblem: {{model: conjugate}}\nestimators: [pathwise, {pairs}, {own}]\n"
    )
    told = [one["labels"] for one in estimators.context(toy(text))["estimators"]]
    assert told == ["Labelled “pathwise” and “pairs”.", ""]


def test_a_quote_that_is_the_statement_stands_in_quotation_marks() -> None:
    test = 'test: "total_variance(pathwise) < 9"'
    claims = f"claims:\n  - {{id: a, quote: variances are lower, source: Xu (2019), {test}}}\n"
    claims += (
        f"  - {{id: b, statement: it is lower, quote: variances are lower, source: Xu (2019), {test}}}\n"
    )
    findings = toy(FUNCTION + claims)
    alone, beside = (judged.one(claim, findings) for claim in findings.claims)
    assert (alone["statement"], alone["verbatim"], alone["quote"]) == ("“variances are lower”", True, "")
    assert (beside["statement"], beside["quote"]) == ("It is lower.", "variances are lower")
    page = page_of(findings)
    assert '<a href="#claim-a">“variances are lower”</a>' in page
    assert '<a href="#claim-b">It is lower</a>' in page
    (summary,) = ledger.groups([entry(findings)])
    assert [row["statement"] for row in summary["claims"]] == ["“variances are lower”", "It is lower"]
    text = text_of(page)
    assert "“variances are lower” Xu (2019)." in text
    assert "It is lower. Tests the words “variances are lower” of Xu (2019)." in text


def test_two_ratios_that_read_the_same_are_told_once() -> None:
    for other, said in ((1.0, "1.00 for both pathwise and the score function."),
                        (4.0, "1.00 for pathwise and 0.500 for the score function.")):  # fmt: skip
        found = toy(FUNCTION, lambda cell, arm, v=other: v if arm.label == "score_function" else 1.0)  # type: ignore[misc]
        context = signal.context(found)
        assert context is not None and marks.plain(context["sentence"]).endswith(said)


def test_of_one_objective_rejections_do_not_name_it() -> None:
    found = toy(FUNCTION, p_values=lambda cell, arm: 0.001)
    assert re.search(
        r": the score function \(seven\)\. About 0\.4 would by chance", " ".join(unbiasedness.verdict(found))
    )


def test_where_a_budget_ended_is_told_by_what_differs() -> None:
    found = toy(FUNCTION)
    short = [
        replace(record, arms=tuple(replace(arm, status="budget") for arm in record.arms))
        for record in found.measurements
    ]
    context = unfinished.context(replace(found, measurements=tuple(short)))
    assert context is not None
    assert {row["where"] for row in context["short"]} <= {"the base setting"} | {
        f"function {name}, k = {k}" for name in ("quadratic", "cosine") for k in ("−1", "0.5", "1", "2", "4")
    }


def test_a_table_of_one_estimator_has_no_column_of_ratios(both: Findings, function: Findings) -> None:
    for findings, ratios in ((both, False), (function, True)):
        assert ("its paired ratio to that of the reference" in text_of(page_of(findings))) == ratios


def test_a_share_of_nothing_is_no_coordinate() -> None:
    lower = {"a": Estimate(0.0), "b": Estimate(1.0), "c": Estimate(0.25)}
    findings = SimpleNamespace(
        get=lambda statistic, label: lower[label],
        estimator_of=dict.fromkeys("abcr", "own"),
        vocabulary=SimpleNamespace(last="at last"),
    )
    assert layers.coordinates(cast(Findings, findings), "abc", "r") == (
        "At last “r” has lower variance than “a” in no coordinate; than “b” in every coordinate;"
        " than “c” in 25% of coordinates."
    )


# The ratio across objectives


def test_a_claim_may_compare_objectives() -> None:
    def of(cell: MeasurementCell, arm: Arm) -> float:
        return 4.0 if arm.objective == "elbo" else 1.0

    claim = "objective_ratio(pathwise, elbo, elbo_analytic_kl)"
    claims = f"claims:\n  - {{id: a, statement: a, test: '{claim} = 4 within 5% in mean'}}\n"
    claims += f"  - {{id: b, statement: b, test: '{claim} < 1 at every problem.scale_factor'}}\n"
    first, second = toy(CONJUGATE + claims, of, spread=0.001).claims
    assert (first.verdict, first.estimate.value) == ("confirmed", pytest.approx(4.0))
    assert (second.verdict, len(second.details)) == ("refuted", 5)
    assert str(first.headline.text if first.headline else "") == f"{claim} = 4 within 5%"


def test_the_objectives_compared_need_not_be_the_first() -> None:
    """Nor need the estimator have a meaning for that one."""
    text = CONJUGATE.replace("objective: [", "objective: [iwae, ").partition("sweep")[0]
    text = text.replace("[pathwise]", "[pathwise, score_function_optimal_constant]")
    test = "objective_ratio(score_function_optimal_constant, elbo, elbo_analytic_kl) > 2"

    def of(cell: MeasurementCell, arm: Arm) -> float:
        return 4.0 if arm.objective == "elbo" else 1.0

    (claim,) = toy(f"{text}claims:\n  - {{id: a, statement: a, test: '{test}'}}\n", of, spread=0.001).claims
    assert (claim.verdict, claim.estimate.value) == ("confirmed", pytest.approx(4.0))


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("objective_ratio(pathwise, elbo, iwae) > 1", "objective 'iwae' is not declared"),
        ("objective_ratio(pathwise, elbo, elbo) > 1", "compares elbo with itself"),
        ("objective_ratio(pathwise, elbo, elbo_analytic_kl) > 1 under elbo", "names its objectives itself"),
        ("objective_ratio(pathwise, elbo) > 1", "takes 1 estimator and 2 objectives"),
    ],
)
def test_objectives_that_cannot_be_compared_are_refused(test: str, message: str) -> None:
    from reportgen.errors import DeclarationError

    with pytest.raises(DeclarationError, match=re.escape(message)):
        toy(f"{CONJUGATE}claims:\n  - {{id: a, statement: a, test: '{test}'}}\n")


def test_exact_variances_at_every_k_lie_under_the_marks() -> None:
    """Where they are known: marks without a line between them, and a thin line through the exact values."""
    text = FUNCTION.replace("estimators", "measure: {num_samples: [1, 2, 4]}\nestimators").partition("sweep")[
        0
    ]

    def falling(cell: MeasurementCell, arm: Arm) -> float:
        return 3.0 / arm.num_samples

    found = toy(text, falling, exact={"exact_variance": lambda cell, arm: 3.2 / arm.num_samples})
    data = variance_against_num_samples.data(found)
    assert data is not None and data.exact == ((3.2, 1.6, 0.8),) * 2
    assert "Marks are measured, thin lines are exact." in variance_against_num_samples.caption(found, data)
    with house_style("exact"):
        (ax,) = variance_against_num_samples.draw(data).axes
        joined = [one for one in ax.lines if one.get_linestyle() == "-" and len(one.get_xdata()) == 3]
        assert [tuple(one.get_ydata()) for one in joined][:2] == list(data.exact)
    bare = toy(text, falling)
    plain = variance_against_num_samples.data(bare)
    assert plain is not None and all(math.isnan(v) for exact in plain.exact for v in exact)
    assert "thin lines" not in variance_against_num_samples.caption(bare, plain)


def test_runs_of_a_sweep_are_told_apart_by_name() -> None:
    swept = FUNCTION[: FUNCTION.index("sweep:")] + "sweep: {problem.k: [1, 1e8], problem.mean: [-1e7, 0]}\n"
    seen = about.swept(toy(swept))
    assert "k takes two values from 1 to 10⁸ with mean −10⁷" in seen and "with mean 0" in seen


def test_a_model_trained_with_another_word_is_named_where_the_model_is() -> None:
    """Nothing but a claim would tell of it: a word has no axis, and so no section."""
    text = "experiment: a\nproblem: {model: logistic_regression}\nestimators: [pathwise]\n"
    text += "train: {epochs: 2, checkpoints: [2]}\n"
    told = about.model(toy(text + "sweep: {problem.covariance: [full]}\n"))
    assert "Trained in the same way with covariance full, it is a different model" in told
    assert "a different model" not in about.model(toy(text))
    assert about.placed("problem.covariance", "low_rank") == "covariance low rank"
    assert about.placed("problem.arguments.file", "my_file") == "file my_file"


def test_a_dash_where_an_estimate_can_be_zero_says_so() -> None:
    found = toy(CONJUGATE, eta=4)
    assert "A dash stands" not in text_of(page_of(found))
    lost = [
        replace(r, arrays={**r.arrays, "directional_ratio": r.arrays["directional_ratio"] * np.nan})
        for r in found.measurements
    ]
    seen = text_of(page_of(replace(found, measurements=tuple(lost))))
    assert "is lost in the noise, or where an estimate can be zero and so have no direction." in seen


@pytest.mark.parametrize(
    ("p", "bias", "caption", "section"),
    [
        (1.0, None, "For no estimator was a different mean found.", ""),
        (
            1.0,
            0.0,
            "For no estimator was a different mean found; the exact means are known to agree.",
            "Where exact means are known, that of the score function equals that of pathwise.",
        ),
        (
            0.019,
            0.0,
            "p = 0.019; the exact mean of the score function is known to agree, so this is chance.",
            "that of the score function equals that of pathwise, so a rejection is due to chance.",
        ),
        (
            1.0,
            0.5,
            "found; the exact mean of the score function is known to differ.",
            "Where exact means are known, that of the score function differs from that of pathwise.",
        ),
        (
            0.019,
            0.5,
            "p = 0.019.",
            "Where exact means are known, that of the score function differs from that of pathwise.",
        ),
    ],
)
def test_beside_what_a_test_finds_stands_what_is_known(
    p: float, bias: float | None, caption: str, section: str
) -> None:
    def biased(cell: MeasurementCell, arm: Arm) -> float:
        return bias if bias is not None and arm.label != "pathwise" else 0.0

    known = dict.fromkeys(("exact_variance", "exact_squared_norm"), lambda cell, arm: 1.0)
    exactly = {**known, "exact_bias_squared": biased} if bias is not None else None
    found = toy(FUNCTION, p_values=lambda cell, arm: p, exact=exactly)
    drawn = draw(found, "unbiasedness")
    assert drawn is not None and caption in marks.plain(drawn.caption), drawn.caption
    told = unbiasedness.verdict(found)
    assert section in " ".join(told) and (bool(section) or "exact mean" not in " ".join(told))


def test_a_rejection_of_one_that_is_biased_is_no_chance() -> None:
    text = FUNCTION.replace("[score_function,", "[score_function, {name: leave_one_out, num_samples: 2},")

    def off(cell: MeasurementCell, arm: Arm) -> float:
        return 0.5 if arm.label == "leave_one_out" else 0.0

    known = dict.fromkeys(("exact_variance", "exact_squared_norm"), lambda cell, arm: 1.0)
    exactly = {**known, "exact_bias_squared": off}
    found = toy(text, p_values=lambda cell, arm: 1.0 - off(cell, arm) * 1.99, exact=exactly)
    said = "that of the score function equals that of pathwise; that of leave-one-out differs."
    assert said in " ".join(unbiasedness.verdict(found))


def test_nothing_is_known_beside_a_reference_whose_exact_mean_is_not_the_gradient() -> None:
    for bias, same in ((0.5, None), (1e-12, True)):
        exactly = {
            name: lambda cell, arm, value=value: value
            for name, value in (
                ("exact_variance", 1.0),
                ("exact_squared_norm", 1.0),
                ("exact_bias_squared", bias),
            )
        }
        assert toy(FUNCTION, exact=exactly).exactly_the_same_mean("score_function") is same
    assert toy(FUNCTION).exactly_the_same_mean("score_function") is None


def test_an_axis_of_samples_is_logarithmic_as_its_caption_says() -> None:
    found = toy(RAINFORTH.replace("[1, 4, 16, 64]", "[1, 2, 5]"), points=3)
    data = signal_against_num_samples.data(found)
    assert data is not None and "both logarithmic" in signal_against_num_samples.caption(found, data)
    with house_style("x"):
        (ax,) = signal_against_num_samples.draw(data).axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
