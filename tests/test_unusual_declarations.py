"""Unusual declarations: the press says nothing about them that is not true."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reportgen.cli.answers import drift_lines
from reportgen.declaration import load_text
from reportgen.errors import DeclarationError
from reportgen.figures import FIGURES, by_objective, captions, draw, gap_waterfall
from reportgen.figures.models import unit_activity
from reportgen.findings import Findings
from reportgen.findings.drift import NumberDrift, estimate_of
from reportgen.plan import Arm, MeasurementCell
from reportgen.report import front, provenance
from reportgen.report.render import fill, html_page, shared_context
from reportgen.report.sections import judged, signal, unbiasedness, why
from reportgen.report.text import about
from reportgen.report.text.writer import LEAD
from reportgen.resources import templates
from tests.crafted import crafted, crafted_record, experiment
from tests.press_cases import toy
from tests.synthetic_models import TABLE, declared, models
from tests.test_press_of_models import said
from tests.test_report import SMALL, WHEN, findings_of, text_of

BOUND = """
experiment: toy
title: Biased for one of two
problem: {model: layered_vae}
objective: [elbo, iwae]
estimators:
  - {name: pathwise, num_samples: 2}
  - {name: sticking_the_landing, num_samples: 2}
  - {name: doubly_reparameterized, num_samples: 2}
train: {epochs: 20, checkpoints: [0, 20]}
measure: {images: 8}
"""
GAP = """
experiment: toy
title: Several samples
problem: {model: function}
estimators:
  - {name: score_function, num_samples: %s}
  - {name: score_function, baseline: optimal_constant}
  - pathwise
"""

MIXED = """
experiment: mixed
problem: {gradients: mine.py:build, arguments: {flag: 1, width: 2}}
estimators: [a, b]
"""


def dictated(cell: MeasurementCell, arm: Arm) -> float:
    """Far less variance for sticking the landing than for the others; ten times as much for REINFORCE."""
    return {"sticking_the_landing": 0.5, "score_function": 10.0, "pathwise": 1.0}.get(arm.label, 2.0)


@pytest.fixture(scope="module")
def bound() -> Findings:
    return toy(BOUND, dictated, points=8, eta=30)


def test_who_is_biased_for_one_objective_is_compared_for_the_others_alone(bound: Findings) -> None:
    data = by_objective.data(bound)
    assert data is not None
    caption = by_objective.caption(bound, data)
    assert re.search(r"over sticking the landing, K\u00a0=\u00a02 [^;]* under “ELBO”", caption)
    assert caption.count("over sticking the landing") == 1
    assert "“Sticking the landing, K\u00a0=\u00a02” is biased under IWAE bound." in caption


def test_tests_of_a_biased_estimator_are_those_of_the_objectives_it_is_biased_for(bound: Findings) -> None:
    texts = " ".join(unbiasedness.verdict(bound))
    assert (
        "sticking the landing for the IWAE bound of two samples, was rejected in none of two tests" in texts
    )


def test_references_are_named_with_their_objectives_where_they_differ() -> None:
    """Sticking the landing is the first that is unbiased for the ELBO, and biased for the bound."""
    text = BOUND.replace("  - {name: pathwise, num_samples: 2}\n", "")
    found = toy(text, dictated, points=8, eta=30)
    both = (
        "sticking the landing for the ELBO and the doubly reparameterized gradient for the IWAE bound of two"
        " samples"
    )
    assert about.references(found, about.named) == both
    assert f"mean is compared with that of {both}, draw by draw" in said(found)
    assert "sticking the landing for the IWAE bound" in " ".join(unbiasedness.verdict(found))


def test_the_spread_of_data_points_is_a_biased_estimators_own() -> None:
    """Of its own means, where they are not the reference's: for the bound, and of the user's own always."""
    record = crafted_record(experiment_cell(), more=lambda cell: {})
    raw = record.arrays["image_squared_norm_raw"].copy()
    reference = next(i for i, arm in enumerate(record.arms) if arm.reference)
    raw[[i for i in range(len(raw)) if i != reference]] *= 4.0
    arrays = {**record.arrays, "image_squared_norm_raw": raw}

    def spread(estimator: str, objective: str, num_samples: int = 1) -> float:
        from reportgen.findings.statistics.arm import MeasuredArm
        from reportgen.findings.statistics.noise_split import data_variance

        arms = tuple(
            arm if i == reference else replace(arm, estimator=estimator)
            for i, arm in enumerate(
                replace(one, objective=objective, num_samples=num_samples) for one in record.arms
            )
        )
        other = next(i for i in range(len(arms)) if i != reference)
        return data_variance(MeasuredArm(replace(record, arms=arms, arrays=arrays), other)).value

    shared = spread("score_function", "elbo")
    assert spread("sticking_the_landing", "elbo") == shared
    assert spread("sticking_the_landing", "iwae") == shared, "a bound of one sample is the mean of one"
    assert spread("sticking_the_landing", "iwae", 2) > shared
    assert spread("mine.py:ESTIMATOR", "elbo") > shared


def experiment_cell() -> MeasurementCell:
    return next(cell for cell in crafted(experiment()).plan.measurements if cell.base)


@pytest.mark.parametrize(("samples", "divided"), [(1, True), (4, False)])
def test_a_gap_is_divided_among_estimates_of_one_number_of_samples(samples: int, divided: bool) -> None:
    """Shares are at equal samples, factors are of estimates: of another K the one denies the other."""
    found = toy(GAP % samples, dictated)
    ladder = [label for label in found.labels if label != "score_function"]
    assert (gap_waterfall.data(found) is not None) is divided
    assert bool(why.explanation(found, "score_function", "pathwise", ladder[:1])) is divided
    assert bool(front._reasons(found)) is divided
    context = why.context(found)
    assert context is not None and context["rows"], "the share itself is at equal samples, and stays"


@pytest.mark.parametrize(
    ("worst", "told"),
    [
        (0.5, "does not have the higher variance"),
        (1.001, "is not shown to have the higher variance"),
        (9.0, ""),
    ],
)
def test_no_reason_is_sought_for_a_gap_that_is_none_or_lost_in_the_noise(worst: float, told: str) -> None:
    def variance(cell: MeasurementCell, arm: Arm) -> float:
        return {"score_function": worst, "with baseline": 2.0}.get(arm.label, 1.0) / arm.num_samples

    found = crafted(experiment(), variances=variance, spread=0.05)
    texts = why.explanation(found, "score_function", "pathwise", ["with baseline"])
    if told:
        lost = "at the last checkpoint, so there is no gap for the derivative to explain."
        assert texts == [f"The score function {told} {lost}"]
    else:
        assert texts[0].startswith("Of the estimators that use no derivative of the integrand, ")


def test_a_gap_may_be_divided_by_others_of_that_number() -> None:
    of_four = "  - {name: pathwise, num_samples: 4, label: of four}\n"
    baseline = "  - {name: score_function, baseline: optimal_constant, num_samples: 4, label: constant}\n"
    found = toy(GAP % 4 + of_four + baseline, dictated)
    data = gap_waterfall.data(found)
    assert data is not None
    assert [step.label for step in data.steps] == ["score_function", "constant", "of four"]


def test_what_was_not_trained_was_not_measured_after_training() -> None:
    text = SMALL.replace("epochs: 1, checkpoints: [0, 1]", "epochs: 0, checkpoints: [0]")
    abstract = " ".join(front.abstract(findings_of(text)))
    assert "Before training, the same ratio is" in abstract and "After training" not in abstract
    assert "After training, the same ratio is" in " ".join(front.abstract(findings_of(SMALL)))


def test_a_figure_that_does_not_lead_stands_in_its_section() -> None:
    """Of judged models the likelihood leads; the text leads to variance over training all the same."""
    findings = models(declared(TABLE.replace("objective: [iwae]", "objective: [elbo, iwae]")))
    names = ("likelihood_by_model", "variance_over_training", "variance_over_training_by_objective")
    drawings = {name: drawn for name in names if (drawn := draw(findings, name)) is not None}
    assert len(drawings) == len(names)
    source, sections = provenance.gather(findings, timestamp=WHEN), fill(findings)
    shared = shared_context(findings, source, "experiment: x\n", sections)
    files = {"results.csv": b"a", "claims.json": b"[]"}
    page = html_page(sections, shared, drawings, files, "x").decode()
    assert all(page.count(f'id="fig-{name}"') == 1 for name in names)
    assert "Figure 2 shows it for the first objective, figure 3 for all." in text_of(page).replace(
        "\u00a0", " "
    )


def test_every_figure_stands_in_a_section_or_leads() -> None:
    shown = " ".join(path.read_text() for path in (templates() / "sections").glob("*.html"))
    lacking = [name for name in FIGURES if f'{{{{ figure("{name}")' not in shown]
    assert lacking == ["likelihood_by_model"] and lacking[0] in LEAD


def test_more_than_two_stochastic_layers_are_outlined() -> None:
    data = unit_activity.data(models(declared()))
    assert data is not None
    for layers, says in ((1, ""), (2, "outlined: the one above it"), (3, "outlined: those above it")):
        rows = tuple(
            (
                title,
                tuple(
                    replace(one, layers=((1.0,),) * layers, counts=one.counts[:1] * layers)
                    for one in row
                    if not isinstance(one, str)
                ),
            )
            for title, row in data.rows
        )
        caption = unit_activity.caption(models(declared()), replace(data, rows=rows))
        assert says in caption and ("outlined" in caption) is (layers > 1)


def test_one_parameter_is_no_parameters() -> None:
    text = "experiment: toy\nproblem: {model: bits}\nobjective: [expectation]\nestimators: [score_function]\n"
    assert "a distribution with one parameter," in said(toy(text, eta=1, blocks=()))
    assert "a distribution with two parameters," in said(toy(text, eta=2, blocks=()))


def test_a_dash_for_a_lost_direction_is_explained() -> None:
    text = "experiment: toy\nproblem: {model: function}\nestimators: [pathwise, score_function]\n"

    def lose(found: Findings) -> Findings:
        (record,) = found.measurements
        ratios = {"directional_ratio": record.arrays["directional_ratio"] * float("nan")}
        return replace(found, measurements=(replace(record, arrays={**record.arrays, **ratios}),))

    whole = signal.context(toy(text, eta=4))
    lost = signal.context(lose(toy(text, eta=4)))
    assert whole is not None and not whole["lost"]
    assert lost is not None and lost["lost"] and lost["directional"]


def test_a_ratio_that_has_no_mean_has_no_column() -> None:
    text = "experiment: toy\nproblem: {model: function}\nestimators: [pathwise, score_function]\n"
    for eta, shown in ((2, False), (4, True)):
        found = signal.context(toy(text, eta=eta))
        assert found is not None and found["directional"] is shown and not found["lost"]
        assert ("Directional" in said(toy(text, eta=eta))) is shown


def test_a_swept_zero_is_told_and_a_constant_of_zero_is_not() -> None:
    row = replace(crafted(experiment()).rows[0], setting={"problem.k": "0.0", "constant": "0.0"})
    told = drift_lines.where(NumberDrift(row, estimate_of(row), estimate_of(row), "drifted"))
    assert told.endswith("all, k 0.0")


def test_the_commit_of_a_checkout_whose_git_folder_is_named_relative_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, git = tmp_path / "checkout", tmp_path / "git"
    (checkout / "templates").mkdir(parents=True)
    git.mkdir()
    (checkout / ".git").write_text("gitdir: ../git\n")
    (git / "HEAD").write_text("0123abcd\n")
    monkeypatch.setattr(provenance, "templates", lambda: checkout / "templates")
    monkeypatch.chdir(tmp_path)
    assert provenance.git_commit() == "0123abcd"


def test_a_factor_without_a_lower_end_can_be_turned_round(bound: Findings) -> None:
    endless: Any = replace(bound.ratio("sticking_the_landing", "pathwise"), low=0.0, high=float("inf"))
    turned = captions.inverse(endless)
    assert (turned.low, turned.high) == (0.0, float("inf"))


def test_estimators_without_variance_are_not_beaten_at_equal_compute() -> None:
    def some(cell: MeasurementCell, arm: Arm) -> float:
        return 0.0 if arm.label == "sticking_the_landing" else 1.0

    text = "experiment: toy\nproblem: {model: conjugate}\nobjective: [elbo]\nestimators: [%s]\n"
    found = toy(text % "sticking_the_landing, pathwise, score_function", some)
    drawn = draw(found, "work")
    assert drawn is not None
    assert "best unbiased estimator that has any, logarithmic" in drawn.caption
    assert "cannot show zero variance: sticking the landing. At equal compute," in drawn.caption
    assert "is best of the others; " in drawn.caption
    plain = draw(toy(text % "pathwise, score_function", some), "work")
    assert plain is not None and "of the others" not in plain.caption and "that has any" not in plain.caption


def test_ratios_that_are_all_alike_lie_at_one_number() -> None:
    text = "experiment: toy\nproblem: {model: function}\nsweep: {problem.k: [1, 2]}\nestimators: [%s]\n"
    seen = said(toy(text % "pathwise, score_function", lambda cell, arm: 1.0))
    assert "the ratio lies at 1.00" in seen and "between 1.00 and 1.00" not in seen


def test_two_estimators_are_told_apart_where_both_are_measured() -> None:
    text = BOUND.replace("pathwise", "leave_one_out").replace("layered_vae", "bernoulli_vae")
    text = text.replace("sticking_the_landing", "score_function").replace("doubly_reparameterized", "vimco")
    seen = said(toy(text, dictated, points=8, eta=30))
    assert "times that of leave-one-out" in seen
    assert "cannot be compared" not in seen


def test_truth_values_are_written_as_declared() -> None:
    found = toy(
        "experiment: toy\nproblem: {model: conjugate}\nsweep: {problem.drop_constant: [false, true]}\n"
        "measure: {precision: 20%}\n"
        "claims:\n  - {id: a, statement: b, test: evaluations(pathwise) > 1 at every problem.drop_constant}\n"
    )
    seen = said(found)
    assert re.search(r"Drop constant\s+false\S+ true\b", seen) and "True" not in seen
    assert (
        "coarse as this one, intervals of heavy-tailed estimates cover less often than their level states"
        in seen
    )


FLAG = "problem.arguments.flag"


@pytest.mark.parametrize(
    "sweep", [f"{{{FLAG}: [true, false]}}", f"[{{{FLAG}: [true]}}, {{{FLAG}: [1, false]}}]"]
)
def test_a_swept_truth_value_is_another_setting_than_a_number(sweep: str) -> None:
    claims = "".join(
        f"  - {{id: {name}, statement: s, test: 'variance_ratio(a, b) > 1{place}'}}\n"
        for name, place in {"base": "", "flagged": f" at {FLAG} true", "each": f" at every {FLAG}"}.items()
    )
    found = toy(MIXED + f"sweep: {sweep}\nclaims:\n{claims}")
    assert repr(found.experiment.values_of(FLAG)) == "(1, True, False)"
    assert repr([cell.setting[FLAG] for cell in found.plan.measurements]) == "[1, True, False]"
    assert repr([cell.problem["arguments"]["flag"] for cell in found.plan.measurements]) == "[1, True, False]"
    assert repr([[detail.setting[FLAG] for detail in claim.details] for claim in found.claims]) == (
        "[[1], [True], [1, True, False]]"
    )
    records = [found.record(setting=cell.setting) for cell in found.plan.measurements]
    assert [record and record.key for record in records] == [cell.key for cell in found.plan.measurements]
    assert len(found.settings(FLAG)) == 3


def test_a_run_at_a_truth_value_is_not_one_at_the_base_number() -> None:
    width = "problem.arguments.width"
    sweep = f"sweep: {{{width}: [2, 4], {FLAG}: [true, false]}}\n"
    runs = toy(MIXED + sweep).series(width)
    assert repr([run.named for run in runs]) == f"[{{'{FLAG}': True}}, {{'{FLAG}': False}}]"
    assert [record.setting[FLAG] for record in toy(MIXED + sweep)._along(width, None)] == [1]
    claim = f"claims: [{{id: a, statement: s, test: 'variance_ratio(a, b) > 1 at every {width}'}}]\n"
    with pytest.raises(
        DeclarationError, match=rf"while {FLAG} stays at its base value 1, which the sweep does"
    ):
        load_text(MIXED + sweep + claim)


def test_a_list_of_a_number_and_its_truth_value_says_nothing_twice() -> None:
    assert repr(load_text(MIXED + f"sweep: {{{FLAG}: [0, false]}}\n").swept[FLAG]) == "(0, False)"
    both = load_text(MIXED + f"sweep: [{{{FLAG}: [1]}}, {{{FLAG}: [true]}}]\n")
    assert repr(both.swept[FLAG]) == "(1, True)"
    with pytest.raises(DeclarationError, match=r"must be new, got 2\.0 twice"):
        load_text(MIXED + f"sweep: {{{FLAG}: [2, 2.0]}}\n")
    with pytest.raises(DeclarationError, match=r"sweep\[1\]: is sweep\[0\] again"):
        load_text(MIXED + f"sweep: [{{{FLAG}: [2]}}, {{{FLAG}: [2.0]}}]\n")


def test_evaluations_of_a_claim_are_counted_as_in_the_table() -> None:
    (claim,) = crafted(experiment("evaluations(score_function) <= evaluations(pathwise)")).claims
    assert judged.effect("evaluations", replace(claim.estimate, value=2.0)).endswith("2\U000f0101")


def test_of_what_broke_altogether_no_number_is_told() -> None:
    found = crafted(experiment(sweep="{}"), broken=lambda cell: True)
    told = " ".join(" ".join(front.abstract(found)).split())
    assert told.endswith("were to be measured, but nothing has been. Three cells broke.")
    seen = said(found)
    assert "no checkpoints" not in seen
    methods = seen.partition("Where the randomness lies")[2].partition("Verdicts")[0]
    assert methods and "–" not in methods and "A gradient has many coordinates." in methods
    assert "interval is at most" in methods and "Measurement stops as soon as" not in methods
    part = crafted(experiment(), broken=lambda cell: cell.base)
    assert "but nothing has been at the base setting." in " ".join(front.abstract(part))
