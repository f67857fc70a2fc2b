"""The data behind every figure: its table, its file, and the marks by which a page finds its points."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from reportgen.figures import FIGURES, Drawing, draw, sketched
from reportgen.figures.drafting.drawing import save
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import house_style
from reportgen.figures.drafting.table import Column, Mark, Row, Table
from reportgen.findings import Estimate, Findings, prose
from reportgen.report.text import figure_data, outlines
from reportgen.report.text.writer import LEAD
from reportgen.resources import templates
from tests.press_cases import CONJUGATE, FUNCTION, RAINFORTH, toy
from tests.synthetic import synthetic_drawings, synthetic_findings
from tests.synthetic_models import declared, models

SVG = "{http://www.w3.org/2000/svg}"
CASES = {
    "flagship": synthetic_findings,
    "models": lambda: models(declared()),
    "function": lambda: toy(FUNCTION),
    "conjugate": lambda: toy(CONJUGATE),
    "rainforth": lambda: toy(RAINFORTH),
}
UNDRAWN = {"apart", "effects", "whole", "zero", "pair", "far", "counts"}
"""What a figure's data names and its caption says, but no ink shows."""


@cache
def findings(case: str) -> Findings:
    """One of the cases, made once."""
    found: Findings = CASES[case]()
    return found


@cache
def drawings(case: str) -> dict[str, Drawing]:
    """Its figures, drawn once."""
    if case == "flagship":
        return dict(synthetic_drawings())
    return {name: drawn for name in FIGURES if (drawn := draw(findings(case), name)) is not None}


def all_drawn() -> list[tuple[str, str, Drawing]]:
    return [(case, name, drawing) for case in CASES for name, drawing in drawings(case).items()]


# The table


@pytest.mark.long
def test_every_figure_of_the_table_has_its_data() -> None:
    with_data = {name for _, name, drawing in all_drawn() if drawing.table.rows}
    assert with_data == set(FIGURES), "a figure needs a case here that it draws"


def test_every_figure_is_shown_by_a_section() -> None:
    """Or leads, on the first page."""
    written = "".join(path.read_text(encoding="utf-8") for path in templates().rglob("*.html"))
    shown = {*re.findall(r'figure\("(\w+)"\)', written), *LEAD}
    for name in FIGURES:
        assert name in shown, (
            f'{name}: no section shows it. Write figure("{name}") in one of templates/sections.'
        )


def estimates_in(value: Any) -> Iterator[Estimate]:
    """Every estimate that a figure's data holds and its ink shows."""
    if isinstance(value, Estimate):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            if one.name not in UNDRAWN:
                yield from estimates_in(getattr(value, one.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from estimates_in(item)


def key(one: Estimate) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(v) else v for v in (one.value, one.low, one.high))


@pytest.mark.parametrize("case", CASES)
def test_tables_hold_the_estimates_that_are_drawn_and_no_others(case: str) -> None:
    for name, drawing in drawings(case).items():
        drawn = set(map(key, estimates_in(FIGURES[name].data(findings(case)))))
        told = {key(cell) for row in drawing.table.rows for cell in row.cells if isinstance(cell, Estimate)}
        if name == "work":  # its data are plain numbers
            continue
        # What the first step of the waterfall has closed, and the reference's ratio to itself, are not said.
        plain = {"gap_waterfall": (0.0, 0.0, 0.0), "noise_in_image": (1.0, 1.0, 1.0)}.get(name)
        assert {one for one in drawn if one[0] is not None} - {plain} <= told <= drawn, name


def floats(name: str, column: str, case: str = "flagship") -> list[Any]:
    table = drawings(case)[name].table
    index = next(i for i, one in enumerate(table.columns) if one.name == column)
    return table.column(index)


def test_numbers_without_intervals_are_those_drawn() -> None:
    data = FIGURES["work"].data(findings("flagship"))
    works = [row.by_passes for row in data.rows] + [row.by_seconds for row in data.rows]
    told = floats("work", "Work for the same precision, relative to the least")
    assert [(one.value, one.low, one.high) for one in told] == works
    data = FIGURES["unbiasedness"].data(findings("flagship"))
    assert floats("unbiasedness", "p-value, corrected") == [row.p_value for row in data.rows]
    data = FIGURES["gap_waterfall"].data(findings("flagship"))
    assert floats("gap_waterfall", "Share of the gap")[1:] == [step.share for step in data.steps[1:]]
    data = FIGURES["learning_curve"].data(findings("flagship"))
    points = [*data.train, *data.test]
    assert (
        list(zip(floats("learning_curve", "Epoch"), floats("learning_curve", "ELBO"), strict=True)) == points
    )
    data = FIGURES["coordinate_distribution"].data(findings("flagship"))
    heights = [
        one for one in floats("coordinate_distribution", "Coordinates, relative to the fullest bin") if one
    ]
    assert heights == [density for row in data.rows for density in row.density if density]
    data = FIGURES["learning_curves"].data(findings("models"))
    told = floats("learning_curves", "Objective on the test set", "models")
    assert told == [value for curve in data.curves for _, value in curve.points]
    data = FIGURES["likelihood_by_model"].data(findings("models"))
    assert floats("likelihood_by_model", "Published", "models") == [one.published for _, one in data.marks]
    data = FIGURES["model_images"].data(findings("models"))
    first = floats("model_images", "Mean of its pixels", "models")[0]
    assert first == data.rows[0].left[0].mean()


def test_histograms_of_units_count_every_unit_and_tell_the_active() -> None:
    data = FIGURES["unit_activity"].data(findings("models"))
    table = drawings("models")["unit_activity"].table
    found: Counter[tuple[Any, ...]] = Counter()
    for row in table.rows:
        trained, model, layer, low, _, units = row.cells
        assert isinstance(low, float) and isinstance(units, int)
        found[trained, model, layer, "all"] += units
        found[trained, model, layer, "active"] += units if low >= 0.01 - 1e-12 else 0
    for one in data.models:
        for layer, values in enumerate(one.layers):
            place = (one.column, one.title, f"layer {layer + 1}")
            assert found[*place, "all"] == len(values)
            assert found[*place, "active"] == one.active[layer]


def test_exact_curves_and_crossings_are_in_the_table() -> None:
    drawing = drawings("function")["variance_against_setting"]
    data = FIGURES["variance_against_setting"].data(findings("function"))
    rings = [ring.crossing for panel in data.panels for ring in panel.rings]
    assert rings
    told = [row.cells for row in drawing.table.rows if "lower before" in str(row.cells)]
    assert [(cells[-5], cells[-2], cells[-1])[1:] for cells in told] == [(one.low, one.high) for one in rings]
    exact = toy(FUNCTION, exact={"exact_variance": lambda cell, arm: 7.25})
    with house_style("x"):
        sketch = sketched(exact, "variance_against_setting")
    assert sketch is not None
    index = next(i for i, column in enumerate(sketch.table.columns) if column.name == "Exact")
    assert {cell for cell in sketch.table.column(index) if cell is not None} == {7.25}


def test_a_place_where_nothing_was_to_be_measured_has_no_row() -> None:
    table = drawings("flagship")["variance_against_num_samples"].table
    counts = [row.cells[1] for row in table.rows if str(row.cells[0]).startswith("Leave-one-out")]
    assert counts == [2, 4, 8, 16, 32]


def test_a_table_that_does_not_fit_is_refused() -> None:
    columns = (Column("Estimator", heads=True), Column("Value"))
    row = Row(("a", 1.0), Mark("a", 0))
    assert Table(columns, (row,)).series == ("a",)
    for wrong in ((row, row), (Row(("a",)),)):
        with pytest.raises(ValueError, match="does not fit"):
            Table(columns, wrong)
    with pytest.raises(ValueError, match="does not fit"):
        Table((Column("Estimator"), Column("Value")), (row,))


# Its file


def test_files_read_back_to_the_bit() -> None:
    for case, name, drawing in all_drawn():
        table = drawing.table
        header, *rows = csv.reader(io.StringIO(drawing.table.csv.decode(), newline=""))
        assert len(set(header)) == len(header) and len(rows) == len(table.rows), (case, name)
        for row, texts in zip(table.rows, rows, strict=True):
            rest = list(texts)
            for index, cell in enumerate(row.cells):
                taken, rest = (
                    rest[: 5 if table.estimated(index) else 1],
                    rest[5 if table.estimated(index) else 1 :],
                )
                if isinstance(cell, Estimate):
                    numbers = [float(text) if text else math.nan for text in taken[:3]]
                    assert np.array_equal(numbers, [cell.value, cell.low, cell.high], equal_nan=True)
                    assert taken[4] == cell.status and taken[3] == str(cell.replicates or "")
                elif isinstance(cell, str):
                    assert taken[0] == cell
                elif cell is not None and cell == cell:
                    assert float(taken[0]) == cell
                else:
                    assert not any(taken)
            assert not rest


def test_headers_have_units_and_small_letters() -> None:
    header = drawings("flagship")["variance_over_training"].table.csv.decode().partition("\r\n")[0]
    assert header == "estimator,epoch,total variance [nats²],ci_low,ci_high,replicates,status"
    several = drawings("flagship")["gap_waterfall"].table.csv.decode().partition("\r\n")[0]
    assert "total variance ci_low,total variance ci_high" in several
    named = drawings("flagship")["noise_split"].table.csv.decode().partition("\r\n")[0]
    assert "Monte Carlo share of the variance" in named


# The marks


def marked(drawing: Drawing) -> list[ElementTree.Element]:
    return [e for e in ElementTree.fromstring(drawing.live).iter() if "data-rows" in e.attrib]


def test_marks_are_as_many_as_their_rows() -> None:
    """A mark that matplotlib left out would shift the words of all after it."""
    seen = 0
    for case, name, drawing in all_drawn():
        for group in marked(drawing):
            rows = group.attrib["data-rows"].split()
            places = group.attrib.get("data-at", "").split()
            marks = group.findall(f".//{SVG}use")
            assert len(places) == 2 * len(rows) if places else len(marks) == len(rows), (case, name)
            assert all(0 <= int(row) < len(drawing.table.rows) for row in rows)
            seen += len(rows)
    assert seen > 800


def test_every_row_with_a_mark_is_found_in_the_drawing() -> None:
    for case, name, drawing in all_drawn():
        found = {int(row) for group in marked(drawing) for row in group.attrib["data-rows"].split()}
        for number, row in enumerate(drawing.table.rows):
            values = [cell.value for cell in row.cells if isinstance(cell, Estimate)]
            drawable = row.mark is not None and (not values or values[0] > 0 or "log" not in drawing.alt)
            if drawable and name != "learning_curves":
                assert number in found, (case, name, row)


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("flagship", "variance_over_training"),
        ("flagship", "variance_over_training_by_objective"),
        ("flagship", "variance_by_layer"),
        ("flagship", "gap_waterfall"),
        ("flagship", "work"),
        ("function", "variance_against_setting"),
        ("models", "signal_by_model"),
    ],
)
def test_marks_stand_where_limits_and_box_put_their_values(case: str, name: str) -> None:
    """The script takes the logarithm off by limits and box alone: they must be those of the ink."""
    drawing = drawings(case)[name]
    checked = 0
    for axes in ElementTree.fromstring(drawing.live).iter():
        if "data-log" not in axes.attrib:
            continue
        low, high = (float(n) for n in axes.attrib["data-limits"].split())
        left, top, right, bottom = (float(n) for n in axes.attrib["data-box"].split())
        start, end = (bottom, top) if axes.attrib["data-log"] == "y" else (left, right)
        for group in axes.iter():
            for row, use in zip(
                group.get("data-rows", "").split(), group.findall(f".//{SVG}use"), strict=False
            ):
                cells = drawing.table.rows[int(row)].cells
                value = next((cell.value for cell in cells if isinstance(cell, Estimate)), None)
                if value is None:
                    continue  # a crossing
                share = math.log(value / low) / math.log(high / low)
                at = float(use.attrib[axes.attrib["data-log"]])
                assert at == pytest.approx(start + share * (end - start), abs=0.02)
                checked += 1
    assert checked >= 5


def test_bars_carry_the_ends_of_their_intervals() -> None:
    drawing = drawings("flagship")["variance_over_training"]
    estimates = [row.cells[2] for row in drawing.table.rows]
    ends = [
        float(number)
        for group in ElementTree.fromstring(drawing.live).iter()
        for number in group.get("data-bars", "").split()
    ]
    wanted = [end for one in estimates if isinstance(one, Estimate) for end in (one.low, one.high)]
    assert ends == pytest.approx(wanted, rel=1e-5)


def test_series_are_numbered_as_in_the_table() -> None:
    drawing = drawings("flagship")["variance_over_training"]
    for group in marked(drawing):
        rows = {drawing.table.rows[int(row)].mark for row in group.attrib["data-rows"].split()}
        names = {one.series for one in rows if one is not None}
        assert names == {drawing.table.series[int(group.attrib["data-series"])]}
    labelled = re.findall(r'data-series="(\d)" data-label', drawing.live)
    assert Counter(labelled) == dict.fromkeys(map(str, range(7)), 2), "a name and its mark"


def test_a_mark_without_a_row_is_an_error() -> None:
    with house_style("variance_over_training"):
        sketch = sketched(findings("flagship"), "variance_over_training")
        assert sketch is not None
        lacking = replace(sketch, table=replace(sketch.table, rows=sketch.table.rows[:-1]))
        with pytest.raises(ValueError, match="the table has no row for Mark"):
            save(lacking, "variance_over_training")


def test_the_file_of_a_figure_has_no_marks() -> None:
    for case, name, drawing in all_drawn():
        assert b"data-" not in drawing.svg.replace(b"data:image", b""), (case, name)
        live, file = (list(ElementTree.fromstring(text).iter()) for text in (drawing.live, drawing.svg))
        assert [shown(e) for e in live if e.tag != f"{SVG}g"] == [
            shown(e) for e in file if e.tag != f"{SVG}g"
        ]


def shown(element: ElementTree.Element) -> tuple[str, dict[str, str]]:
    return element.tag, {name: text for name, text in element.attrib.items() if not name.startswith("data-")}


def test_marks_on_an_artist_are_text_that_matplotlib_takes() -> None:
    from matplotlib.lines import Line2D

    line = Line2D([0], [0])
    mark(line, "marks", 'a "label" | of <one’s> own', np.array([0, 2]), 1)
    gid = line.get_gid()
    assert isinstance(gid, str) and '"label\\"' in gid


# In the page


def cells_of(block: str) -> list[list[str]]:
    """Rows of the table, unseen digits left out."""
    body = re.sub(r"<i>[^<]*</i>", "", block.partition("<tbody>")[2].partition("</tbody>")[0])
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]


def test_the_page_has_a_row_for_each_of_the_table_in_the_houses_digits() -> None:
    drawing = drawings("flagship")["variance_over_training"]
    block = str(figure_data.block("variance_over_training", "1", drawing.table))
    rows = cells_of(block)
    assert len(rows) == len(drawing.table.rows) == 49
    for row, texts in zip(drawing.table.rows, rows, strict=True):
        title, epoch, estimate = row.cells
        assert isinstance(estimate, Estimate) and isinstance(epoch, int)
        assert texts == [
            title,
            prose.count(epoch),
            prose.value_of(estimate),
            prose.interval(estimate),
            prose.count(estimate.replicates),
            estimate.status,
        ]
    headings = re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", block)
    assert headings[2:] == ["Total variance, nats²", "95% interval", "Replicates", "Status"]
    address = re.search(
        r'download="variance_over_training\.csv"[^>]* href="data:text/csv;charset=utf-8,([^"]*)"', block
    )
    assert address is not None and unquote(address[1]).encode() == drawing.table.csv


def test_what_is_missing_is_a_dash_and_what_was_met_is_not_said() -> None:
    columns = (Column("Estimator", heads=True), Column("p", form="p"), Column("Value"))
    rows = (
        Row(("a <b>", 0.0004, Estimate(2.0, 1.0, 3.0))),
        Row(("c", math.nan, Estimate(math.nan))),
        Row(("d", 0.25, None)),
    )
    block = str(figure_data.block("x", "2", Table(columns, rows)))
    assert cells_of(block) == [
        ["a &lt;b&gt;", "&lt; 0.001", "2.0", "1.0 to 3.0"],
        ["c", "–", "–", ""],
        ["d", "0.25", "", ""],
    ]
    assert "Status" not in block and "Replicates" not in block


def test_shares_are_in_per_cent_as_they_are_drawn_and_fractions_in_the_file() -> None:
    columns = (
        Column("Estimator", heads=True),
        Column("Part", form="percent"),
        Column("So far", form="percent"),
    )
    table = Table(
        columns, (Row(("a", 0.123, Estimate(0.69, 0.66, 0.71))), Row(("b", math.nan, Estimate(math.nan))))
    )
    assert cells_of(str(figure_data.block("x", "2", table))) == [
        ["a", "12%", "69.0%", "66.0 to 71.0%"],
        ["b", "–", "–", ""],
    ]
    assert b"a,0.123,0.69,0.66,0.71" in table.csv
    for name, shares in (("noise_split", 1), ("gap_waterfall", 2)):
        found = drawings("flagship")[name].table
        assert sum(column.form == "percent" for column in found.columns) == shares
        values = [cell.value for cell in found.column(-1) if isinstance(cell, Estimate)]
        assert values and max(values) <= 1.0


def test_of_a_large_table_the_page_has_the_beginning() -> None:
    columns = (Column("Estimator", heads=True), Column("Number"))
    few, many = (
        str(figure_data.block("x", "2", Table(columns, tuple(Row(("a", n)) for n in range(count)))))
        for count in (figure_data.MOST // 2, figure_data.MOST // 2 + 1)
    )
    assert few.count("<tr><th") == many.count("<tr><th") == figure_data.MOST // 2 + 1
    assert "The data of figure 2<" in few and f"2, the first {figure_data.MOST // 2} rows<" in many
    assert f"a,{figure_data.MOST // 2}%0D%0A" in many, "the file has them all"


def test_of_a_large_file_the_page_has_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table((Column("Estimator", heads=True), Column("Number")), (Row(("a", 1)),))
    assert "data:text/csv" in figure_data.block("x", "2", table)
    monkeypatch.setattr(figure_data, "LARGEST", 20)
    large = figure_data.block("x", "2", table)
    assert "data:text/csv" not in large and "all of it in figures/x.csv" in large


def test_maps_of_pixels_are_written_out_row_by_row() -> None:
    data = FIGURES["noise_in_image"].data(findings("flagship"))
    table = drawings("flagship")["noise_in_image"].table
    height, width = data.shape
    last = [
        row.cells
        for row in table.rows
        if row.cells[0] == data.rows[0].title and "epoch 200" in str(row.cells[1])
    ]
    assert [list(cells[3 : 3 + width]) for cells in last] == data.rows[0].maps[-1].tolist()
    assert len(last) == height and [cells[2] for cells in last] == list(range(1, height + 1))


def drawn_outlines(page: str) -> list[tuple[str, ...]]:
    """Of every drawing in the page, in order: each outline with its place and its ink, uses followed."""
    body = re.search(r"<body>.*</body>", page, re.S)
    assert body is not None
    text = re.sub(r"<script>.*?</script>", "", body[0], flags=re.S)
    for name, clip in re.findall(r'<clipPath id="([^"]+)">(.*?)</clipPath>', text):
        text = text.replace(f"url(#{name})", "url(" + clip.replace('"', "") + ")")
    for name, style in re.findall(r"\.(ink-\d+)\{([^}]*)\}", text):
        text = text.replace(f'class="{name}"', f'style="{style}"')
    svgs = re.findall(r"<svg .*?</svg>", text, re.S)
    shapes = {m[1]: m[2] for m in re.finditer(r'<path id="([^"]+)" (d="[^"]*"[^>]*?)/>', text)}
    found = []
    for svg in svgs:
        if 'class="glyphs"' in svg:
            continue
        svg = re.sub(r"<defs>.*?</defs>", "", svg, flags=re.S)
        for element in re.finditer(r"<(use|path) ([^>]*?)/>", svg):
            target = re.search(r'(?:xlink:)?href="#([^"]+)" ?', element[2])
            rest = element[2].replace(target[0], "") if target else ""
            place = re.sub(r'transform="translate\(([-\d.]+) 0\)"', r'x="\1"', rest)
            place = place.replace('style="fill:currentColor"', "").strip()
            found.append((shapes.get(target[1], ""), place) if target else (element[2], ""))
    return found


def test_outlines_are_shared_and_the_drawings_stay_the_same() -> None:
    formula = '<svg class="m"><path d="M1 2L3 4L5 6Z"/></svg>'
    content = "".join(f'<div class="drawing">{d.inline}</div>' for d in drawings("function").values())
    page = f"<html><body>\n<p>{formula}{formula}</p>{content}\n</body></html>"
    shared = outlines.share(page)
    assert len(shared) < 0.6 * len(page)
    assert drawn_outlines(shared) == drawn_outlines(page)
    grid = re.findall(r'style="[^"]*stroke-opacity:0.13[^"]*"', page)
    assert len(grid) > outlines.OFTEN and grid[0] not in shared, "said once, as a class"
    assert f"<p>{formula}{formula}</p>" in shared, "what is no figure is left as it is"
    ids = re.findall(r'\bid="([^"]+)"', shared)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', shared))
    assert len(ids) == len(set(ids)) and used == set(ids)
    assert max(map(len, ids)) <= 4, "a figure’s name would stand before each"
    assert outlines.share("<body>\n<p>no drawing</p></body>") == "<body>\n<p>no drawing</p></body>"
