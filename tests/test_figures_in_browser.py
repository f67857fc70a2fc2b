"""Interactive figures in Debian's Chromium: tooltips, keys, series, scales; and without scripts."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from reportgen.figures import Drawing, draw
from reportgen.figures.drafting.labels import spread
from tests.browser import whole_page
from tests.press_cases import FUNCTION, toy
from tests.synthetic import synthetic_drawings, synthetic_findings

pytestmark = pytest.mark.long

FIRST = "variance_over_training"


@pytest.fixture(scope="module")
def drawings() -> dict[str, Drawing]:
    """Figures of the flagship."""
    return dict(synthetic_drawings())


@pytest.fixture(scope="module")
def flagship(drawings: dict[str, Drawing], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flagship's page."""
    path = tmp_path_factory.mktemp("figures") / "report.html"
    path.write_bytes(whole_page(synthetic_findings(), drawings))
    return path


def test_the_page_is_smaller_than_two_megabytes(flagship: Path) -> None:
    assert 1_000_000 < flagship.stat().st_size < 2_000_000


def place(page: Any, name: str, row: int) -> tuple[float, float]:
    """Where in the window the mark of a table's row is, scrolled to."""
    page.locator(f"#fig-{name} .drawing").scroll_into_view_if_needed()
    found = page.evaluate(
        """([name, row]) => {
          for (const group of document.querySelectorAll(`#fig-${name} [data-rows]`)) {
            const index = group.dataset.rows.split(" ").indexOf(String(row));
            if (index < 0) continue;
            const box = group.querySelectorAll("use")[index].getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
          }
        }""",
        [name, row],
    )
    return float(found[0]), float(found[1])


def told(page: Any, name: str) -> str:
    """What the tooltip says; empty where none is shown."""
    tip = page.locator(f"#fig-{name} .tip")
    return str(tip.inner_text()) if tip.is_visible() else ""


def texts(page: Any, name: str, row: int) -> list[str]:
    """The cells of a row of the figure's table, as they are read."""
    page.locator(f"#data-{name} details").evaluate("details => { details.open = true }")
    cells = page.locator(f"#data-{name} tbody tr").nth(row).locator("th, td")
    found = cells.evaluate_all("cells => cells.map((cell) => cell.innerHTML)")
    return [unescape(re.sub("<i>.*?</i>", "", text)) for text in found if text]


def test_a_point_under_the_pointer_says_its_row(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship).page
    assert told(page, FIRST) == ""
    for row in (0, 23, 48):
        page.mouse.move(*place(page, FIRST, row))
        said = told(page, FIRST)
        page.mouse.move(5, 5)
        for text in texts(page, FIRST, row):
            assert text in said
    assert "Pathwise" in said or "As printed" in said
    page.wait_for_timeout(400)
    assert told(page, FIRST) == "", "it goes when the pointer has left"


def test_a_tooltip_says_nothing_twice(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship).page
    page.mouse.move(*place(page, "gap_waterfall", 1))
    cells = page.locator("#fig-gap_waterfall .tip dl").evaluate(
        "list => [...list.children].map((cell) => cell.textContent)"
    )
    facts = list(zip(cells[::2], cells[1::2], strict=True))
    assert len(facts) == len(set(facts)) > 6
    assert [head for head, _ in facts].count("Replicates") == 1
    page.locator("#fig-learning_curve").scroll_into_view_if_needed()
    at = page.evaluate(
        """() => {
          const group = document.querySelector("#fig-learning_curve [data-at]");
          const [x, y] = group.dataset.at.split(" ").slice(-2).map(Number);
          const point = new DOMPoint(x, y).matrixTransform(group.ownerSVGElement.getScreenCTM());
          return [point.x, point.y];
        }"""
    )
    page.mouse.move(*at)
    heads = page.locator("#fig-learning_curve .tip p").all_text_contents()
    lists = page.locator("#fig-learning_curve .tip dl").count()
    assert len(heads) == len(set(heads)) and lists > 1, "points of one line stand under its one name"


def test_the_tooltip_can_be_pointed_at_and_escape_closes_it(
    visit: Callable[..., Any], flagship: Path
) -> None:
    page = visit(flagship).page
    page.mouse.move(*place(page, FIRST, 44))
    box = page.locator(f"#fig-{FIRST} .tip").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(400)
    assert told(page, FIRST) != ""
    page.keyboard.press("Escape")
    assert told(page, FIRST) == ""


def test_keys_go_from_point_to_point_and_are_heard(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship).page
    page.locator(f"#fig-{FIRST} .points").focus()
    status = page.locator(f"#fig-{FIRST} [role=status]")
    first = texts(page, FIRST, 0)
    assert all(text in status.inner_text() for text in first)
    page.keyboard.press("ArrowRight")
    assert all(text in told(page, FIRST) for text in texts(page, FIRST, 1))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert all(text in told(page, FIRST) for text in first), "the first is the first"
    before = place(page, FIRST, 0)
    page.keyboard.press("ArrowDown")
    ring = page.locator(f"#fig-{FIRST} .ring").bounding_box()
    assert abs(ring["x"] + ring["width"] / 2 - before[0]) < 1 and ring["y"] > before[1]
    page.keyboard.press("End")
    assert all(text in told(page, FIRST) for text in texts(page, FIRST, 48))
    page.keyboard.press("Escape")
    assert told(page, FIRST) == "" and status.inner_text() == ""


def test_a_series_goes_with_its_name_and_comes_back(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship).page
    button = page.locator(f"#fig-{FIRST} .controls button", has_text=re.compile("^Pathwise$"))
    assert button.get_attribute("aria-pressed") == "true" and button.locator("svg use").count() == 1
    ink = page.locator(f"#fig-{FIRST} .drawing [data-series='5']")
    rows = synthetic_rows(page)
    assert rows["Pathwise"] == 5 and ink.count() >= 5
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert not any(ink.nth(index).is_visible() for index in range(ink.count()))
    where = place_of_hidden(page)
    page.mouse.move(*where)
    assert "Pathwise" not in told(page, FIRST), "what is not shown says nothing"
    button.click()
    assert all(ink.nth(index).is_visible() for index in range(ink.count()))


def test_every_series_has_a_button_with_a_name_of_its_own(visit: Callable[..., Any], flagship: Path) -> None:
    page, seen = visit(flagship).page, 0
    for figure in page.locator("figure:has(.controls)").all():
        names = [name for name in figure.locator(".controls button").all_inner_texts() if name.strip()]
        assert len(names) == len(set(names)), figure.get_attribute("id")
        seen += "Pathwise" in names
    assert seen > 5


def synthetic_rows(page: Any) -> dict[str, int]:
    """Number of each series by its title, as the table has them."""
    titles = page.locator(f"#data-{FIRST} tbody th").evaluate_all("cells => cells.map(c => c.textContent)")
    return {title: number for number, title in enumerate(dict.fromkeys(titles))}


def place_of_hidden(page: Any) -> tuple[float, float]:
    """Where the last mark of the sixth series was, which has no box while it is hidden."""
    found = page.evaluate(
        """(name) => {
          const group = document.querySelector(`#fig-${name} [data-series='5'][data-rows]`);
          const use = [...group.querySelectorAll("use")].at(-1);
          const place = new DOMPoint(use.x.baseVal.value, use.y.baseVal.value);
          const at = place.matrixTransform(group.ownerSVGElement.getScreenCTM());
          return [at.x, at.y];
        }""",
        FIRST,
    )
    return float(found[0]), float(found[1])


def marks(page: Any, name: str, across: bool) -> dict[int, float]:
    """Of every row its mark's coordinate along the value axis, in the drawing's points."""
    found = page.evaluate(
        """([name, along]) => {
          const groups = [...document.querySelectorAll(`#fig-${name} [data-log] [data-rows]`)];
          return groups.flatMap((group) => {
            const places = [...group.querySelectorAll("use")].map((use) => use[along].baseVal.value);
            return group.dataset.rows.split(" ").map((row, index) => [Number(row), places[index]]);
          });
        }""",
        [name, "y" if across else "x"],
    )
    return {int(row): float(at) for row, at in found}


@pytest.mark.parametrize(
    ("name", "column", "across"),
    [
        (FIRST, 2, True),
        ("variance_over_training_by_objective", 3, True),
        ("gap_waterfall", 1, False),
    ],
)
def test_without_the_logarithm_marks_stand_in_proportion(
    visit: Callable[..., Any],
    flagship: Path,
    drawings: dict[str, Drawing],
    name: str,
    column: int,
    across: bool,
) -> None:
    page = visit(flagship).page
    before = marks(page, name, across)
    page.locator(f"#fig-{name} .scale button", has_text="Linear").click()
    after = marks(page, name, across)
    values = {row: drawings[name].table.rows[row].cells[column].value for row in after}  # type: ignore[union-attr]
    high, low = max(values, key=lambda row: values[row]), min(values, key=lambda row: values[row])
    slope = (after[high] - after[low]) / (values[high] - values[low])
    for row, at in after.items():
        assert at == pytest.approx(after[low] + slope * (values[row] - values[low]), abs=0.12)
    ticks = page.locator(f"#fig-{name} .ticks text").all_text_contents()
    assert ticks[0] == "0" and len(ticks) >= 3
    grid = page.locator(f"#fig-{name} .ticks .grid").first.get_attribute("d")
    assert grid is not None
    zero = float(grid[1:].split("L")[0].split()[1 if across else 0])
    assert zero == pytest.approx(after[low] - slope * values[low], abs=0.12), "the tick of 0 is at 0"
    page.locator(f"#fig-{name} .scale button", has_text="Logarithmic").click()
    assert marks(page, name, across) == before
    assert page.locator(f"#fig-{name} .ticks").count() == 0


def test_a_histogram_without_the_logarithm_is_as_high_as_its_densities(
    visit: Callable[..., Any], flagship: Path, drawings: dict[str, Drawing]
) -> None:
    """In the panel of the narrower estimator, whose steps are its bins; its name goes with its shoulder."""
    name = "weight_histogram"
    page, table = visit(flagship).page, drawings[name].table
    rows = [row.cells for row in table.rows]
    title = rows[-1][0]
    densities = [float(cells[-1]) for cells in rows if cells[:2] == (title, "bin")]  # type: ignore[arg-type]
    page.locator(f"#fig-{name} .scale button", has_text="Linear").click()
    panel = page.locator(f"#fig-{name} [data-log]").last
    own = panel.locator(f"[data-series='{table.series.index(str(title))}']")
    steps = str(own.locator("path:not([style*=dasharray])").first.get_attribute("d"))
    heights = sorted({float(at) for _, at in re.findall(r"(-?[0-9.]+) (-?[0-9.]+)", steps)})
    zero = float(
        str(page.locator(f"#fig-{name} .ticks .grid").first.get_attribute("d")).split()[1].split("L")[0]
    )
    scale = (zero - heights[0]) / max(densities)
    wanted = sorted({round(zero - scale * density, 2) for density in densities})
    assert len(wanted) > 10
    for at in wanted:
        assert min(abs(at - height) for height in heights) < 0.1  # drawn to 0.01 pt on a logarithmic axis
    assert str(own.and_(page.locator("[data-moves]")).get_attribute("transform")).startswith("translate(0 ")
    page.locator(f"#fig-{name} .controls button", has_text=str(title)).click()
    shown = page.locator(f"#fig-{name} .drawing [data-series='{table.series.index(str(title))}']")
    assert shown.count() > 5 and not [one for one in shown.all() if one.is_visible()]


def test_a_pixel_says_what_its_colour_means(
    visit: Callable[..., Any], flagship: Path, drawings: dict[str, Drawing]
) -> None:
    """Within a step of the colour bar of the number drawn, in every kind of map; by hand and by key."""
    name = "noise_in_image"
    page, drawing = visit(flagship).page, drawings[name]
    page.locator(f"#fig-{name} .drawing").scroll_into_view_if_needed()
    size, words, tiles = json.loads(page.locator(f"#fig-{name} [data-tiles]").get_attribute("data-tiles"))
    corners = [float(n) for n in page.locator(f"#fig-{name} [data-tiles]").get_attribute("data-at").split()]
    bars = [
        json.loads(str(bar.get_attribute("data-colours"))) for bar in page.locator("[data-colours]").all()
    ]
    drawn = {cells[:3]: cells[3:] for cells in (row.cells for row in drawing.table.rows)}
    box = page.locator(f"#fig-{name} svg").bounding_box()
    scale = box["width"] / page.evaluate(f"document.querySelector('#fig-{name} svg').viewBox.baseVal.width")
    kinds = set()
    for number, (of, what, bar) in enumerate(tiles):
        left, top, right, bottom = corners[4 * number : 4 * number + 4]
        row, column = number % size[0], (number + 1) % size[1]
        x, y = left + (column + 0.5) / size[1] * (right - left), top + (row + 0.5) / size[0] * (bottom - top)
        page.keyboard.press("Escape")  # what is said of one pixel may lie over the next
        page.mouse.move(box["x"] + scale * x, box["y"] + scale * y)
        said = told(page, name)
        wanted = drawn[words[of], words[what], row + 1][column]
        assert words[of] in said and words[what] in said and f"row {row + 1}, column {column + 1}" in said
        value = said.split("Value, read from its colour")[1].strip()
        if math.isnan(wanted) or (wanted == 0 and bar >= 0):
            assert value == "none"
        elif bar < 0:
            most = max(max(cells[:-1]) for key, cells in drawn.items() if key[0] == words[of])
            assert float(value.split()[0]) == pytest.approx(wanted / most, abs=0.01)
        else:
            low, high, beyond, unit = bars[bar]
            bounded = min(max(wanted, low), high)
            assert value.startswith("at ") == (beyond and bounded != wanted) or bounded in (low, high)
            assert read_back(value) == pytest.approx(bounded, rel=0.06 + math.log(high / low) / 255)
            assert value.endswith(unit)
        kinds.add(bar)
    assert kinds == {-1, 0, 1, 2}
    page.locator(f"#fig-{name} .points").focus()
    page.keyboard.press("Home")
    spoken = page.locator(f"#fig-{name} .stage [role=status]")
    assert "Pixel row 1, column 1" in str(spoken.text_content())
    page.keyboard.press("ArrowRight")
    assert "Pixel row 1, column 2" in str(spoken.text_content())


def read_back(text: str) -> float:
    """A number as the page writes it."""
    plain = re.sub("^at (most|least) ", "", text).split()[0].replace("·10", "e")
    return float(plain.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))


def test_going_back_and_forth_leaves_the_drawing_as_it_was(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship).page
    everything = "name => document.querySelector(`#fig-${name} svg`).outerHTML.replaceAll(' class=\"\"', '')"
    for name in ("variance_against_num_samples", "signal_to_noise", "work", "weight_histogram"):
        before = page.evaluate(everything, name)
        linear, logarithmic = (
            page.locator(f"#fig-{name} .scale button", has_text=text) for text in ("Linear", "Logarithmic")
        )
        caption = page.locator(f"#fig-{name} figcaption")
        as_drawn = caption.inner_text()
        linear.click()
        assert page.evaluate(everything, name) != before
        assert caption.inner_text() == f"{as_drawn} Shown here on linear axes."
        linear.click()
        logarithmic.click()
        assert page.evaluate(everything, name) == before and caption.inner_text() == as_drawn


def test_a_linear_scale_is_of_what_is_shown(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship).page
    page.locator(f"#fig-{FIRST} .scale button", has_text="Linear").click()
    power = page.locator(f"#fig-{FIRST} [data-scale] > text")
    assert power.text_content() == "× 10⁵"
    page.locator(f"#fig-{FIRST} .controls button", has_text=re.compile("^Score function$")).click()
    assert power.text_content() == "× 10⁴"


def test_the_power_beside_a_scale_is_not_cut_off(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship).page
    for name in ("additive_constant", FIRST):
        page.locator(f"#fig-{name} .scale button", has_text="Linear").click()
        power, whole = (
            page.locator(f"#fig-{name} {what}").first.bounding_box()
            for what in ("[data-scale] > text", "svg")
        )
        assert power["height"] > power["width"] and power["y"] >= whole["y"]


def test_names_at_the_ends_are_spread_as_they_were_drawn(visit: Callable[..., Any], flagship: Path) -> None:
    """The script's spreading of names is that of the drawing, tried on the same wishes."""
    page = visit(flagship).page
    page.locator(f"#fig-{FIRST} .scale button", has_text="Linear").click()
    names = page.evaluate(
        """(name) => {
          const labels = [...document.querySelectorAll(`#fig-${name} [data-label]`)];
          return labels.filter((label) => !label.querySelector("use[x][y]")).map((text) => {
            const own = `#fig-${name} [data-series="${text.dataset.series}"]`;
            const ends = [...document.querySelectorAll(`${own}[data-rows] use`)];
            const at = document.querySelector(`${own}[data-label] use[y]`).y.baseVal.value;
            return [ends.at(-1).y.baseVal.value, text.getBBox().height + 3, at];
          });
        }""",
        FIRST,
    )
    wanted, sizes, found = zip(*names, strict=True)
    box = page.locator(f"#fig-{FIRST} [data-log]").get_attribute("data-box").split()
    top, bottom = float(box[1]), float(box[3])
    height = page.evaluate(f"document.querySelector('#fig-{FIRST} svg').viewBox.baseVal.height")
    right = spread(wanted, sizes, max(0.0, top - 8), min(height, bottom + 20))
    assert len(found) == 7 and list(found) == pytest.approx(right, abs=0.02)


def test_crossings_and_exact_curves_follow(visit: Callable[..., Any], tmp_path: Path) -> None:
    findings = toy(FUNCTION, exact={"exact_variance": lambda cell, arm: 2.0})
    name = "variance_against_setting"
    drawing = draw(findings, name)
    assert drawing is not None
    path = tmp_path / "report.html"
    path.write_bytes(whole_page(findings, {name: drawing}))
    page = visit(path).page
    rows = [row.cells for row in drawing.table.rows]
    crossing = next(number for number, cells in enumerate(rows) if "lower before" in str(cells))
    page.mouse.move(*place(page, name, crossing))
    assert "lower before" in told(page, name)
    numbers = page.locator(f"#fig-{name} [data-moves]:not([data-moves=''])")
    assert numbers.count() >= 1 and numbers.first.get_attribute("transform") is None
    page.locator(f"#fig-{name} .scale button", has_text="Linear").click()
    assert numbers.first.get_attribute("transform").startswith("translate(0 ")
    page.mouse.move(*place(page, name, crossing))
    assert "lower before" in told(page, name)


def test_data_can_be_kept(visit: Callable[..., Any], flagship: Path, drawings: dict[str, Drawing]) -> None:
    page = visit(flagship).page
    with page.expect_download() as download:
        page.locator(f"#data-{FIRST} a[download]").click()
    assert download.value.suggested_filename == f"{FIRST}.csv"
    address = page.locator(f"#data-{FIRST} a[download]").get_attribute("href")
    content = unquote(address.partition(",")[2])
    assert content.encode() == drawings[FIRST].table.csv
    assert len(list(csv.reader(io.StringIO(content)))) == 50


def test_a_finger_finds_points_on_a_phone(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship, width=390).page
    x, y = place(page, FIRST, 1)
    touch = {"pointerType": "touch", "clientX": x + 6, "clientY": y + 3, "bubbles": True}
    page.locator(f"#fig-{FIRST} .drawing").dispatch_event("pointerdown", touch)
    assert all(text in told(page, FIRST) for text in texts(page, FIRST, 1))
    box = page.locator(f"#fig-{FIRST} .tip").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_a_script_the_page_lacks_nothing(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship, scripts=False).page
    assert page.locator(".controls, .tip, .points").count() == 0
    assert page.locator("figure").count() == page.locator(".figure-data").count() > 10
    page.locator(f"#data-{FIRST} summary").click()
    assert page.locator(f"#data-{FIRST} tbody tr").nth(48).is_visible()


def test_nothing_of_it_is_printed(visit: Callable[..., Any], flagship: Path) -> None:
    page = visit(flagship).page
    page.locator(f"#fig-{FIRST} .points").focus()
    page.emulate_media(media="print")
    for what in (".controls", ".tip", ".figure-data", ".ring"):
        found = page.locator(what)
        assert found.count() and not any(found.nth(index).is_visible() for index in range(found.count())), (
            what
        )
    assert page.locator(f"#fig-{FIRST} .drawing svg").first.is_visible()
