"""Numbers of the page that lead to their rows, and the table of all rows, in a browser."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reportgen.figures import draw
from reportgen.findings import Findings, claims_text, csv_text
from tests.browser import PHONE, Visit, whole_page
from tests.conftest import LIVE
from tests.press_cases import FUNCTION, toy
from tests.synthetic_models import models
from tests.test_report import findings_of

pytestmark = pytest.mark.long

Visiting = Callable[..., Visit]
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def live() -> Findings:
    return findings_of(LIVE)


@pytest.fixture(scope="module")
def rows(live: Findings) -> Rows:
    return list(csv.DictReader(io.StringIO(csv_text(live), newline="")))


def table(page: Any) -> list[dict[str, str]]:
    """What the table shows, by the heads of its columns."""
    page.wait_for_selector(".explorer tbody tr")
    heads = [head.strip() for head in page.locator(".explorer th").all_inner_texts()]
    found: list[list[str]] = page.evaluate(
        "[...document.querySelectorAll('.explorer tbody tr')].map("
        "(row) => [...row.cells].map((cell) => cell.textContent))"
    )
    return [dict(zip(heads, cells, strict=True)) for cells in found]


def control(page: Any, name: str) -> Any:
    """A filter."""
    return page.locator(f".explorer form [name={name}]")


def said(page: Any) -> str:
    return str(page.locator(".explorer [role=status]").inner_text()).replace("\u202f", "")


def test_what_is_shown_is_told(visit: Visiting, live_page: Path, rows: Rows) -> None:
    """By the status that a screen reader hears: how many there are, in which order, and how many of them."""
    page = visit(live_page, fragment="#results").page
    page.get_by_role("search", name="Rows").get_by_role("searchbox", name="contains").wait_for()
    page.get_by_role("group", name="Table of rows").get_by_role(
        "table", name="Rows of results.csv"
    ).wait_for()
    every = f"{len(rows)} of {len(rows)} rows"
    assert said(page) == f"{every}, the first 50 shown"
    page.get_by_role("button", name="more rows").click()
    assert said(page) == f"{every}, the first 250 shown"
    for order in ("by 95% interval", "by 95% interval, descending"):
        page.locator(".explorer th button", has_text="95% interval").click()
        assert said(page) == f"{every}, {order}, the first 50 shown"
    control(page, "text").fill("no such row")
    assert said(page) == f"0 of {len(rows)} rows, {order}"


def test_all_rows_are_there_and_filters_say_how_many(visit: Visiting, live_page: Path, rows: Rows) -> None:
    page = visit(live_page, fragment="#results").page
    assert len(table(page)) == 50
    heads = list(table(page)[0])  # rows that differ in block or checkpoint alone show it beside the number
    assert heads[:6] == ["statistic", "estimator", "value", "95% interval", "group", "checkpoint"]
    control(page, "statistic").select_option("variance_ratio")
    control(page, "estimator").select_option("pathwise")
    mine = [row for row in rows if (row["statistic"], row["estimator"]) == ("variance_ratio", "pathwise")]
    assert said(page) == f"{len(mine)} of {len(rows)} rows"
    assert {row["statistic"] for row in table(page)} == {"variance_ratio"}
    control(page, "text").fill("elbo log_scale")
    mine = [row for row in mine if row["objective"] == "elbo" and row["group"] == "log_scale"]
    assert said(page) == f"{len(mine)} of {len(rows)} rows"
    control(page, "text").fill("no such row")
    assert said(page) == f"0 of {len(rows)} rows"
    page.get_by_text("all rows").click()
    assert said(page).startswith(f"{len(rows)} of {len(rows)} rows")
    page.get_by_role("button", name="more rows").click()
    assert len(table(page)) == 250


def test_columns_sort_both_ways_numbers_as_numbers_and_what_is_missing_last(
    visit: Visiting, live_page: Path, rows: Rows
) -> None:
    page = visit(live_page, fragment="#results?statistic=signal_to_noise").page
    mine = [row for row in rows if row["statistic"] == "signal_to_noise"]
    known = sorted((float(row["value"]) for row in mine if row["value"]), reverse=True)
    assert len(known) < len(mine)  # else nothing is missing here
    head = page.locator(".explorer th", has_text="value")
    for way, best in (("ascending", min(known)), ("descending", max(known))):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == way
        shown = [row["value"] for row in table(page)]
        assert float(shown[0]) == pytest.approx(best, rel=1e-5)
        numbers = [float(text.replace("\u202f", "")) for text in shown if "×" not in text and text != "–"]
        assert numbers == sorted(numbers, reverse=way == "descending")
    page.get_by_role("button", name="more rows").click()
    assert table(page)[-1]["value"] == "–"


def test_what_is_small_is_a_power_of_ten_as_in_the_text(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page, fragment="#results?statistic=coordinate_variance_min&sort=value").page
    shown = [row["value"] for row in table(page)]
    assert not any(text.startswith("0.000") for text in shown)
    assert any("×10⁻⁴" in text or "×10⁻⁵" in text for text in shown), shown
    assert any(text.startswith("0.0") for text in shown)


def test_what_is_infinite_is_shown_so_and_sorts_beyond_all_numbers(visit: Visiting, tmp_path: Path) -> None:
    """A gradient without noise has an infinite signal-to-noise ratio, which results.csv writes as inf."""
    text = FUNCTION.partition("sweep")[0]
    silent = toy(text, lambda cell, arm: 0.0 if arm.label == "pathwise" else 2.0)
    path = tmp_path / "report.html"
    path.write_bytes(whole_page(silent, {}))
    page = visit(
        path, fragment="#results?statistic=variance_ratio&statistic=signal_to_noise&sort=-value"
    ).page
    shown = [row["value"] for row in table(page) if row["value"] != "–"]
    finite = [float(text) for text in shown if text != "∞"]
    assert finite and shown[: -len(finite)] == ["∞"] * shown.count("∞") != []
    assert finite == sorted(finite, reverse=True)
    assert table(page)[0]["95% interval"] == "∞ to ∞"


def test_two_objectives_of_a_row_have_two_heads(visit: Visiting, tmp_path: Path) -> None:
    """That whose gradient is measured, and that of which a model was trained."""
    path = tmp_path / "report.html"
    path.write_bytes(whole_page(models(), {}))
    page = visit(path, fragment="#results").page
    assert {"objective", "trained as"} <= set(table(page)[0])
    for model in page.locator(
        "table.models tbody"
    ).all():  # of three lines, each with its own head and the model's
        assert model.locator("th[scope=rowgroup]").count() > 0
        assert model.locator("th[scope=row]").all_inner_texts() == ["NLL", "active units", "epochs"]


def test_the_seed_of_a_training_is_not_that_of_the_experiment(visit: Visiting, tmp_path: Path) -> None:
    swept = LIVE.replace("sweep: {problem.latent: [5, 20]}", "sweep: {train.seed: [0, 1]}")
    path = tmp_path / "report.html"
    path.write_bytes(whole_page(findings_of(swept), {}))
    page = visit(path, fragment="#results").page
    assert "training seed" in table(page)[0] and "seed" not in table(page)[0]
    assert "all with the experiment’s seed, 0." in page.locator(".explore").inner_text()
    page.locator(".abstract a.number").first.hover()
    page.locator("#card").wait_for()
    heads = page.locator("#card dt").all_inner_texts()
    assert heads.count("seed") == heads.count("training seed") == 1


def test_the_address_tells_what_is_shown_and_shows_it_again(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page, fragment="#results").page
    control(page, "statistic").select_option("total_variance")
    control(page, "text").fill("pathwise")
    page.locator(".explorer th button", has_text="value").click()
    shown, address = table(page), page.url.partition("#")[2]
    assert address == "results?statistic=total_variance&text=pathwise&sort=value"
    assert page.locator(".explorer a.anchor").get_attribute("href") == f"#{address}"
    again = visit(live_page, fragment=f"#{address}").page
    assert table(again) == shown
    assert control(again, "text").input_value() == "pathwise"
    several = visit(live_page, fragment="#results?checkpoint=0&checkpoint=5").page
    assert {row["checkpoint"] for row in table(several)} == {"0"}  # of the first 50
    assert control(several, "checkpoint").input_value() == "0 or 5"
    nothing = visit(live_page, fragment="#results?statistic=%3Cb%3E&unknown=1").page
    nothing.wait_for_selector(".explorer [role=status]")
    assert said(nothing).startswith("0 of")
    odd = visit(live_page, fragment="#results?sort=constructor&text=pathwise").page
    assert len(table(odd)) == 50


def test_rows_are_saved_to_the_byte(visit: Visiting, live_page: Path, live: Findings) -> None:
    page = visit(live_page, fragment="#results?estimator=pathwise&statistic=evaluations").page
    table(page)
    with page.expect_download() as few:
        page.get_by_role("button", name="save as CSV").click()
    some = Path(few.value.path()).read_text(encoding="utf-8").splitlines()
    whole = csv_text(live).splitlines()
    assert some == [whole[0], *(line for line in whole if ",pathwise," in line and ",evaluations," in line)]
    with page.expect_download() as everything:
        page.locator(".files a", has_text="results.csv").click()
    assert Path(everything.value.path()).read_bytes() == csv_text(live).encode()
    assert everything.value.suggested_filename == "results.csv"
    with page.expect_download() as judged:
        page.get_by_role("link", name="claims.json").click()
    assert Path(judged.value.path()).read_bytes() == claims_text(live).encode()
    assert judged.value.suggested_filename == "claims.json"


def test_a_number_shows_its_row_and_leads_to_it(visit: Visiting, live_page: Path, live: Findings) -> None:
    ratio = live.ratio("score_function", "pathwise")
    cell = live.record().key  # type: ignore[union-attr]
    page = visit(live_page).page
    number, card = page.locator(".abstract a.number").first, page.locator("#card")
    assert card.is_hidden()
    number.hover()
    card.wait_for()
    told = " ".join(card.inner_text().replace("\u202f", "").split())
    for part in (
        "statistic variance_ratio", "estimator score_function", "objective reconstruction", "group all",
        "reference pathwise",
        "checkpoint 5", "latent 10", f"replicates {ratio.replicates}", "seed 0", f"cell {cell[:8]}",
        f"value {ratio.value:.6g}", f"95% interval {ratio.low:.6g} to {ratio.high:.6g}",
    ):  # fmt: skip
        assert part in told
    assert number.get_attribute("aria-describedby") == "card"
    card.hover()  # it can be read with the pointer on it
    assert card.is_visible()
    page.keyboard.press("Escape")
    assert card.is_hidden()
    number.click()
    (row,) = table(page)
    assert (row["statistic"], row["estimator"], row["cell"]) == ("variance_ratio", "score_function", cell[:8])
    assert page.evaluate("document.activeElement.id") == "results"
    assert page.locator("nav.contents a[aria-current]").inner_text().strip() == "Every number"
    page.go_back()
    assert page.evaluate("scrollY") == 0


def test_the_card_waits_for_a_slow_pointer_and_goes_when_it_has_left(
    visit: Visiting, live_page: Path
) -> None:
    """WCAG 2.1, 1.4.13: what is shown on hover can be hovered, though a gap lies before it."""
    page = visit(live_page).page
    number, card = page.locator(".abstract a.number").first, page.locator("#card")
    number.hover()
    card.wait_for()
    of, box = number.bounding_box(), card.bounding_box()
    assert of and box
    x = max(of["x"], box["x"]) + 20
    start, end = of["y"] + of["height"] / 2, box["y"] + (8 if box["y"] > of["y"] else box["height"] - 8)
    page.mouse.move(x, start)
    page.mouse.move(x, end, steps=40)
    page.wait_for_timeout(350)
    assert card.is_visible()
    page.mouse.move(5, 5)
    card.wait_for(state="hidden")


def test_the_card_of_a_focused_number_stays_though_the_pointer_moves(
    visit: Visiting, live_page: Path
) -> None:
    page = visit(live_page).page
    page.locator(".abstract a.number").first.focus()
    card = page.locator("#card")
    card.wait_for()
    for place in ((5, 5), (300, 5), (5, 300)):
        page.mouse.move(*place)
    page.wait_for_timeout(350)
    assert card.is_visible()
    page.keyboard.press("Escape")
    assert card.is_hidden()


def test_of_a_step_back_in_the_waterfall_the_rows_are_shown_and_the_way_back_is_open(
    visit: Visiting, tmp_path: Path
) -> None:
    """Its caption turns the factor of the step round, and leads to the variances that it is made of."""
    steps = {"score_function": 9.0, "score_function_optimal_constant": 2.0, "pathwise": 1.0}
    text = FUNCTION.partition("sweep")[0].replace(
        "score_function,",
        "score_function, {name: score_function, baseline: optimal_constant}, "
        "{name: score_function, baseline: optimal_per_coordinate},",
    )
    found = toy(text, lambda cell, arm: steps.get(arm.label, 3.0))
    drawing = draw(found, "gap_waterfall")
    assert drawing is not None
    path = tmp_path / "report.html"
    path.write_bytes(whole_page(found, {"gap_waterfall": drawing}))
    page = visit(path).page
    caption = page.locator("#fig-gap_waterfall figcaption")
    assert "has 1.50 times the variance of the previous step" in caption.inner_text().replace("\u00a0", " ")
    number = caption.locator("a.number", has_text="1.50")
    number.scroll_into_view_if_needed()
    number.click()
    assert [(row["statistic"], row["estimator"], row["value"]) for row in table(page)] == [
        ("total_variance", "score_function_optimal_constant", "2"),
        ("total_variance", "score_function_optimal_per_coordinate", "3"),
    ]
    assert page.evaluate("document.activeElement.id") == "results"
    page.go_back()
    number.wait_for()
    top = page.evaluate("(number) => number.getBoundingClientRect().top", number.element_handle())
    assert 0 < top < page.viewport_size["height"], "as it was left"


def test_a_number_made_of_several_rows_shows_them(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page).page
    page.locator("a.number", has_text="%").first.focus()
    card = page.locator("#card")
    card.wait_for()
    lines = card.locator("tr").all_inner_texts()
    assert "computed from 3 rows" in card.inner_text() and "reference" not in card.inner_text()
    assert len(lines) == 4
    assert [line.split()[0] for line in lines[1:]] == [
        *("score_function", "score_function_optimal_constant", "pathwise")
    ]
    page.locator("nav.contents a").first.focus()
    assert card.is_hidden()


def test_the_card_stays_in_the_window(visit: Visiting, live_page: Path) -> None:
    visited = visit(live_page, width=PHONE)
    page, card = visited.page, visited.page.locator("#card")
    for number in page.locator("td a.number:visible").all()[::12]:
        number.evaluate("(link) => { link.scrollIntoView({ block: 'center' }); link.focus(); }")
        card.wait_for()
        box = card.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE
    assert visited.overflowing() == []


def test_at_twice_the_size_the_card_is_in_view_from_its_first_row(visit: Visiting, live_page: Path) -> None:
    """Half the window's pixels in either direction: a number in the middle leaves little above and below."""
    page = visit(live_page).page
    for height in (400, 200):
        page.keyboard.press("Escape")
        page.set_viewport_size({"width": 640, "height": height})
        number, card = page.locator("p a.number:visible").nth(2), page.locator("#card")
        number.evaluate("(link) => { link.blur(); link.scrollIntoView({ block: 'center' }); link.focus(); }")
        card.wait_for()
        box, of = card.bounding_box(), number.bounding_box()
        assert box and of
        assert box["y"] >= 0 and box["y"] + box["height"] <= height
        assert box["y"] + box["height"] <= of["y"] or of["y"] + of["height"] <= box["y"]
        lowest = card.evaluate(
            "(card) => { card.scrollTop = 1e5; return card.scrollTop + card.clientHeight; }"
        )
        assert lowest >= card.evaluate("(card) => card.scrollHeight") - 1


def test_at_twice_the_size_the_contents_leave_room_in_the_window(visit: Visiting, live_page: Path) -> None:
    visited = visit(live_page)
    visited.page.set_viewport_size({"width": 640, "height": 400})
    box = visited.page.locator("nav.contents").bounding_box()
    assert box and box["height"] < 300 and visited.overflowing() == []


def test_arrow_keys_go_through_a_table_and_tab_leaves_it(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page).page
    first = page.locator("table", has_text="Total variance relative to").locator("a.number").first
    first.focus()
    text = first.inner_text()
    page.keyboard.press("ArrowRight")
    second = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.textContent") == text != second
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('table')") is None


def test_without_scripts_the_page_says_where_the_table_is(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page, scripts=False).page
    page.locator("a.number").first.click()
    assert page.url.endswith("#results")
    assert "results.csv is also in the folder of this page" in page.locator("main").inner_text()
    assert page.locator("a[download='results.json.gz']").count() == 1
