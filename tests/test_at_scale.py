"""Declarations larger than a page: what is shown of many runs, values, checkpoints and estimators."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from importlib import import_module
from itertools import pairwise

import pytest
import yaml

from reportgen.declaration import load_text
from reportgen.declaration.writing import to_yaml
from reportgen.figures import captions, draw, variance_against_setting
from reportgen.figures.drafting.style import house_style, settle
from reportgen.figures.reading import RUNS, title_of
from reportgen.findings import Findings, marks
from reportgen.findings.choice import evenly, in_turn
from reportgen.plan import Arm, MeasurementCell
from reportgen.report.pdf.layout import Resources, lay_out
from reportgen.report.render import LISTING, items
from reportgen.report.sections import layers, settings, signal, training, why
from reportgen.report.style import font_faces
from reportgen.report.text import about
from reportgen.report.text.section import Section
from reportgen.report.text.writer import Writer
from tests.crafted import DECLARATION, crafted, experiment
from tests.press_cases import toy
from tests.test_pdf import FONTS, PRINT, WHEN, pages_of
from tests.test_report import page_of, text_of

GRID = """
experiment: toy
title: A large sweep
problem: {model: function, function: cosine, k: 9}
estimators: [score_function, pathwise]
sweep: {problem.k: [0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.4, 1.5], problem.scale: [0.7, 0.8, 0.9, 1, 2]}
"""
"""Along the scale there is a run for every k, since k has its base value nowhere in the sweep."""


@pytest.fixture(scope="module")
def grid() -> Findings:
    return toy(GRID)


def test_both_ends_are_shown_and_evenly_between() -> None:
    assert evenly(range(9), 5) == (0, 2, 4, 6, 8)
    assert evenly("abc", 3) == ("a", "b", "c") and evenly("abc", 1) == ("a",)
    assert in_turn(["a", "bcdefgh", "ij"], 6) == (("a",), ("b", "e", "h"), ("i", "j"))
    assert in_turn(["abc", "de"], 9) == (("a", "b", "c"), ("d", "e"))
    assert in_turn(["a", "b", "c"], 2) == (("a",), ("b",)), "the first, where there is no room for each"


def test_of_many_runs_a_row_of_panels_is_drawn_and_said(grid: Findings) -> None:
    assert len(grid.series()) == 11
    data = variance_against_setting.data(grid)
    assert data is not None and {len(row) for row in data.rows} == {RUNS}
    titles = [panel.title for panel in data.rows[0] if panel]
    assert titles == ["", "k 0.5", "k 0.7", "k 0.9", "k 1.3", "k 1.5"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of axes that have no room
        drawing = draw(grid, "variance_against_setting")
    assert drawing is not None and "Six of eleven runs of the sweep are drawn." in drawing.caption


def dense(count: int) -> Findings:
    """Score function and pathwise along a sweep of so many values."""
    values = ", ".join(f"{0.5 + 3 * i / count:.4f}" for i in range(count))
    return toy(
        "experiment: toy\ntitle: A dense sweep\nproblem: {model: function, function: cosine, k: 0.5}\n"
        f"estimators: [score_function, pathwise]\nsweep: {{problem.k: [{values}]}}\n"
    )


@pytest.mark.parametrize(("count", "large"), [(29, 29), (300, 8)])
def test_of_many_points_most_are_dots_that_leave_the_line_seen(count: int, large: int) -> None:
    found = dense(count)
    data = variance_against_setting.data(found)
    assert data is not None
    with house_style("x"):
        figure = variance_against_setting.draw(data)
    (colour,) = {one.look.colour for one in data.panels[0].lines if one.label == "pathwise"}
    own = [line for line in figure.axes[0].lines if line.get_color() == colour]
    marks = [line for line in own if line.get_gid() and '"marks"' in str(line.get_gid())]
    haloed = [line for line in marks if line.get_markeredgewidth() > 0]
    assert sum(len(line.get_xdata()) for line in marks) == count
    assert sum(len(line.get_xdata()) for line in haloed) == large
    (joined,) = [line for line in own if '"ink"' in str(line.get_gid())]
    for dots in set(marks) - set(haloed):
        assert dots.get_markersize() < 1.2 * joined.get_linewidth()
    (bars,) = [line for line in own if '"bars"' in str(line.get_gid())]
    assert (bars.get_zorder() < joined.get_zorder()) is (bars.get_alpha() is not None) is (large < count)
    drawing = draw(found, "variance_against_setting")
    assert drawing is not None and ("smaller than the marks" in drawing.caption) is (large == count)


def test_as_many_are_told_and_tabled(grid: Findings) -> None:
    found = settings.context(grid)
    assert found is not None and len(found["tables"]) == RUNS
    seen = text_of(page_of(grid))
    assert "Six of eleven runs of the sweep are described; all are in results.csv." in seen
    assert about.swept(grid) == (
        "k takes eleven values from 0.5 to 9 and the scale takes five values from 0.7 to 2 in ten runs"
    )
    assert {row["run"] for row in found["crossings"]} <= {table["run"] for table in found["tables"]}


def test_values_in_a_sentence_are_counted_where_they_are_many() -> None:
    few, many = (
        toy(
            "experiment: toy\ntitle: A line\nproblem: {model: function}\n"
            f"estimators: [score_function, pathwise]\nsweep: {{problem.k: {values}}}\n",
            variances=lambda cell, arm: (
                2.0
                if arm.label == "pathwise" and 0 < cell.setting["problem.k"] < 90
                else 1.0 - 0.5 * (arm.label == "pathwise")
            ),
        )
        for values in ([0, 1, 2, 3, 99], [*range(20), 99])
    )
    assert "At 1, 2 and 3, their order is reversed" in text_of(page_of(few))
    assert "At 19 values between 1 and 19, their order is reversed" in text_of(page_of(many))


def test_one_unit_is_no_units() -> None:
    found = crafted(experiment(sweep="{problem.latent: [1, 2]}"))
    assert "with 1 unit and" in (seen := text_of(page_of(found))) and "1 units" not in seen


LABEL = "an estimator with a name of about sixty letters of number"
MANY = f"""
experiment: toy
title: Many estimators
problem: {{model: function}}
estimators: [{", ".join(f"{{name: pathwise, num_samples: {n + 1}, label: {LABEL} {n}}}" for n in range(12))}]
sweep: {{problem.k: [{", ".join(map(str, range(1, 15)))}]}}
"""


def on_paper(findings: Findings, section: Section) -> tuple[str, float, float]:
    """Of a section its text, where its rightmost cell ends, and where it may, in px."""
    context = section.context(findings)
    assert context is not None
    writer = Writer("paper", {})
    body = writer.environment().get_template(f"sections/{section.id}.html").render(context, samples_note="")
    body = marks.plain(writer._finished("".join(re.findall("<table.*?</table>", body, re.DOTALL))))
    style = f"<style>{font_faces('paper')} {PRINT}</style>"
    text = f'<html lang="en"><head>{style}</head><body>{body}</body></html>'
    pages = lay_out(text, Resources(FONTS, {}), WHEN).document.pages
    boxes = (box for page in pages for box in page._page_box.descendants())
    ends = [box.position_x + box.width for box in boxes if box.element_tag in ("td", "th")]
    return text_of(body), max(ends), pages[0].width - 25 / 25.4 * 96 + 0.01


def test_of_many_estimators_the_values_are_columns() -> None:
    seen, end, edge = on_paper(toy(MANY, lambda cell, arm: 12345.6), settings.SECTION)
    assert end <= edge and "9 of 15 values; all are in results.csv." in seen


def far_apart(cell: MeasurementCell, arm: Arm) -> float:
    """Numbers of many digits, and a gap to close."""
    return {"score_function": 22173.0, "pathwise": 1.0}.get(arm.label, 1234.5)


@pytest.mark.parametrize("section", [training.SECTION, signal.SECTION, why.SECTION])
def test_as_many_checkpoints_as_fit_stand_beside_one_another(section: Section) -> None:
    """Names before them keep room for several words a line."""
    text = DECLARATION.replace("[0, 1, 5]", "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 50]")
    text = text.replace("epochs: 5", "epochs: 50").replace("with baseline", LABEL).replace("claims:\n", "")
    found = crafted(load_text(text, "many.yaml"), variances=far_apart)
    seen, end, edge = on_paper(found, section)
    assert end <= edge and "Nine of twelve epochs are shown; all are in results.csv." in seen


def test_of_many_models_as_many_as_fit_stand_beside_one_another() -> None:
    found = crafted(experiment(sweep="{problem.latent: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40]}"))
    seen, end, edge = on_paper(found, settings.SECTION)
    assert end <= edge and "9 of 13 values; all are in results.csv." in seen


def test_of_many_blocks_few_stand_beside_many_estimators() -> None:
    """Both are too many to be columns."""
    blocks = tuple(f"encoder.stage {n}.attention" for n in range(20))
    text = MANY[: MANY.index("sweep")]
    seen, end, edge = on_paper(toy(text, lambda cell, arm: 12345.6, blocks=blocks), layers.SECTION)
    assert end <= edge and "of the five of 20 in which it is highest" in seen


@pytest.mark.parametrize("name", ["unbiasedness", "work"])
def test_names_of_rows_do_not_touch(name: str) -> None:
    """Names of three lines did, one above the other, where the rows were as high as for two."""
    text = MANY[: MANY.index("sweep")].replace(LABEL, "straightforwardness counterintelligence number")
    found = toy(text, lambda cell, arm: 1.0)
    module = import_module(f"reportgen.figures.{name}")
    with house_style("x"):
        figure = module.draw(module.data(found))
        settle(figure)
        names = figure.axes[0].get_yticklabels()
        assert max(label.get_text().count("\n") for label in names) > 1
        boxes = sorted(tuple(label.get_window_extent().intervaly) for label in names)
    assert all(top <= bottom for (_, top), (bottom, _) in pairwise(boxes))


def test_a_record_is_found_by_its_place_as_by_looking_at_each() -> None:
    """And without looking at each: settings of a large sweep are asked for thousands of times."""
    found = crafted(
        experiment(sweep="{problem.latent: [2, 3], train.seed: [0, 1], problem.hidden: [[4], [5]]}")
    )
    every = [record.setting for record in found.measurements]
    for setting in (
        *every,
        {},
        {"problem.latent": 3.0},
        {"problem.hidden": [5]},
        {"problem.latent": 9},
        None,
    ):
        for checkpoint in (None, 0, 5, 7):
            base = next(record.setting for record in found.measurements if record.base)
            there = [
                record
                for record in found.measurements
                if (record.base if setting is None else record.setting == {**base, **setting})
                and checkpoint in (None, record.checkpoint)
            ]
            expected = max(there, key=lambda record: record.checkpoint, default=None)
            assert found.record(checkpoint, setting) is expected

    class Counted(dict[str, object]):
        compared = 0

        def __eq__(self, other: object) -> bool:
            Counted.compared += 1
            return dict(self) == other

        __hash__ = None  # type: ignore[assignment]

    records = tuple(replace(one, setting=Counted(one.setting)) for one in found.measurements)
    asked = replace(found, measurements=records)
    for record in records:
        assert asked.record(record.checkpoint, dict(record.setting)) is record
    assert Counted.compared <= 3 * len(records), "those of the checkpoints of one setting"


@pytest.mark.parametrize(
    ("count", "name", "whole"),
    [(40, "row", True), (60, "row", False), (120, "row", False), (20, "a name of two lines, ", True),
     (24, "a name that takes a whole number of lines, which are three ", False)],
)  # fmt: skip
def test_a_table_that_no_page_holds_goes_on_and_takes_its_caption(count: int, name: str, whole: bool) -> None:
    """Its caption stood on a page of its own."""
    rows = "".join(f"<tr><td>row {n}, {name}</td></tr>" for n in range(count))
    style = "width: 32mm" if " " in name else ""
    head = f'<thead><tr><th style="{style}">head</th></tr></thead><tbody>'
    table = f'<table class="small"><caption>Caption</caption>{head}{rows}</tbody></table>'
    page = Writer("paper", {})._finished(f'<div class="wide">\n{table}\n</div>')
    assert ("wide long" in page) is not whole
    for filled in (0, 120, 240):
        (begun,) = [tags for tags in pages_of(page, {"caption", "th"}, filled) if "Caption" in tags]
        assert begun[-1].startswith("row")


def test_of_many_estimators_of_several_samples_k_is_said_to_be_beside_the_name() -> None:
    found = toy(MANY[: MANY.index("sweep")], lambda cell, arm: 1.0)
    assert captions.samples_sentence(found, found.labels) == (
        "An estimate uses the K samples given with its name, or one where none is given."
    )
    titles = [title_of(found, label) for label in found.labels]
    assert not titles[0].endswith("K\u00a0=\u00a01") and titles[-1].endswith("K\u00a0=\u00a012")
    few = captions.samples_sentence(found, found.labels[:3])
    assert few.endswith("number 2 uses three samples per estimate.")


def test_a_long_list_of_a_listing_fills_its_lines() -> None:
    """It was wrapped twice, and every other line was short."""
    values = [round(0.05 + 0.02 * n, 2) for n in range(120)]
    (head, *lines) = "\n".join(items(to_yaml({"sweep": {"problem.k": values}}))).splitlines()
    assert head == "sweep:" and min(map(len, lines[:-1])) > LISTING - len(" 0.05,") - 1
    assert yaml.safe_load("\n".join((head, *lines))) == {"sweep": {"problem.k": values}}
