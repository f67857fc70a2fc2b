"""Figures: the data they draw, their words, their bytes, and that nothing in them collides."""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from reportgen.errors import UsageError
from reportgen.figures import (
    FIGURES,
    additive_constant,
    by_objective,
    coordinate_distribution,
    draw,
    gap_waterfall,
    noise_split,
    setting_panels,
    signal_to_noise,
    sketched,
    unbiasedness,
    variance_against_num_samples,
    variance_by_layer,
    variance_over_training,
    work,
)
from reportgen.figures.captions import ends, intervals_sentence
from reportgen.figures.drafting.axes import margin_column, margin_note, row_labels, setting_axis
from reportgen.figures.drafting.drawing import save
from reportgen.figures.drafting.labels import short_title, spread, wrapped
from reportgen.figures.drafting.lines import Line
from reportgen.figures.drafting.style import (
    COLUMN,
    INK,
    LEADING,
    LOOKS,
    LOWEST,
    PAPER,
    SMALL,
    SPARE,
    families,
    height,
    house_style,
    leading,
    looks,
    new_figure,
    settle,
)
from reportgen.figures.drafting.svg import compact
from reportgen.figures.drafting.ticks import log_ticks, plain
from reportgen.figures.models import learning_curve
from reportgen.figures.reading import blocks_swept
from reportgen.figures.unbiasedness import Mean, Unbiasedness
from reportgen.figures.variance_over_training import VarianceOverTraining
from reportgen.findings import Estimate, Findings, collect, marks, prose
from reportgen.plan import Arm, MeasurementCell, Plan
from reportgen.resources import templates
from reportgen.store.records import BrokenRecord
from tests.crafted import crafted, experiment
from tests.press_cases import FUNCTION, toy
from tests.synthetic import flagship_records, synthetic_drawings, synthetic_findings
from tests.synthetic_experiment import synthetic_experiment, synthetic_plan

OF_MODELS = (
    "likelihood_by_model",
    "learning_curves",
    "bound_against_k",
    "unit_activity",
    "model_images",
    "signal_by_model",
)
"""See test_model_figures."""
ELSEWHERE = ("signal_against_num_samples", *OF_MODELS)
"""Figures that say nothing of the flagship; see test_press_of_toys."""
NAMES = tuple(name for name in FIGURES if name not in ELSEWHERE)
PRINTED = "as printed in the source post"


@pytest.fixture(scope="module")
def findings() -> Findings:
    """The flagship on simulated records."""
    return synthetic_findings()


@pytest.fixture(scope="module")
def drawings() -> dict[str, Any]:
    """Every figure of it, None where there is none."""
    return {name: synthetic_drawings().get(name) for name in NAMES}


def lesser(**change: Any) -> Findings:
    """Findings of a plan with some cells broken, missing or left out of the plan."""
    plan, records = synthetic_plan(), dict(flagship_records())
    keep = change.get("keep", lambda cell: True)
    plan = Plan(plan.experiment, plan.trainings, tuple(c for c in plan.measurements if keep(c)))
    for cell in plan.measurements:
        if change.get("broken", lambda cell: False)(cell):
            cause = "the loss is not finite"
            records[cell.key] = BrokenRecord(cell.key, "measurement", cell.setting, cell.checkpoint, cause)
        elif "edit" in change:
            records[cell.key] = change["edit"](records[cell.key])
    if change.get("untrained"):
        records = {key: value for key, value in records.items() if hasattr(value, "arms")}
    experiment = synthetic_experiment().model_copy(update={"claims": ()})  # judging them takes time
    return collect(experiment, plan, records)


# What is drawn


def test_every_figure_of_the_table_is_drawn(drawings: dict[str, Any]) -> None:
    assert [name for name, drawing in drawings.items() if drawing is None] == []


def test_an_unknown_name_is_answered_with_the_list(findings: Findings) -> None:
    with pytest.raises(UsageError, match=r"figures: needs one of variance_over_training, .*found 'pie'"):
        draw(findings, "pie")


def test_the_first_figure_holds_every_estimator_at_every_checkpoint(findings: Findings) -> None:
    data = variance_over_training.data(findings)
    assert data is not None
    assert data.epochs == (0, 1, 5, 20, 50, 100, 200)
    assert [line.label for line in data.lines] == list(findings.labels)
    for line in data.lines:
        for epoch, estimate in zip(data.epochs, line.estimates, strict=True):
            assert estimate == findings.get("total_variance", line.label, checkpoint=epoch)
            assert estimate.low < estimate.value < estimate.high


def test_each_objective_has_a_panel_of_its_own_numbers(findings: Findings) -> None:
    panels = by_objective.data(findings)
    assert panels is not None
    assert [panel.objective for panel in panels] == list(findings.objectives)
    elbo = panels[1].lines[0].values[-1]
    assert elbo == findings.get("total_variance", "score_function", objective="elbo").value
    assert elbo != panels[0].lines[0].values[-1]


def test_a_gap_that_is_lost_in_the_noise_has_no_waterfall() -> None:
    def drawn(ahead: float) -> bool:
        variance = {"score_function": ahead, "with baseline": 1.001, "pathwise": 1.0}
        found = crafted(experiment(), variances=lambda _, arm: variance[arm.label], spread=0.02)
        return gap_waterfall.data(found) is not None

    assert drawn(1.5)
    assert not drawn(1.002)


def test_the_whole_gap_is_told_of_one_step_as_of_several(findings: Findings) -> None:
    variance = {"score_function": 4.0, "with baseline": 2.0, "pathwise": 1.0}
    one = crafted(experiment(), variances=lambda _, arm: variance[arm.label], spread=0.02)
    for found, then in ((one, "The intermediate estimator closes 50% of it."), (findings, "On its own, ")):
        data = gap_waterfall.data(found)
        assert data is not None
        caption = marks.plain(gap_waterfall.caption(found, data))
        assert f" The whole gap is a factor of {prose.with_interval(data.whole)}. {then}" in caption


def test_waterfall_shares_add_up_and_factors_multiply_to_the_gap(findings: Findings) -> None:
    data = gap_waterfall.data(findings)
    assert data is not None
    assert [step.label for step in data.steps] == list(gap_waterfall.STEPS)
    assert math.fsum(step.share for step in data.steps[1:]) == pytest.approx(1.0)
    factors = [step.factor.value for step in data.steps if step.factor is not None]
    assert math.prod(factors) == pytest.approx(data.whole.value)
    for index, step in enumerate(data.steps):
        assert step.closed == findings.gap_closed(step.label, "score_function", "pathwise")
        assert step.closed.value == pytest.approx(math.fsum(s.share for s in data.steps[1 : index + 1]))


def test_what_is_told_to_who_cannot_see_has_no_marks(findings: Findings) -> None:
    one = findings.get("total_variance", "pathwise")
    with house_style("work"):
        sketch = sketched(findings, "work")
        assert sketch is not None
        marked = marks.told("1.5", one)
        drawing = save(replace(sketch, alt=f"As {marked}."), "work")
    assert marked != "1.5" and drawing.alt == "As 1.5."
    assert 'aria-label="As 1.5."' in drawing.svg.decode()


def test_the_shares_of_a_caption_are_those_of_the_last_checkpoint(findings: Findings) -> None:
    data = noise_split.data(findings)
    assert data is not None
    last = sorted(line.values[-1] for line in data.lines if math.isfinite(line.values[-1]))
    caption = marks.plain(noise_split.caption(findings, data))
    assert len(last) > 1 and all(line.values[0] != line.values[-1] for line in data.lines)
    told = f"Monte Carlo noise is {prose.percent(last[0])} of the total for "
    assert told in caption and f" and {prose.percent(last[-1])} for " in caption


@pytest.mark.parametrize(
    ("effect", "told"),
    [(0.0, "not at all"), (0.88, "by up to 88%"), (1.0, "by up to 100%"), (11.0, "by up to a factor of 12")],
)
def test_a_change_by_a_constant_is_a_share_up_to_a_doubling_and_then_a_factor(
    effect: float, told: str
) -> None:
    assert additive_constant.change(Estimate(effect)) == told


@pytest.mark.parametrize(
    ("blocks", "trained", "told"),
    [
        (("all", "mean", "log_scale"), False, ("mean", "log_scale")),
        (("all", "mean", "log_scale"), True, ("all",)),
        (("all", "mean"), False, ("all",)),
        (("all", "a", "b", "c"), False, ("a", "b", "c")),
        (("all", "a", "b", "c", "d"), False, ("all",)),
    ],
)
def test_blocks_are_told_apart_over_a_sweep_where_they_are_few_and_of_q_itself(
    blocks: tuple[str, ...], trained: bool, told: tuple[str, ...]
) -> None:
    found = SimpleNamespace(blocks=blocks, vocabulary=SimpleNamespace(trained=trained))
    assert blocks_swept(cast(Findings, found)) == told


def test_a_step_back_is_written_as_a_multiplication() -> None:
    assert gap_waterfall.factor_text(Estimate(54.8, 54.1, 55.5)) == "÷ 54.80 (54.10 to 55.50)"
    assert gap_waterfall.factor_text(Estimate(0.4, 0.32, 0.5)) == "× 2.50 (2.00 to 3.12)"
    assert gap_waterfall.factor_text(Estimate(math.nan)) == "not available"


def test_what_is_left_out_is_told_as_it_was_measured_however_small() -> None:
    def edit(record: Any) -> Any:
        small = {20: 1e-9, 50: 1e-40}.get(record.setting["problem.latent"], 1.0)
        factor = [small if arm.label == PRINTED else 1.0 for arm in record.arms]
        arrays = dict(record.arrays)
        for name in ("variance", "variance_without"):
            array = arrays[name]
            arrays[name] = array * np.reshape(factor, (-1, *[1] * (array.ndim - 1)))
        return replace(record, arrays=arrays)

    drawing = draw(lesser(edit=edit), "variance_against_setting")
    assert drawing is not None
    told = marks.plain(drawing.caption)
    assert re.search(r"“As printed in the source post” \(\d\.\d\d×10⁻\S+ to ", told), told


def test_a_biased_estimator_far_off_the_scale_is_named_and_not_drawn() -> None:
    def edit(record: Any) -> Any:
        arrays = dict(record.arrays)
        for name in ("variance", "variance_without", "coordinate_quantiles", "coordinate_quantiles_without"):
            arrays[name] = arrays[name].copy()
            for index, arm in enumerate(record.arms):
                if arm.label == PRINTED:
                    arrays[name][index] *= 1e-30
        return replace(record, arrays=arrays)

    far = lesser(edit=edit)
    data = variance_over_training.data(far)
    assert data is not None and [line.label for line in data.apart] == [PRINTED]
    assert PRINTED not in [line.label for line in data.lines] and len(data.lines) == 6
    sketch = sketched(far, "variance_over_training")
    assert sketch is not None
    assert "Not drawn, as biased and far off this scale: “As printed in the source post” (" in sketch.caption
    for name in ("variance_by_layer", "variance_against_setting", "variance_against_num_samples"):
        drawing = draw(far, name)
        assert drawing is not None and "Not drawn, as biased" in drawing.caption
    rows = coordinate_distribution.data(far)
    assert rows is not None and [row.label for row in rows.apart] == [PRINTED]
    panels = by_objective.data(far)
    assert panels is not None and all(len(panel.lines) == 6 for panel in panels)


def test_a_biased_estimator_partly_off_the_scale_is_not_said_to_be_far_off_it() -> None:
    def edit(record: Any) -> Any:
        arrays = dict(record.arrays)
        for name in ("variance", "variance_without"):
            arrays[name] = arrays[name].copy()
            for index, arm in enumerate(record.arms):
                if arm.label == PRINTED and record.checkpoint == 200:
                    arrays[name][index] *= 1e-30
        return replace(record, arrays=arrays)

    partly = lesser(edit=edit)
    data, panels = variance_over_training.data(partly), by_objective.data(partly)
    assert data is not None and [line.label for line in data.apart] == [PRINTED] and panels is not None
    values = [value for panel in panels for line in panel.apart for value in line.values]
    for name, found in (
        ("variance_over_training", data.apart[0].values),
        ("variance_over_training_by_objective", values),
    ):
        drawing = draw(partly, name)
        ends = f"{prose.number(min(found))} to {prose.number(max(found))}"
        said = f"Not drawn, as biased and partly off this scale: “As printed in the source post” ({ends})."
        assert (
            drawing is not None and said in marks.plain(drawing.caption) and "far off" not in drawing.caption
        )
    layers = draw(partly, "variance_by_layer")
    assert layers is not None and "Not drawn, as biased and far off this scale: " in layers.caption


def test_a_name_in_a_sentence_has_its_article(drawings: dict[str, Any]) -> None:
    bare = re.compile(r"\b(?:of|for|between|zero:) (?:score function|optimal|as printed)")
    told = {name: bare.findall(drawing.caption) for name, drawing in drawings.items()}
    assert not any(told.values()), told
    assert "highest for pathwise" in drawings["signal_to_noise"].caption
    assert "for the score function." in drawings["noise_split"].caption


def test_an_axis_of_whole_numbers_has_whole_ticks() -> None:
    for values, whole in (([2.0, 3.0], True), ([0.5, 1.5], False)):
        ax = Figure().add_subplot()
        setting_axis(ax, values, log=False)
        ticks = [tick for tick in ax.get_xticks() if values[0] <= tick <= values[-1]]
        assert all(float(tick).is_integer() for tick in ticks) is whole and len(ticks) > 1


def test_num_samples_and_constants_hold_what_was_measured(findings: Findings) -> None:
    curves = variance_against_num_samples.data(findings)
    assert curves is not None and curves.num_samples == (1, 2, 4, 8, 16, 32)
    loo = next(line for line in curves.lines if line.label == "leave_one_out")
    assert math.isnan(loo.values[0]) and loo.values[1] > 0
    caption = variance_against_num_samples.caption
    flat = Estimate(-1.0, -1.1, -0.9, 30)
    told = [caption(findings, replace(curves, lines=curves.lines[:n], slopes=(flat,) * n)) for n in (1, 2)]
    assert "The fitted slope is compatible" in told[0] and "Every fitted slope is compatible" in told[1]
    moved = additive_constant.data(findings)
    assert moved is not None and moved.constants == (-50.0, 0.0, 50.0)
    assert {line.label for line in moved.lines} == {"score_function", "pathwise"}
    pathwise = next(line for line in moved.lines if line.label == "pathwise")
    assert pathwise.values[0] == pathwise.values[1] == pathwise.values[2]


def test_work_compares_with_the_best_unbiased_estimator(findings: Findings) -> None:
    data = work.data(findings)
    assert data is not None and data.best_by_passes == "pathwise"
    ratio = findings.ratio("score_function", "pathwise")
    row = next(row for row in data.rows if row.label == "score_function")
    assert row.by_passes == pytest.approx((ratio.value / 2, ratio.low / 2, ratio.high / 2))
    assert [r.by_passes[0] for r in data.rows] == sorted(r.by_passes[0] for r in data.rows)
    _, second, *_ = data.rows
    assert f"needs {prose.number(second.by_passes[0])} times as much" in marks.plain(
        work.caption(findings, data)
    )
    like = replace(second, by_passes=(1.0004, 1.0, 1.001))
    close = replace(data, rows=tuple(like if row is second else row for row in data.rows))
    assert ", the next best, needs as much, to three digits" in work.caption(findings, close)


def test_numbers_beside_a_panel_of_work_do_not_seem_to_name_rows_of_the_next(findings: Findings) -> None:
    data = work.data(findings)
    assert data is not None
    with house_style("work"):
        figure = work.draw(data)
        settle(figure)
        renderer = FigureCanvasAgg(figure).get_renderer()
    left, right = figure.axes
    panels = [ax.get_window_extent(renderer) for ax in (left, right)]
    notes = [text.get_window_extent(renderer) for text in left.texts if text.get_text()[:1].isdigit()]
    assert len(notes) == len(data.rows)
    assert all(note.x0 - panels[0].x1 < (panels[1].x0 - note.x1) / 2 for note in notes)


def test_captions_give_ratios_with_the_digits_of_text_and_tables(
    findings: Findings, drawings: dict[str, Any]
) -> None:
    pair = ("score_function", "pathwise")
    blocks = [findings.ratio(*pair, group=group) for group in findings.blocks if group != "all"]
    ends = [choose(blocks, key=lambda ratio: ratio.value) for choose in (min, max)]
    for ratio in ends:
        assert f"of {prose.value_of(ratio)} in “" in marks.plain(drawings["variance_by_layer"].caption)
    for units in (2, 50):
        ratio = findings.ratio(*pair, setting={"problem.latent": units, "train.seed": 0})
        assert ratio.available
        assert f" {prose.value_of(ratio)} times " in marks.plain(drawings["variance_against_setting"].caption)


TWO_OBJECTIVES = """
experiment: toy
title: Two objectives on one axis
problem: {model: rainforth, points: 3}
objective: [elbo, iwae]
estimators: [{name: score_function, num_samples: 4}, {name: pathwise, num_samples: 4}]
sweep: {problem.perturbation: [0.1, 0.5]}
"""


@pytest.mark.parametrize("quiet", [1.0, 1e-30])
def test_a_ratio_is_of_the_objectives_of_its_two_lines(quiet: float) -> None:
    """And not told where one of the two is drawn as zero, its variance being rounding."""
    most, least = ("score_function", "iwae"), ("pathwise", "elbo")

    def variance(cell: MeasurementCell, arm: Arm) -> float:
        factor = {most: 3000.0, least: 2.0}.get((arm.label, arm.objective), 50.0)
        first = cell.setting["problem.perturbation"] == 0.01
        return factor * (quiet if first and (arm.label, arm.objective) == least else 1.0)

    drawing = draw(toy(TWO_OBJECTIVES, variance, blocks=("linear",)), "variance_against_setting")
    assert drawing is not None
    told = re.search(r"has ([\d ]+)\S* times the variance of the lowest", marks.plain(drawing.caption))
    assert told is not None and told[1].replace("\u202f", "") == "1500"
    assert ("times with perturbation = 0.01" in drawing.caption) == (quiet == 1.0)


@pytest.mark.parametrize("values", [(1.0, 1.0, 1.0), (3.0, 2.0, 1.0), (1.0, 2.0, 2.0), (1.0, 1.0, 3.0)])
def test_highest_and_lowest_are_two(values: tuple[float, ...]) -> None:
    named = dict(zip("abc", values, strict=True))
    high, low = ends(named)
    assert high != low and (named[high], named[low]) == (max(values), min(values))


def test_factors_that_read_the_same_are_told_once() -> None:
    drawing = draw(toy(FUNCTION), "variance_by_layer")
    assert drawing is not None and re.search(
        r"differ by a factor of [\d.]+ in both blocks\.", marks.plain(drawing.caption)
    )


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (Estimate(0.999967, 0.9998, 1.0001), "cannot be told apart"),
        (Estimate(1.0, 1.0, 1.0), "cannot be told apart"),
        (Estimate(1.0000004, 1.0000003, 1.0000005), "are the same to three digits"),
        (Estimate(1.0003), "are the same to three digits"),
        (Estimate(1.02, 1.01, 1.03), "differ by a factor of 1.020"),
        (Estimate(0.5, 0.49, 0.51), "differ by a factor of 2.000, in reverse order,"),
    ],
)
def test_a_factor_of_one_is_told_as_none(ratio: Estimate, told: str) -> None:
    assert variance_by_layer._apart(ratio) == told


@pytest.mark.parametrize(
    ("ratios", "told"),
    [
        ([(0.9, 0.7, 1.2), (1.05, 1.04, 1.06), (1.1, 0.9, 1.4)], "cannot be told apart in “0” and “2”."),
        ([(0.9, 0.7, 1.2), (1.0, 0.9, 1.1), (1.1, 0.9, 1.4)], "cannot be told apart in any block."),
        ([(2.0, 1.99, 2.01), (2.0, 1.99, 2.01), (2.0, 1.99, 2.01)], "a factor of 2.000 in every block."),
        ([(1.1, 0.9, 1.4), (2.0, 1.99, 2.01)], "apart in “0” and differ by a factor of 2.000 in “1”."),
        ([(0.5, 0.49, 0.51), (2.0, 1.99, 2.01)], "2.000, in reverse order, in “0” and of 2.000 in “1”."),
    ],
)  # fmt: skip
def test_what_is_told_of_every_block_holds_in_each(
    ratios: list[tuple[float, float, float]], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variance_by_layer, "unbiased", lambda findings, label: True)
    blocks = [str(i) for i in range(len(ratios))]
    lines = [SimpleNamespace(label=name, title=name, values=(i,)) for i, name in enumerate("ab")]
    data = SimpleNamespace(lines=lines, groups=blocks, titles=blocks, objective="elbo")
    findings = SimpleNamespace(
        ratio=lambda *_, group, **__: Estimate(*ratios[int(group)]),
        blocks=("all", *blocks),
        vocabulary=SimpleNamespace(block=str),
    )
    assert variance_by_layer.gap_sentence(cast("Any", findings), cast("Any", data)).endswith(told)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (8.0, 2.0, "perturbation = 0.5 the highest (…) and the lowest (…) cannot be told apart; with "
                   "perturbation = 0.01 the first has 4.00 times the variance of the second."),
        (2.0, 8.0, "perturbation = 0.5 the highest (…) has 4.00 times the variance of the lowest (…); with "
                   "perturbation = 0.01 they cannot be told apart."),
        (2.0, 2.0, "perturbation = 0.5 the highest (…) and the lowest (…) cannot be told apart; with "
                   "perturbation = 0.01 they cannot be told apart."),
    ],
)  # fmt: skip
def test_captions_of_estimators_that_are_alike_have_no_factor_of_one(
    first: float, last: float, told: str
) -> None:
    def variance(cell: MeasurementCell, arm: Arm) -> float:
        factor = {0.01: first, 0.5: last}.get(cell.setting["problem.perturbation"], 3.0)
        return factor if arm.label == "score_function" else 2.0

    text = TWO_OBJECTIVES.replace("elbo, iwae", "elbo")
    drawing = draw(toy(text, variance, blocks=("linear",)), "variance_against_setting")
    assert drawing is not None and told in re.sub(r"\([^()]*\)", "(…)", marks.plain(drawing.caption))
    drawing = draw(toy(FUNCTION, lambda cell, arm: 4.0), "variance_by_layer")
    assert drawing is not None and " cannot be told apart in either block." in drawing.caption


def test_the_highest_and_the_lowest_are_of_those_compared_where_a_biased_one_is_drawn_too() -> None:
    biased = "{name: sticking_the_landing, num_samples: 4}, "
    for more, of in (("", ""), (biased, " of the unbiased estimators")):
        text = TWO_OBJECTIVES.replace("elbo, iwae", "iwae").replace("estimators: [", f"estimators: [{more}")
        for name, said, blocks in (
            ("variance_against_setting", "the highest", ("linear",)),
            ("variance_by_layer", "The highest", ("linear", "bias")),
        ):
            found = toy(text, lambda cell, arm: 9.0 if arm.label == "score_function" else 3.0, blocks=blocks)
            drawing = draw(found, name)
            assert drawing is not None and f"{said}{of} (score function" in drawing.caption


def test_few_lines_take_less_height_and_the_axis_has_room_for_its_name(findings: Findings) -> None:
    assert [height(88, lines) for lines in (1, 2, 4)] == pytest.approx([55.44, 71.28, 88])
    assert height(60, 1) == LOWEST
    signal, variance = signal_to_noise.data(findings), variance_over_training.data(findings)
    assert signal is not None and variance is not None
    with house_style("x"):
        for figure in (
            signal_to_noise.draw(replace(signal, lines=signal.lines[:1])),
            variance_over_training.draw(replace(variance, lines=variance.lines[:1])),
        ):
            settle(figure)
            box = figure.axes[0].yaxis.label.get_window_extent(FigureCanvasAgg(figure).get_renderer())
            assert 0 <= box.y0 < box.y1 <= figure.bbox.height


def test_the_negative_control_is_visibly_off_and_said_so(
    findings: Findings, drawings: dict[str, Any]
) -> None:
    data = unbiasedness.data(findings)
    assert data is not None
    control = next(row for row in data.rows if row.label == PRINTED)
    assert control.projection.high < 1 and control.p_value < 0.001
    assert [row.label for row in data.rows if row.differs] == [PRINTED]
    said = "a different mean was found for “as printed in the source post”"
    assert said in drawings["unbiasedness"].caption


def test_a_wide_interval_gets_a_magnified_panel() -> None:
    ink = LOOKS["pathwise"]

    def row(low: float, high: float) -> Mean:
        return Mean("a", "A", ink, Estimate((low + high) / 2, low, high), 0.5)

    near = (row(0.98, 1.02), row(0.97, 1.02), row(0.99, 1.03))
    assert Unbiasedness("elbo", "Pathwise", near).zoom is None
    zoom = Unbiasedness("elbo", "Pathwise", (*near, row(-4.0, 6.0))).zoom
    assert zoom is not None and 0.03 < zoom < 0.06
    off = Unbiasedness("elbo", "Pathwise", (*near, row(-4.0, 5.0)))
    whole, magnified = unbiasedness.draw(off).axes
    arrows = [
        [line.get_marker() for line in ax.lines if line.get_marker() in "<>"] for ax in (whole, magnified)
    ]
    assert arrows == [[], ["<"]], "its interval reaches into the panel, its value does not"


# Missing data


@pytest.mark.long
def test_without_sweep_curves_and_training_those_figures_are_left_out() -> None:
    only_base = lesser(keep=lambda cell: cell.base and cell.checkpoint < 200, untrained=True)
    assert setting_panels.data(only_base) is None
    assert variance_against_num_samples.data(only_base) is None
    assert additive_constant.data(only_base) is None
    assert learning_curve.data(only_base) is None
    drawn = {name for name in NAMES if draw(only_base, name) is not None}
    assert {"variance_over_training", "gap_waterfall", "unbiasedness", "noise_split"} <= drawn


def test_nothing_measured_draws_nothing_but_the_learning_curve() -> None:
    nothing = lesser(broken=lambda cell: True)
    assert {name for name in NAMES if draw(nothing, name) is not None} == {"learning_curve"}


@pytest.mark.long
def test_a_single_checkpoint_is_drawn() -> None:
    single = lesser(keep=lambda cell: cell.base and cell.checkpoint == 200)
    for name in NAMES:
        drawing = draw(single, name)
        assert (drawing is None) == (name == "variance_against_setting")
    caption = sketched(single, "variance_over_training")
    assert caption is not None and "at epoch 0" not in caption.caption


def test_a_broken_checkpoint_leaves_a_gap() -> None:
    gap = lesser(broken=lambda cell: cell.checkpoint == 20)
    data = variance_over_training.data(gap)
    assert data is not None and data.epochs[3] == 20
    assert all(math.isnan(line.values[3]) and not math.isnan(line.values[4]) for line in data.lines)
    assert draw(gap, "variance_over_training") is not None
    shares = noise_split.data(gap)
    assert shares is not None and all(math.isnan(line.values[3]) for line in shares.lines)


def test_broken_arms_and_nan_estimates_are_drawn_around() -> None:
    def edit(record: Any) -> Any:
        arms = [
            replace(a, status="broken", cause="no memory") if a.label == "score_function" else a
            for a in record.arms
        ]
        arrays = dict(record.arrays)
        arrays["variance"] = arrays["variance"].copy()
        for index, arm in enumerate(arms):
            if arm.label == "leave_one_out":
                arrays["variance"][index] = math.nan
        return replace(record, arms=tuple(arms), arrays=arrays)

    broken = lesser(edit=edit)
    data = variance_over_training.data(broken)
    assert data is not None
    assert {"score_function", "leave_one_out"}.isdisjoint(line.label for line in data.lines)
    assert draw(broken, "gap_waterfall") is None
    for name in NAMES:
        drawing = draw(broken, name)
        assert drawing is None or not re.search(r"\bnan\b", drawing.caption + drawing.alt)


# Words


def test_captions_are_sentences_with_their_numbers(drawings: dict[str, Any], findings: Findings) -> None:
    for name, drawing in drawings.items():
        assert marks.plain(drawing.alt) == drawing.alt
        for text in (marks.plain(drawing.caption), drawing.alt):
            assert text[0].isupper() and text.endswith("."), name
            assert not re.search(r"\bnan\b|  |\.\.|None|\d\.\d{9}", text), name
        # Read aloud, a number in a name and the one after it would be one.
        assert not re.search(r"\b[Kk]\s=\s\d+ [−\d]", drawing.alt), name
        assert "image" in drawing.caption
    assert "against the number of latent units d. With" in drawings["variance_against_setting"].alt
    first = marks.plain(drawings["variance_over_training"].caption)
    assert (
        "95% intervals" in first
        and "reconstruction term" in first
        and "mean over twelve test images" in first
    )
    ratio = findings.ratio("score_function", "pathwise")
    assert f"has {ratio.value:.0f} (" in first
    assert "is biased and drawn as a control" in first


def test_captions_say_a_thing_once(drawings: dict[str, Any], findings: Findings) -> None:
    for name, drawing in drawings.items():
        said = re.split(r"(?<=[.;]) ", drawing.caption)
        assert len(said) == len(set(said)), name
    panels = by_objective.data(findings)
    assert panels is not None
    together = by_objective.caption(findings, (panels[0], panels[0]))
    assert "under “Reconstruction term” and “Reconstruction term”." in together
    assert together.count("score function over pathwise") == 1
    apart = by_objective.caption(findings, panels)
    assert apart.count("score function over pathwise") == 1 and "; " in apart.partition("over pathwise")[2]


def test_the_key_to_a_single_panel_has_its_colour(findings: Findings) -> None:
    data = noise_split.data(findings)
    assert data is not None
    for lines, said in ((data.lines[:1], "Monte Carlo noise"), (data.lines, "(in each panel’s colour)")):
        with house_style("noise_split"):
            (legend,) = noise_split.draw(replace(data, lines=lines)).legends
        assert legend.get_texts()[0].get_text().endswith(said)
        own = legend.get_patches()[0].get_facecolor() == to_rgba(lines[0].look.colour)
        assert own == (len(lines) == 1)


def test_names_of_ridges_stand_on_one_line(findings: Findings) -> None:
    """Rows are as high as a line and a half: the second line of the last name lay on the axis."""
    data = coordinate_distribution.data(findings)
    assert data is not None
    long = "Straight-through Gumbel-softmax"
    with house_style("coordinate_distribution"):
        figure = coordinate_distribution.draw(replace(data, rows=(replace(data.rows[0], title=long),)))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [long]


def test_a_biased_estimator_has_no_share_of_noise(findings: Findings, drawings: dict[str, Any]) -> None:
    data = noise_split.data(findings)
    assert data is not None and PRINTED not in [line.label for line in data.lines]
    assert len(data.lines) == len(findings.labels) - 1
    assert "Biased estimators are left out." in drawings["noise_split"].caption
    with house_style("noise_split"):
        assert noise_split.draw(data).get_supylabel() == "share of the variance"
        assert noise_split.draw(replace(data, lines=data.lines[:1])).get_supylabel() == "share"


def test_a_bar_that_runs_off_the_axis_is_said_to() -> None:
    ink = LOOKS["pathwise"]
    whole = Line("a", "A", ink, (Estimate(1.0, 0.9, 1.1), Estimate(2.0, 1.8, 2.2)))
    cut = replace(whole, estimates=(Estimate(1.0, 0.0, 2.0), Estimate(2.0, 1.8, 2.2)))
    assert "leaves the axis" not in intervals_sentence([whole])
    assert "leaves the axis" in intervals_sentence([whole, cut])


def test_titles_are_short_and_labels_of_ones_own_are_kept() -> None:
    assert short_title("pathwise", "pathwise") == "Pathwise"
    assert short_title("score_function", "score_function") == "Score function"
    constant = "score_function_optimal_constant"
    assert short_title(constant, constant) == "Optimal constant baseline"
    assert short_title("my pick", "pathwise") == "My pick"
    assert short_title("my_thing", "my_thing") == "My thing"
    assert wrapped("a" * 90).count("\n") == 2 and wrapped("a" * 90).endswith("…")


def test_a_label_is_broken_evenly_and_after_a_comma_if_it_has_one() -> None:
    assert wrapped("As printed in the source post") == "As printed in\nthe source post"
    assert wrapped("Optimal baseline per coordinate") == "Optimal baseline\nper coordinate"
    assert wrapped("Straight-through Gumbel-softmax") == "Straight-through\nGumbel-softmax"
    assert wrapped("Training images, mean of an epoch") == "Training images,\nmean of an epoch"


# Looks


def test_looks_do_not_depend_on_order_and_tell_all_apart() -> None:
    names = {name: name for name in (*LOOKS, "mine", "yours")} | {
        "again": "pathwise",
        "and again": "pathwise",
    }
    forwards, backwards = looks(names), looks(dict(reversed(names.items())))
    assert forwards == backwards
    assert len(set(forwards.values())) == len(names)
    assert forwards["pathwise"] == LOOKS["pathwise"]
    assert forwards["again"].colour == LOOKS["pathwise"].colour


def contrast(a: str, b: str) -> float:
    """WCAG contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_colour_stands_out_on_white_and_on_dark() -> None:
    for look in (*LOOKS.values(), *SPARE):
        assert contrast(look.colour, "#ffffff") > 2.9, look
        assert contrast(look.colour, "#16181c") > 2.9, look
        assert look.colour not in (INK, PAPER)
    for one, other in combinations(LOOKS.values(), 2):
        assert one.colour != other.colour and one.marker != other.marker


def test_house_style_is_left_behind_and_ignores_a_users_own() -> None:
    import matplotlib

    matplotlib.rcParams["font.size"] = 31.0
    try:
        with house_style("x"):
            assert matplotlib.rcParams["font.size"] < 10
        assert matplotlib.rcParams["font.size"] == 31.0
    finally:
        matplotlib.rcdefaults()


# Bytes


def test_svgs_are_well_formed_small_and_as_wide_as_the_column(drawings: dict[str, Any]) -> None:
    for name, drawing in drawings.items():
        root = ElementTree.fromstring(drawing.svg)
        assert float(root.attrib["width"].removesuffix("pt")) == pytest.approx(COLUMN / 25.4 * 72, abs=0.01)
        assert len(drawing.svg) < 80_000, name
        assert b"<style" not in drawing.svg and b"DOCTYPE" not in drawing.svg and b"Date" not in drawing.svg
        ids = re.findall(r'\bid="([^"]+)"', drawing.svg.decode())
        used = re.findall(r'(?:href="#|url\(#)([^")]+)', drawing.svg.decode())
        assert len(ids) == len(set(ids)) and set(used) == set(ids), name


def test_inline_takes_the_pages_colours_and_ids_stay_apart(drawings: dict[str, Any]) -> None:
    everything: list[str] = []
    for drawing in drawings.values():
        ElementTree.fromstring(drawing.inline)
        assert drawing.inline.startswith("<svg") and 'role="img"' in drawing.inline
        assert INK not in drawing.inline and PAPER not in drawing.inline
        assert "currentColor" in drawing.inline and INK.encode() in drawing.svg
        ids = re.findall(r'\bid="([^"]+)"', drawing.inline)
        used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', drawing.inline))
        assert used == set(ids)
        everything += ids
    assert len(everything) == len(set(everything))


def test_two_draws_are_equal(findings: Findings, drawings: dict[str, Any]) -> None:
    for name in ("variance_over_training", "work", "noise_split"):
        again = draw(findings, name)
        assert again is not None and again.svg == drawings[name].svg


SCRIPT = """
import hashlib, pickle, sys
from pathlib import Path
from tests.synthetic_experiment import synthetic_experiment, synthetic_plan
from reportgen.figures import FIGURES, draw
from reportgen.findings import collect
records = pickle.loads(Path(sys.argv[1]).read_bytes())
findings = collect(synthetic_experiment(), synthetic_plan(), records)
for name in FIGURES:
    drawing = draw(findings, name)
    if drawing is None:
        continue
    print(name, hashlib.sha256(drawing.svg + drawing.caption.encode()).hexdigest())
"""


@pytest.mark.long
def test_bytes_do_not_depend_on_the_hash_seed(drawings: dict[str, Any], tmp_path: Path) -> None:
    """Another process with another hash seed finds and draws the same in the same records."""
    records = tmp_path / "records"
    records.write_bytes(pickle.dumps(flagship_records()))
    other = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(records)],
        env={**os.environ, "PYTHONHASHSEED": "20150901", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    here = [
        f"{name} {hashlib.sha256(drawing.svg + drawing.caption.encode()).hexdigest()}"
        for name, drawing in drawings.items()
    ]
    assert here == other


def test_compact_leaves_out_letters_without_an_outline() -> None:
    blank = '<path id="DejaVu-20" transform="scale(0.015625)"/>'
    uses = '<use xlink:href="#DejaVu-61"/><use xlink:href="#DejaVu-20" transform="translate(61 0)"/>'
    letter = '<path id="DejaVu-61" d="M0 0L1 1" transform="scale(0.015625)"/>'
    small = compact(f"<svg><g>\n<defs>{letter}{blank}</defs>{uses}</g></svg>")
    assert small.count("<use ") == small.count("<path ") == 1 and "DejaVu" not in small


def test_compact_changes_no_geometry() -> None:
    source = (
        '<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg width="10.0pt" viewBox="0 0 10 10">\n'
        " <metadata>x</metadata>\n"
        '<defs>\n<style>*{fill: red}</style>\n</defs>\n<g id="figure_1">\n<!-- text -->\n'
        '<defs><path id="m1" d="M 0 0 \nL 1.23456 -0.001 \n"'
        ' style="stroke: #000000; stroke-width: 0.6"/></defs>\n<use xlink:href="#m1" x="1.236" y="2"'
        ' style="fill: #ffffff; stroke: #000000; stroke-width: 0.6"/>\n'
        "</g>\n</svg>\n"
    )
    assert compact(source, 'role="img"') == (
        '<?xml version="1.0"?><svg role="img" stroke-linejoin="round" stroke-linecap="butt" width="10pt"'
        ' viewBox="0 0 10 10"><g><defs><path id="i0" d="M0 0L1.23 0"'
        ' style="stroke:#000000;stroke-width:0.6"/></defs><use xlink:href="#i0" x="1.24" y="2"'
        ' style="fill:#ffffff"/></g></svg>\n'
    )


# Layout


def texts(figure: Figure) -> list[tuple[str, Any]]:
    """Every text that is drawn, with its extent in points."""
    settle(figure)
    figure.draw_without_rendering()
    found = []
    for text in figure.findobj(Text):
        visible = text.get_visible() and text.get_text().strip()
        if visible and getattr(text.axes, "get_visible", lambda: True)():
            found.append((text.get_text(), text.get_window_extent()))
    return found


def tick_texts_outside(figure: Figure) -> set[str]:
    """Labels of ticks beyond the limits, which matplotlib keeps but does not draw."""
    beyond = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low <= tick.get_loc() <= high or not tick.label1.get_visible():
                    beyond.add(tick.label1.get_text())
    return beyond


@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_clipped_or_overlaps_another(findings: Findings, name: str) -> None:
    with house_style(name):
        sketch = sketched(findings, name)
        assert sketch is not None
        found = texts(sketch.figure)
        whole = sketch.figure.bbox
        beyond = tick_texts_outside(sketch.figure)
        kept = [(text, box) for text, box in found if text not in beyond]
        assert len(kept) > 5
        for text, box in kept:
            assert box.x0 >= -0.5 and box.x1 <= whole.x1 + 0.5, text
            assert box.y0 >= -0.5 and box.y1 <= whole.y1 + 0.5, text
        for (one, a), (other, b) in combinations(kept, 2):
            wide = min(a.x1, b.x1) - max(a.x0, b.x0)
            tall = min(a.y1, b.y1) - max(a.y0, b.y0)
            assert wide <= 0.5 or tall <= 1.5, (one, other)


@pytest.mark.parametrize("name", NAMES)
def test_numbers_under_neighbouring_panels_do_not_read_as_one(findings: Findings, name: str) -> None:
    """“200 0”: what ends one axis stands further from what begins the next than words from words."""
    with house_style(name):
        sketch = sketched(findings, name)
        assert sketch is not None
        settle(sketch.figure)
        sketch.figure.draw_without_rendering()
        beyond = tick_texts_outside(sketch.figure)
        ticks = [
            (ax, tick.label1.get_window_extent())
            for ax in sketch.figure.axes
            for tick in ax.xaxis.get_major_ticks()
            if tick.label1.get_text().strip() and tick.label1.get_text() not in beyond
        ]
    for (one, a), (other, b) in combinations(ticks, 2):
        if one is not other and min(a.y1, b.y1) > max(a.y0, b.y0):
            assert max(a.x0, b.x0) - min(a.x1, b.x1) > SMALL


@pytest.mark.parametrize("name", NAMES)
def test_lines_of_every_label_are_as_close(findings: Findings, name: str) -> None:
    with house_style(name):
        sketch = sketched(findings, name)
        assert sketch is not None
        settle(sketch.figure)
        seen = [text for text in sketch.figure.findobj(Text) if text.get_visible()]
        several = [text for text in seen if "\n" in text.get_text()]
        assert {text._linespacing for text in several} <= {LEADING}, [text.get_text() for text in several]


@pytest.mark.parametrize("texts", [["1.00", "38.6", "266"], ["> 0.99", "0.94", "< 0.001"]])
def test_points_of_numbers_beside_rows_stand_in_one_line(texts: list[str]) -> None:
    with house_style("points"):
        figure = new_figure(40)
        ax = figure.add_subplot()
        ax.set_ylim(len(texts), -1)
        margin_column(ax, texts)
        settle(figure)
        places = []
        for note in [note for note in ax.texts if note.get_text() in texts]:
            whole = note.get_window_extent()
            rest = note.get_text().partition(".")[2]
            note.set_text("." + rest if rest else ".")
            places.append(whole.x1 - (note.get_window_extent().width if rest else 0))
    assert len(places) == len(texts) and max(places) - min(places) < 0.6


def test_lines_of_a_label_stand_equally_far_apart() -> None:
    """Whatever their letters: in a label of several lines, too, matplotlib centres each line's ink."""
    label = "acme\nFirst-order Taylor\ncontrol variate\nslope (−1)"
    with house_style("even"):
        rcParams["svg.fonttype"] = "none"
        figure = new_figure(60)
        figure.text(0.5, 0.5, label, linespacing=leading(label))
        with BytesIO() as buffer:
            figure.savefig(buffer, format="svg")
            heights = re.findall(r"<text[^>]*translate\([\d.]+ ([\d.]+)\)", buffer.getvalue().decode())
    steps = [float(below) - float(above) for above, below in pairwise(heights)]
    assert len(steps) == 3 and steps == pytest.approx([steps[0]] * 3, abs=0.01)


def test_names_and_numbers_of_a_row_stand_on_one_line() -> None:
    """Whatever their letters: matplotlib centres the ink of a label that is given a line spacing."""
    names = ["Score function", "Leave-one-out, K = 2", "(a)", "no"]
    with house_style("rows"):
        rcParams["svg.fonttype"] = "none"
        figure = new_figure(40)
        ax = figure.add_subplot()
        row_labels(ax, names)
        for row in range(len(names)):
            margin_note(ax, row, "÷ 12 (9 to 15)")
        with BytesIO() as buffer:
            figure.savefig(buffer, format="svg")
            heights = re.findall(r'<text[^>]* y="([\d.]+)"[^>]*>([^<]*)', buffer.getvalue().decode())
    of = {text: float(y) for y, text in heights if text in names}
    notes = sorted((float(y) for y, text in heights if text.startswith("÷")), reverse=True)
    assert [of[name] for name in names] == pytest.approx(notes, abs=0.05)


@pytest.mark.parametrize(
    "name", ["variance_over_training", "variance_over_training_by_objective", "variance_against_setting"]
)
def test_labels_at_line_ends_stand_apart(findings: Findings, name: str) -> None:
    """A label of two lines is told from its neighbours: more room between labels than within one."""
    with house_style(name):
        sketch = sketched(findings, name)
        assert sketch is not None
        found = texts(sketch.figure)
        ax = sketch.figure.axes[-1]
        labels = [(t, box) for t, box in found if box.x0 > ax.get_window_extent().x1 + 10]
        assert len(labels) == len(findings.labels)
        one = next(box.height for t, box in labels if t == "Pathwise")
        two = next(box.height for t, box in labels if t.count("\n") == 1)
        boxes = sorted((box for _, box in labels), key=lambda box: box.y0)
        room = min(above.y0 - below.y1 for below, above in pairwise(boxes))
        assert room > max(0.0, two - 2 * one) + 1


def test_figures_are_printed_at_the_size_they_are_drawn_at() -> None:
    rules = (templates() / "print.css").read_text()
    assert re.findall(r"img\.drawing \{ width: (\d+)mm", rules) == [f"{COLUMN:.0f}"]


def test_many_long_labels_make_the_figure_grow() -> None:
    names = {f"an estimator of one’s own with a long name, number {i}": f"mine{i}" for i in range(14)}
    ink = looks(names)
    lines = tuple(
        Line(name, name, ink[name], (Estimate(1.0 + i / 100, 0.9, 1.2), Estimate(2.0 + i / 100, 1.9, 2.2)))
        for i, name in enumerate(names)
    )
    with house_style("many"):
        figure = variance_over_training.draw(VarianceOverTraining("elbo", (0, 1), lines))
        assert figure.get_figheight() > 110 / 25.4
        labels = sorted((box for text, box in texts(figure) if "one’s" in text), key=lambda box: box.y0)
        marks = [mark.get_window_extent() for mark in figure.axes[0].lines if not mark.get_clip_on()][-1:]
        assert len(labels) == 14
        assert labels[0].y0 >= -0.5 and labels[-1].y1 <= figure.bbox.y1 + 0.5
        assert all(above.y0 >= below.y1 for below, above in pairwise(labels))
        assert marks[0].x1 < labels[0].x0


def test_every_character_has_a_glyph(findings: Findings) -> None:
    files = [templates() / "fonts" / f"reportgen-{stem}-regular.ttf" for stem in ("sans", "math")]
    known = set().union(*(FT2Font(str(path)).get_charmap() for path in files if path.exists()))
    assert families()[-1] == "DejaVu Sans"
    for name in NAMES:
        with house_style(name):
            sketch = sketched(findings, name)
            assert sketch is not None
            drawn = {c for text in sketch.figure.findobj(Text) for c in text.get_text()} - {"\n"}
        assert {c for c in drawn if ord(c) not in known} == set(), name


# Spreading and ticks


positions = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(positions, st.floats(1.0, 40.0))
def test_spread_labels_do_not_touch_and_keep_their_order(wanted: list[float], size: float) -> None:
    sizes = [size * (1 + index % 3) for index in range(len(wanted))]
    centres = spread(wanted, sizes, -2e3, 2e3)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    for before, after in pairwise(order):
        assert centres[after] - centres[before] >= (sizes[before] + sizes[after]) / 2 - 1e-6
    if all(abs(a - b) > 3 * size for a, b in combinations(wanted, 2)) and sum(sizes) < 2e3:
        assert centres == pytest.approx(wanted)


def test_spread_is_the_least_squares_answer() -> None:
    assert spread([0.0, 1.0], [4.0, 4.0], -100, 100) == pytest.approx([-1.5, 2.5])
    assert spread([0.0, 50.0], [4.0, 4.0], -100, 100) == [0.0, 50.0]
    assert spread([-99.0, 99.0], [10.0, 10.0], -100, 100) == [-95.0, 95.0]
    assert spread([], [], 0, 1) == []


@settings(max_examples=80, deadline=None)
@given(st.floats(-12, 11), st.floats(0.34, 15))
def test_log_axes_are_labelled_inside_their_limits(exponent: float, decades: float) -> None:
    low, high = 10.0**exponent, 10.0 ** (exponent + decades)
    major, labels, minor = log_ticks(low, high)
    assert 2 <= len(major) <= 8 and len(labels) == len(set(labels)) == len(major)
    assert all(low * (1 - 1e-6) <= v <= high * (1 + 1e-6) for v in (*major, *minor))


def test_ends_of_a_slope_do_not_read_like_its_value() -> None:
    told = [
        variance_against_num_samples.slope_note(Estimate(-0.95206, -0.95206 - half, -0.95206 + half))
        for half in (0.02, 0.01, 0.002, 0.0004, 0.00001)
    ]
    assert told == [
        "slope −0.95 (−0.97 to −0.93)",
        "slope −0.952 (−0.962 to −0.942)",
        "slope −0.952 (−0.954 to −0.950)",
        "slope −0.9521 (−0.9525 to −0.9517)",
        "slope −0.95206 (−0.95207 to −0.95205)",
    ]


def test_either_half_of_a_short_log_axis_has_a_label() -> None:
    assert log_ticks(0.77, 1.62, 5)[1] == ["1", "1.2", "1.5"]
    assert log_ticks(0.8, 1.1)[1][0] == "0.8" and float(log_ticks(0.8, 1.1)[1][-1]) >= 1


def test_ticks_read_as_they_should() -> None:
    assert log_ticks(0.5, 2e6)[1] == ["1", "10", "10²", "10³", "10⁴", "10⁵", "10⁶"]
    assert log_ticks(0.02, 150)[1] == ["0.1", "1", "10", "100"]
    assert log_ticks(1.0, 9.0)[1] == ["1", "2", "5"]
    assert [plain(v) for v in (-50.0, 0.0, 0.05, 1500.0)] == ["−50", "0", "0.05", "1500"]
    assert [plain(v) for v in (12.5, -137.25, 15000.0)] == ["12.5", "−137.25", "15\u202f000"], (
        "as in the text"
    )
    assert [plain(v) for v in (1e30, -1e-7, 2.5e-5, 1e6)] == ["10³⁰", "−10⁻⁷", "2.5×10⁻⁵", "10⁶"]
    assert plain(20_260_101) == "20\u202f260\u202f101", "a seed is told whole"
