"""The report's page in a browser: quiet, self-contained, legible at every width and in both schemes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reportgen.report import render_summary
from tests.browser import PHONE, WIDE, Visit, whole_page
from tests.conftest import LIVE
from tests.test_report import findings_of
from tests.test_summary import HIGHER, made

Visiting = Callable[..., Visit]

WRONG = """<!DOCTYPE html><html lang="en"><head><title>wrong</title><style>{style}</style></head>
<body><main><h1>wrong</h1>{body}</main></body></html>"""


@pytest.fixture
def wrong(visit: Visiting, tmp_path: Path) -> Callable[..., Visit]:
    """Opens a page with a fault in it."""

    def opening(body: str, style: str = "", **more: int) -> Visit:
        path = tmp_path / "wrong.html"
        path.write_text(WRONG.format(body=body, style=style), encoding="utf-8")
        return visit(path, watch=False, **more)

    return opening


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_page_opens_in_silence_and_asks_for_nothing(visit: Visiting, live_page: Path, width: int) -> None:
    page = visit(live_page, width=width).page
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("document.querySelector('nav.contents a[aria-current]')")


def test_requests_and_errors_are_caught(wrong: Callable[..., Visit]) -> None:
    asked = wrong('<img src="https://example.invalid/a.png" alt="a">')
    asked.page.wait_for_timeout(50)
    assert asked.faults[0] == "request: https://example.invalid/a.png"
    assert [fault[:6] for fault in wrong("<script>throw new Error('no')</script>").faults] == ["error:"]
    assert wrong("<script>console.warn('hm')</script>").faults == ["console warning: hm"]


def test_light_and_dark_are_drawn_and_differ(visit: Visiting, live_page: Path) -> None:
    light, dark = (visit(live_page, dark=dark).picture() for dark in (False, True))
    assert light.shape == dark.shape
    assert light.mean() > 200 > 80 > dark.mean()
    for picture in (light, dark):  # writing: much of the page lies far from its background
        background = picture.reshape(-1, 3)[0].astype(int)
        assert (abs(picture - background).max(-1) > 90).mean() > 0.02


def test_no_width_scrolls_sideways(visit: Visiting, live_page: Path) -> None:
    visited = visit(live_page)
    for width in (320, PHONE, 768, WIDE):
        visited.page.set_viewport_size({"width": width, "height": 844})
        assert [f"{width}: {it}" for it in visited.overflowing()] == []


@pytest.mark.long
@pytest.mark.parametrize("width", [PHONE, WIDE])
def test_a_caption_is_not_squeezed_to_the_width_of_its_table(
    visit: Visiting, live_page: Path, width: int
) -> None:
    found = visit(live_page, width=width).page.evaluate(
        "[...document.querySelectorAll('.wide table')].map("
        "(table) => [table.caption.offsetWidth, table.tBodies[0].offsetWidth])"
    )
    assert min(table for _, table in found) < 300 and min(caption for caption, _ in found) > 340


@pytest.mark.long
def test_heads_stand_over_the_middle_of_aligned_numbers_and_verdicts_on_lines_of_their_own(
    visit: Visiting, live_page: Path
) -> None:
    page = visit(live_page, fragment="#results").page
    page.wait_for_selector(".explorer tbody tr")
    aligned = "(head) => getComputedStyle(head).textAlign"
    assert page.locator("table.small thead th.n").first.evaluate(aligned) == "center"
    assert page.locator(".explorer thead th.n").first.evaluate(aligned) == "right"
    for places in page.locator(".claim .places").all():
        assert places.evaluate("(it) => it.offsetLeft - it.parentElement.offsetLeft") == 0


@pytest.mark.long
def test_a_long_cause_leaves_room_for_the_claims(visit: Visiting, tmp_path: Path) -> None:
    lost = made("lost", HIGHER, broken=lambda cell: cell.checkpoint == 5)
    render_summary([lost], tmp_path, exit_code=4, command="x")
    page = visit(tmp_path / "summary.html").page
    page.locator(".ledger .effect .cause").evaluate(
        "(cause) => (cause.textContent = 'it diverged '.repeat(20))"
    )
    assert page.locator(".ledger .statement").first.evaluate("(cell) => cell.offsetWidth") > 400


@pytest.mark.long
def test_what_is_small_has_room_under_a_finger(chromium: Any, live_page: Path) -> None:
    context = chromium.new_context(viewport={"width": PHONE, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(live_page.as_uri())
    for anchor in page.locator(".head a.anchor").all():
        box = anchor.bounding_box()
        assert box and min(box["width"], box["height"]) >= 24
    context.close()


@pytest.mark.long
def test_long_names_are_broken_on_a_phone(visit: Visiting, tmp_path: Path) -> None:
    """In the title, the text, beside figures and after claims; what is cut off could not be scrolled to."""
    label = "a_control_variate_with_a_name_that_says_all_that_it_does"
    text = LIVE.replace("A page to be visited", "Rindfleischetikettierungsüberwachungsaufgaben")
    text = text.replace("baseline: optimal_constant}", f"baseline: optimal_constant, label: {label}}}")
    text += f"""\
  - id: ordered
    statement: they are in this order
    test: ordering(total_variance, pathwise, {label}, score_function) at every checkpoint
"""
    path = tmp_path / "report.html"
    path.write_bytes(whole_page(findings_of(text)))
    visited = visit(path, width=320)
    assert visited.page.locator(".claim .places", has_text=label).count() > 0
    assert visited.page.locator(".controls button", has_text=label).count() > 0
    assert visited.overflowing() == []


def test_what_is_too_wide_is_caught(wrong: Callable[..., Visit]) -> None:
    wide = '<div style="width: 500px">wide</div>'
    assert wrong(wide, width=PHONE).overflowing()
    assert wrong("<p>" + "long" * 40, width=PHONE).overflowing()
    assert wrong(wide, "main { overflow-x: clip }", width=PHONE).overflowing()
    assert wrong(f'<div style="overflow-x: auto">{wide}</div>', width=PHONE).overflowing() == []


@pytest.mark.parametrize(
    ("width", "dark"), [(WIDE, False), pytest.param(PHONE, True, marks=pytest.mark.long)]
)
def test_axe_finds_nothing_serious(visit: Visiting, live_page: Path, width: int, dark: bool) -> None:
    assert visit(live_page, width=width, dark=dark).violations() == []


def test_axe_catches_what_is_wrong(wrong: Callable[..., Visit]) -> None:
    found = wrong('<img src="data:,"><p style="color: #aaa">faint</p><a href="#x"></a>').violations()
    assert {"image-alt", "color-contrast", "link-name"} <= {line.partition(":")[0] for line in found}


@pytest.mark.long
def test_keyboard_reaches_everything_and_shows_where_it_is(visit: Visiting, live_page: Path) -> None:
    stops = list(visit(live_page).tabbed())
    assert stops[0]["className"].startswith("skip")
    assert [stop for stop in stops if not stop["seen"]] == []
    contents = [stop["href"] for stop in stops if stop["inContents"]]
    assert {"#question", "#judged", "#references"} <= set(contents)
    assert stops[-1]["tag"] != "body"


def test_focus_that_is_not_shown_is_caught(wrong: Callable[..., Visit]) -> None:
    hidden = wrong('<a href="#a">shown</a> <a href="#b" style="outline: none">not shown</a>')
    assert [stop["seen"] for stop in hidden.tabbed()] == [True, False]


def current(page: Any) -> str:
    """The entry marked in the contents."""
    page.wait_for_timeout(60)
    (marked,) = page.locator("nav.contents a[aria-current]").all()
    return str(marked.get_attribute("href"))


@pytest.mark.long
def test_contents_follow_the_reading_and_the_links(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page).page
    links = [link.get_attribute("href") for link in page.locator("nav.contents a").all()]
    assert page.locator("nav.contents a[aria-current]").count() == 0  # the first page comes before them all
    seen = []
    for _ in range(400):
        page.evaluate("scrollBy(0, 300)")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        marked = page.locator("nav.contents a[aria-current]").all()
        seen += [link for link in (one.get_attribute("href") for one in marked) if link not in seen]
        if page.evaluate("scrollY + innerHeight >= document.documentElement.scrollHeight - 1"):
            break
    assert seen == links
    for link in links:
        page.locator(f"nav.contents a[href='{link}']").click()
        assert current(page) == link
    page.evaluate("scrollBy(0, -5000)")
    assert current(page) != links[-1]


@pytest.mark.long
def test_a_long_list_of_contents_is_moved_along(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page).page
    page.set_viewport_size({"width": WIDE, "height": 300})
    page.evaluate("document.getElementById('references').scrollIntoView()")
    assert current(page) == "#references"
    box, frame = (page.locator(it).bounding_box() for it in ("nav a[aria-current]", "nav.contents"))
    assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]


def test_what_a_hand_does_on_the_page_is_answered(visit: Visiting, live_page: Path) -> None:
    """One step of each kind; all of each are in the long tests, here and of figures and results."""
    page = visit(live_page).page
    figure = page.locator("figure:has(.scale)").first
    marks, tip = figure.locator("[data-rows] use"), figure.locator(".tip")
    mark = marks.last
    mark.scroll_into_view_if_needed()
    assert not tip.is_visible()
    place = mark.bounding_box()
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    assert re.search("[0-9]", tip.inner_text()) and tip.is_visible()
    line = figure.locator(".controls button", has=page.locator("svg use")).first
    shown = [sum(one.is_visible() for one in marks.all())]
    for _ in range(2):
        line.click()
        shown.append(sum(one.is_visible() for one in marks.all()))
    assert 0 < shown[1] < shown[0] == shown[2]
    figure.locator(".scale button", has_text="Linear").click()
    assert figure.locator(".ticks text").first.text_content() == "0"
    with page.expect_download() as download:
        page.locator("[id^=data-] a[download]").first.click()
    assert download.value.suggested_filename.endswith(".csv")
    page.locator("#claim-lower a.anchor").click()
    assert page.url.endswith("#claim-lower")
    page.locator(".abstract a.number").first.click()
    rows, status = page.locator(".explorer tbody tr"), page.locator(".explorer [role=status]")
    rows.first.wait_for()
    assert rows.count() == 1, "the number's own"
    page.get_by_text("all rows").click()
    assert rows.count() == 50
    head = page.locator(".explorer th", has_text="value")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    page.locator(".explorer form [name=text]").fill("no such row")
    assert status.inner_text().startswith("0 of")


@pytest.mark.long
def test_claims_and_sections_have_links_to_copy(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page).page
    anchors = page.locator(".head a.anchor")
    assert anchors.count() > 12
    for anchor in anchors.all():
        assert page.locator(str(anchor.get_attribute("href"))).count() == 1
    anchor = page.locator("#claim-lower a.anchor")
    shade = "(link) => getComputedStyle(link).opacity"
    assert anchor.evaluate(shade) == "0"
    page.locator("#claim-lower h3").hover()
    assert anchor.evaluate(shade) == "1"
    page.mouse.move(0, 0)
    anchor.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert anchor.evaluate(shade) == "1"
    anchor.click()
    assert page.url.endswith("#claim-lower")
    page.wait_for_selector("#claim-lower a.anchor[data-copied]")
    assert page.locator("#claim-lower:target").count() == 1


@pytest.mark.long
def test_a_heading_is_told_in_its_own_words(visit: Visiting, live_page: Path) -> None:
    """Its number apart from its title, and the link beside it no part of it."""
    page = visit(live_page).page
    names = [name.strip() for name in page.locator(":is(h1, h2, h3)").all_inner_texts()]
    assert "1 The question" in names and "Every number" in names and len(names) > 20
    for name in names:  # a verdict's shape is not told
        told = re.sub(" [●◆○▲] ", " ", name)
        assert page.get_by_role("heading", name=told, exact=True).count() >= 1
    assert page.locator(".head > a.anchor").count() == page.locator("a.anchor:not(.explorer *)").count()


@pytest.mark.long
def test_a_mark_of_a_claim_is_told_as_a_word(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page).page
    shapes = page.locator(".places .shape")
    assert shapes.count() > 3
    for shape in shapes.all():
        assert shape.get_attribute("aria-label") in ("confirmed", "refuted", "undecided", "broken")
    assert page.locator(".places").first.get_by_role("img").count() > 1


@pytest.mark.long
def test_the_heads_of_the_claims_are_told_on_a_phone_too(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page, width=320).page
    table = page.locator("table.claims")
    assert [head.inner_text() for head in table.get_by_role("columnheader").all()][:2] == ["Claim", "Verdict"]
    box = table.locator("thead").bounding_box()
    assert box and box["width"] <= 1 and box["height"] <= 1


@pytest.mark.long
def test_what_scrolls_on_a_phone_has_a_name(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page, width=320).page
    page.wait_for_selector(".wide[tabindex]")
    regions = page.locator(":is(.wide, .drawing, .equation)[tabindex]").all()
    names = [str(region.get_attribute("aria-label")) for region in regions]
    assert {region.get_attribute("role") for region in regions} == {"group"}
    assert {name.split(" ")[0] for name in names} == {"Table", "Figure", "equation"}
    assert "equation (5)" in names
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_selector(".equation[tabindex]", state="detached")
    assert page.locator(".equation[role]").count() == 0


@pytest.mark.long
def test_in_the_readers_own_colours_nothing_is_told_by_a_ground(visit: Visiting, live_page: Path) -> None:
    page = visit(live_page, fragment="#judged").page
    page.emulate_media(forced_colors="active")
    mark = page.locator("nav.contents a[aria-current]").first
    assert "underline" in mark.evaluate("(link) => getComputedStyle(link).textDecorationLine")
    pressed = page.locator(".scale button[aria-pressed=true]").first
    assert pressed.evaluate("(button) => getComputedStyle(button).borderTopWidth") == "2px"
    for cover in page.locator(":is(.wide, .drawing, .equation)").all():
        assert cover.evaluate("(region) => getComputedStyle(region).backgroundImage") == "none"


@pytest.mark.long
def test_printed_it_is_the_text_alone_on_white(visit: Visiting, live_page: Path) -> None:
    visited = visit(live_page, width=700, dark=True)
    visited.page.emulate_media(media="print")
    for hidden in (".explore", "a.anchor", ".skip", ".files", "#card"):
        assert not [it for it in visited.page.locator(hidden).all() if it.is_visible()]
    assert visited.picture().mean() > 200
    assert visited.page.locator(".abstract a.number").first.is_visible()
    assert visited.overflowing() == []
