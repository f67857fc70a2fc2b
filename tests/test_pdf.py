"""The PDF: whole or not at all, tagged, with bookmarks, fonts and evidence inside."""

from __future__ import annotations

import hashlib
import io
import json
import operator
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import pikepdf
import pypdf
import pytest

from reportgen.declaration import load_text
from reportgen.errors import RenderError
from reportgen.findings import Findings
from reportgen.report import EVIDENCE, provenance, render
from reportgen.report.pdf.layout import Attachment, Layout, Resources, lay_out, require_weasyprint
from reportgen.report.pdf.tagging import FORMULA
from reportgen.report.pdf.vector import VectorImage, _transform, path_operators, read
from reportgen.report.render import declaration_text, fill, pdf_layout, shared_context
from reportgen.report.style import font_faces, font_files
from reportgen.report.text import words
from reportgen.report.text.formulas import Formula, drawn, sources
from reportgen.report.text.long_words import breakable
from reportgen.report.text.ties import whole
from reportgen.report.text.writer import Writer
from reportgen.resources import lock, templates
from tests.accessibility import elements, faults
from tests.synthetic import synthetic_drawings, synthetic_findings

WHEN = datetime(2025, 11, 23, 20, 0, tzinfo=UTC)
FONTS = font_files()
BOX = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><path d="M1 1L9 1L9 9Z"/></svg>'


NAMED = {"title": 3, "heading": 1, "fine": -1, "listing": -2}
"""Sizes that the style sheets name, as powers of 1.2 times the text's."""


def made(body: str, *, images: dict[str, bytes] | None = None, style: str = "") -> bytes:
    style = f'{font_faces("paper")} html {{ font-family: "Reportgen Serif" }} {style}'
    page = f'<html lang="en"><head><title>t</title><style>{style}</style></head><body>{body}</body></html>'
    return lay_out(page, Resources(FONTS, images or {}), WHEN).pdf()


PRINT = "".join((templates() / name).read_text(encoding="utf-8") for name in ("report.css", "print.css"))


def pages_of(body: str, tags: set[str], filled: int) -> list[list[str]]:
    """Beginnings of the elements with these tags, page by page, below so many millimetres of other matter."""
    style = f"<style>{font_faces('paper')} {PRINT} @page {{ size: A4 }}</style>"
    above = f'<div style="height: {filled}mm"></div>'
    text = f'<html lang="en"><head>{style}</head><body>{above}{body}</body></html>'
    layout = lay_out(text, Resources(FONTS, {}), WHEN)
    return [
        [
            box.element.text[:9]
            for box in page._page_box.descendants()
            if box.element_tag in tags and box.element.text
        ]
        for page in layout.document.pages
    ]


@pytest.mark.parametrize("filled", range(150, 250, 10))
def test_a_listing_begins_on_the_page_of_its_heading(findings: Findings, filled: int) -> None:
    source = provenance.gather(findings, timestamp=WHEN)
    sections = fill(findings)
    shared = shared_context(findings, source, declaration_text(findings), sections)
    own = next(context for section, context in sections if section.id == "again")
    writer = Writer("paper", {})
    writer.numbering.set("section", "judged", "1")
    page = writer.environment().get_template("sections/again.html").render({**shared, **own})
    body = page[page.index("<h3>The declaration") :]
    body = re.sub("<a [^>]*>", "<a>", body)
    found = [tags for tags in pages_of(body, {"h3", "p", "pre"}, filled) if tags]
    assert list(dict.fromkeys(found[0]))[:3] == ["The decla", "Its claim", "experimen"]


@pytest.mark.parametrize("filled", range(175, 215, 4))
def test_no_row_of_a_table_stands_alone_on_a_page(filled: int) -> None:
    rows = "".join(f"<tr><td>row {n}</td></tr>" for n in range(9))
    group = '<tr class="group"><th>group</th></tr>'
    body = f'<div class="wide long"><table><tbody>{group}{rows}{group}{rows}</tbody></table></div>'
    first, second = [found for found in pages_of(body, {"td", "th"}, filled) if found]
    assert len(second) >= 3 and first[-2:].count("group") == 0, (first, second)


@pytest.mark.parametrize("filled", range(221, 251, 4))
def test_no_caption_is_left_by_its_table(filled: int) -> None:
    rows = "".join(f"<tr><td>row {n}</td></tr>" for n in range(60))
    head = '<thead><tr><th>head</th></tr></thead><tbody><tr class="group"><th>group</th></tr>'
    body = f'<div class="wide long"><table><caption>A caption</caption>{head}{rows}</tbody></table></div>'
    (begun,) = [tags for tags in pages_of(body, {"caption", "td"}, filled) if "A caption" in tags]
    assert begun[-1].startswith("row")


@pytest.mark.parametrize(("filled", "page"), [(100, 0), (190, 0), (240, 1)])
def test_the_contents_stand_on_the_first_page_where_it_has_room_for_them(filled: int, page: int) -> None:
    items = '<li data-to="#here"><a>section</a></li>' * 9
    half = f"<ol>{items}</ol>"
    body = f'<nav class="contents"><h2 id="here">Contents</h2>{half}{half}</nav>'
    found = pages_of(body, {"h2", "a"}, filled)
    assert [number for number, tags in enumerate(found) if tags] == [page]


@pytest.mark.parametrize("filled", range(205, 245, 8))
def test_one_line_under_a_heading_goes_with_its_table(filled: int) -> None:
    rows = "".join(f"<tr><td>row {n}</td></tr>" for n in range(5))
    table = f'<div class="wide"><table><tbody>{rows}</tbody></table></div>'
    body = f'<h2>heading</h2><p class="line">A line.</p>{table}'
    assert len([tags for tags in pages_of(body, {"h2", "p", "td"}, filled) if tags]) == 1


@pytest.mark.parametrize("filled", range(205, 245, 4))
def test_a_note_goes_with_its_table(filled: int) -> None:
    rows = "".join(f"<tr><td>row {n}</td></tr>" for n in range(5))
    table = f'<div class="wide"><table class="small"><tbody>{rows}</tbody></table></div>'
    body = f'<p>text</p>{table}<p class="note">A note.</p>'
    (found,) = [[*dict.fromkeys(tags)] for tags in pages_of(body, {"p", "td"}, filled) if "A note." in tags]
    assert found[-6:] == [*(f"row {n}" for n in range(5)), "A note."]


@pytest.mark.parametrize("filled", range(130, 250, 15))
def test_references_begin_where_a_page_has_room_for_some(filled: int) -> None:
    """They are not kept together, which left a page's foot empty; nor does their heading stand alone."""
    many = "".join(f"<li>work {n} {'of several words ' * 8}</li>" for n in range(10, 34))
    body = f'<section><h2>heading</h2><ol class="references">{many}</ol></section>'
    found = [list(dict.fromkeys(tags)) for tags in pages_of(body, {"h2", "li"}, filled) if tags]
    assert found[0][0] == "heading" and len(found[0]) > 2
    assert len(found) == 2 and len(found[0]) + len(found[1]) == 25
    assert found[0][1:] == [f"work {n} o" for n in range(10, 10 + len(found[0]) - 1)]


@pytest.mark.parametrize("filled", range(220, 252, 4))
def test_a_single_sentence_does_not_stand_alone_under_its_heading(filled: int) -> None:
    """It is the first of those that follow, or of the paragraph with the ratios."""
    given: dict[str, Any] = {"groups": [], "variances": [], "reference": "", "objective": "", "where": ""}
    given["rows"] = [{"title": "another", "cells": []}]
    given |= {
        "some": "",
        "down": False,
        "spread": "",
        "free": False,
        "sentences": ["Of many coordinates. " * 20],
    }
    text = Writer("paper", {}).environment().get_template("sections/layers.html").render(given)
    (first, *_) = [tags for tags in pages_of(f"<h2>heading</h2>{text}", {"h2", "p"}, filled) if tags]
    assert {*first} == {"heading", "What hold"}
    many = re.search("<p>What holds for the total need not hold for its parts. Of many coordinates", text)
    assert many and text.count("<p>") == 1


def test_what_a_text_announces_follows_it_on_its_page(findings: Findings) -> None:
    """Formulas do by their own style; blocks that are kept whole may end with such a text."""
    sections = fill(findings)
    source = provenance.gather(findings, timestamp=WHEN)
    shared = shared_context(findings, source, declaration_text(findings), sections)
    text = Writer("paper", {}).page("page.html", sections, **shared, style="", script=None, downloads=[])
    told = re.findall(r"<p([^>]*)>((?:(?!</p>).)*[:,])</p>\s*<(\w+)([^>]*)", text, re.S)
    loose = [words[-40:] for kept, words, _, follows in told if not ("line" in kept or "equation" in follows)]
    assert len(told) > 6 and not loose


@pytest.mark.parametrize(("layers", "down"), [((1, 2), False), ((1, 2, 3), True)])
def test_layers_have_room_in_the_table_by_block(layers: tuple[int, ...], down: bool) -> None:
    """Eight blocks beside one another or twelve below one another, none beyond the text and its margin."""
    groups = [f"layer{n}.{part}" for n in layers for part in ("hidden.0", "hidden.1", "mean", "log_scale")]
    writer = Writer("paper", {})
    row = {"title": "Score function, optimal constant", "cells": ["12 345"] * len(groups)}
    given = {"variances": row["cells"], "rows": [row], "reference": "Pathwise", "objective": "of a bound"}
    given |= {"some": "", "down": down, "spread": "", "where": "", "free": False, "sentences": []}
    environment = writer.environment()
    environment.filters["cell"] = str
    body = environment.get_template("sections/layers.html").render(groups=groups, **given)
    style = f"<style>{font_faces('paper')} {PRINT}</style>"
    text = f'<html lang="en"><head>{style}</head><body>{body}</body></html>'
    (page,) = lay_out(text, Resources(FONTS, {}), WHEN).document.pages
    ends = [box.position_x + box.width for box in page._page_box.descendants() if box.element_tag == "td"]
    assert max(ends) <= page.width - 15 / 25.4 * 96
    assert body.count("<td") == (3 * len(groups) if down else 2 * (len(groups) + 1))


def ends_of(page: str) -> tuple[float, float]:
    """Of a page with print.css, in px: where its rightmost cell ends, and where its text may."""
    text = (
        f'<html lang="en"><head><style>{font_faces("paper")} {PRINT}</style></head><body>{page}</body></html>'
    )
    (made,) = lay_out(text, Resources(FONTS, {}), WHEN).document.pages
    cells = [box for box in made._page_box.descendants() if box.element_tag in ("td", "th")]
    return max(box.position_x + box.width for box in cells), made.width - 25 / 25.4 * 96


def test_a_label_that_no_column_has_room_for_is_broken() -> None:
    """Other words stay whole, though there is room for them only because it is."""
    label = "a_control_variate_with_a_name_that_says_all_that_it_is_for"
    heads = "".join(f"<th>{name}</th>" for name in ("Estimator", "Label", "Detectable bias", "Unbiased"))
    row = f"<td>{label}, <b>K</b></td><td><code>{label}</code></td><td>2.3%</td><td>undetermined</td>"
    table = f'<table class="small"><thead><tr>{heads}</tr></thead><tbody><tr>{row}</tr></tbody></table>'
    broken = breakable(table)
    assert broken.count("overflow-wrap: anywhere") == 2 and broken.count(label) == 2
    usual = table.replace(label, "score_function_optimal_per_coordinate")
    assert breakable(usual) == usual
    end, edge = ends_of(broken)
    assert end <= edge
    end, edge = ends_of(table)
    assert end > edge
    paper, screen = (Writer(medium, {})._finished(table) for medium in ("paper", "screen"))
    assert "anywhere" in paper and "anywhere" not in screen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<p>is 952.0 (946.0 to 958.2), of all</p>", "<p>is 952.0_(946.0_to_958.2), of_all</p>"),
        ("<p>is 1234567.0 (946.0 to 123458.2), of all</p>",
         "<p>is 1234567.0 (946.0_to_123458.2), of_all</p>"),
        ("<p>6 latent bits, 4 independent bits in 44 settings with 13 values</p>",
         "<p>6_latent bits, 4_independent bits in 44_settings with 13_values</p>"),
        ("<p>1 (1.123456×10⁶ to 1.234567×10⁶)</p>", "<p>1 (1.123456×10⁶ to_1.234567×10⁶)</p>"),
        ("<p>Of 14 declared claims two hold</p>", "<p>Of 14_declared claims two_hold</p>"),
        ("<p>of 10⁶ to −1</p>", "<p>of 10⁶ to_−1</p>"),
        ("<p>(3 latent units), 22 coordinates of all</p>", "<p>(3_latent units), 22_coordinates of_all</p>"),
        ("<li>see section 2, qualified; Burda et al. say so.</li>",
         "<li>see section_2, qualified; Burda et_al. say_so.</li>"),
        ("<p>with <b>3</b>; it <a>falls.</a></p>", "<p>with <b>3</b>; it <a>falls.</a></p>"),
        ('<th><a href="urn:c">latent units</a></th>', '<th><a href="urn:c">latent_units</a></th>'),
        ("<p>of several reparameterizations</p>", "<p>of several reparameterizations</p>"),
        ("<pre>2 to 3 units</pre><code>1 to 2</code>", "<pre>2 to 3 units</pre><code>1 to 2</code>"),
        ("<td>200–200 + 100–100</td>",
         '<td><span class="nowrap">200–200</span> + <span class="nowrap">100–100</span></td>'),
        ("<td>1–2–3–4–5–6–7, – 8</td>", "<td>1–2–3–4–5–6–7, – 8</td>"),
    ],
)  # fmt: skip
def test_no_line_ends_at_an_interval_or_in_it_or_before_a_short_last_word(text: str, said: str) -> None:
    paper, screen = (Writer(medium, {})._finished(text) for medium in ("paper", "screen"))
    assert paper == said.replace("_", "\u00a0") and screen == whole(text)


def test_no_line_of_the_screen_ends_inside_an_interval_or_a_name() -> None:
    text = "<p>{}; Burda{}et{}al. find 2 to 3</p><pre>(1 to 2) et al.</pre><script>(1 to 2)</script>"
    given = text.format("532 (530.1 to −534.3)", " ", " ")
    said = text.format("532_(530.1_to_−534.3)", " ", "_").replace("_", "\u00a0")
    assert Writer("screen", {})._finished(given) == said


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("The American Statistician 37(3), 242–247",
         '<em>The American Statistician</em>_37(3), <span class="nowrap">242–247</span>'),
        ("Learning, PMLR 9", "<em>Learning, PMLR</em>_9"),
        ("Blog & post", "<em>Blog &amp; post</em>"),
    ],
)  # fmt: skip
def test_volume_and_pages_stand_upright_and_by_the_name(place: str, said: str) -> None:
    assert words.venue(place) == said.replace("_", "\u00a0")


def test_a_command_is_not_broken_inside_an_option() -> None:
    said = words.options("reportgen report a--b.yaml --allow-code --set a=<b>")
    assert said == (
        'reportgen report a--b.yaml <span class="nowrap">--allow-code</span>'
        ' <span class="nowrap">--set</span> a=&lt;b&gt;'
    )


@pytest.mark.parametrize("medium", ["screen", "paper"])
def test_no_line_begins_with_what_follows_a_formula(medium: Any) -> None:
    writer = Writer(medium, {})
    p, phi = (writer.mathematics.inline(name) for name in ("log_p", "phi"))
    text = writer._numbers(f"{p} of {phi}, ({p}) and ({phi}; one {phi}th")
    kept = re.findall(r'<span class="nowrap">(.*?)</span>', text, re.S)
    assert kept == [f"{phi},", f"({p})", f"({phi};", f"{phi}th"] and text.startswith(f"{p} of ")


def test_three_authors_are_named_once() -> None:
    writer = Writer("paper", {})

    def plain(text: str) -> str:
        return re.sub("<[^>]*>", "", text)

    assert "(Burda, Grosse\u00a0&amp; Salakhutdinov,\u00a02016" in plain(writer.cite("burda2016"))
    assert "Burda et al.\u00a0(2016)" in writer.cite("burda2016", bare=True)
    two = "Mnih\u00a0&amp; Rezende,\u00a02016"
    assert two in writer.cite("mnih2016") and two in writer.cite("mnih2016")


@pytest.mark.parametrize("space", [" ", "\u00a0"])
def test_a_line_before_a_formula_is_full(space: str) -> None:
    """Of WeasyPrint's own lines some end after their first word, where the text just fits but for a space."""
    text = "latent units), a mirrored decoder and Bernoulli pixels, on the data set of digits; "
    text += text[:-1] + space
    image = '<img style="width: 9px; height: 9px" alt="" src="reportgen:box.svg">'
    body = "".join(
        f'<p style="width: {width}px">{text}{image} has 2278 coordinates</p>' for width in range(524, 534)
    )
    page = f'<style>{font_faces("paper")} html {{ font-family: "Reportgen Serif" }}</style>{body}'
    layout = lay_out(page, Resources(FONTS, {"box.svg": BOX}), WHEN)
    boxes = (box for page in layout.document.pages for box in page._page_box.descendants())
    paragraphs = [
        box.children for box in boxes if type(box).__name__ == "BlockBox" and box.element_tag == "p"
    ]
    assert len(paragraphs) == 10
    for line in (line for lines in paragraphs for line in lines[:-1]):
        end = max(child.position_x + child.width for child in line.children)
        assert end - line.position_x > 250


def test_a_formula_holds_on_to_the_comma_after_it() -> None:
    writer = Writer("paper", {})
    text = writer._numbers(
        f"of {writer.mathematics.inline('log_p')}, and {writer.mathematics.inline('phi')} too"
    )
    assert re.fullmatch(r'of <span class="nowrap"><img class="m" [^>]*>,</span> and <img [^>]*> too', text)


@pytest.fixture(scope="module")
def findings() -> Findings:
    found: Findings = synthetic_findings()
    return found


@pytest.fixture(scope="module")
def written(findings: Findings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Layout]:
    """The flagship's report, and the layout that its PDF was made of."""
    folder, kept = tmp_path_factory.mktemp("pdf"), []
    own = import_module("reportgen.report.render")  # by its name: the package's `render` is the function
    lay_out = own.pdf_layout

    def keeping(*given: Any) -> Layout:
        kept.append(lay_out(*given))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "pdf_layout", keeping)
        render(findings, folder, timestamp=WHEN)
    (layout,) = kept
    return folder / "report.pdf", layout


@pytest.fixture(scope="module")
def report(written: tuple[Path, Layout]) -> Path:
    return written[0]


@pytest.fixture(scope="module")
def pages(written: tuple[Path, Layout]) -> list[Any]:
    """Pages of the layout, as WeasyPrint's boxes."""
    return list(written[1].document.pages)


@pytest.mark.parametrize("filled", range(220, 244, 2))
def test_a_paragraph_takes_its_notes_along(filled: int) -> None:
    note = f'<small class="footnote">note {"of some length " * 12}</small>'
    body = f"<h2>head</h2><p>short{note} and no more</p><p>{'after ' * 60}</p>"
    found = pages_of(body, {"h2", "p", "small"}, filled)
    at = {
        name: {n for n, page in enumerate(found) if name in page} for name in ("head", "short", "note of s")
    }
    assert len(set.union(*at.values())) == 1, found


def test_notes_lie_upon_nothing(pages: list[Any]) -> None:
    found = 0
    for page in pages:
        boxes = [box for box in page._page_box.descendants() if box.element is not None]
        notes = [box for box in boxes if box.element_tag == "small" and box.is_floated()]
        found += len(notes)
        solid = [box for box in boxes if box.element_tag in ("table", "img") and box.width > 100]
        for note in notes:
            page_box = page._page_box
            assert note.position_y + note.height <= page_box.content_box_y() + page_box.height
            for other in (*solid, *(other for other in notes if other is not note)):
                assert not meet(note, other), (page, note.element.text, other.element_tag)
    assert found == 4


@pytest.fixture(scope="module")
def lower(findings: Findings) -> list[Any]:
    """The flagship's pages on the lower sheet."""
    source, sections = provenance.gather(findings, timestamp=WHEN, paper="letter"), fill(findings)
    shared = shared_context(findings, source, declaration_text(findings), sections)
    return list(pdf_layout(sections, shared, synthetic_drawings(), source).document.pages)


@pytest.mark.parametrize(
    ("sheet", "most"), [("pages", 20), pytest.param("lower", 21, marks=pytest.mark.long)]
)
def test_no_page_before_the_references_is_a_quarter_empty(
    sheet: str, most: int, request: pytest.FixtureRequest
) -> None:
    """Text passes a figure that does not fit, which else leaves its page empty."""
    pages = request.getfixturevalue(sheet)
    for number, page in enumerate(pages[:-2], start=1):
        page_box = page._page_box
        root = page_box.children[0]
        filled = [
            box.position_y + box.height
            for box in root.descendants()
            if type(box).__name__ == "LineBox" or box.element_tag == "img"
        ]
        free = page_box.content_box_y() + page_box.height - max(filled)
        assert free < 0.25 * page_box.height, (number, free / page_box.height)
    assert len(pages) <= most


def test_the_line_below_the_title_is_one(pages: list[Any]) -> None:
    lines = [
        box
        for paragraph in pages[0]._page_box.descendants()
        if paragraph.element_tag == "p" and paragraph.element.get("class") == "byline"
        for box in paragraph.descendants()
        if type(box).__name__ == "LineBox"
    ]
    assert lines and len({round(line.position_y) for line in lines}) == 1, [line.width for line in lines]


def meet(one: Any, other: Any) -> bool:
    """Whether two boxes share a place."""
    across = one.position_x < other.position_x + other.width and other.position_x < one.position_x + one.width
    down = one.position_y < other.position_y + other.height and other.position_y < one.position_y + one.height
    return across and down


@pytest.mark.long
def test_the_first_page_has_its_figure_on_the_lower_sheet_too(lower: list[Any]) -> None:
    assert any(box.element_tag == "figcaption" for box in lower[0]._page_box.descendants())


def test_evidence_is_attached_with_fixed_dates(report: Path) -> None:
    with pikepdf.open(report) as pdf:
        files = {name: spec.get_file() for name, spec in pdf.attachments.items()}
        held = {name: file.read_bytes() for name, file in files.items()}
        assert {file.creation_date for file in files.values()} == {WHEN}
        assert {file.mod_date for file in files.values()} == {WHEN}
        listed = list(pdf.Root.Names.EmbeddedFiles.Names)[::2]
    assert list(map(str, listed)) == sorted(EVIDENCE) == sorted(held)
    for name in ("results.csv", "claims.json"):
        assert held[name] == (report.parent / name).read_bytes()
    assert held["requirements.lock"] == lock().read_bytes()
    assert load_text(held["declaration.yaml"].decode(), "attached.yaml").experiment == "burda2016"
    beside, inside = (json.loads(text) for text in (manifest_beside(report), held["manifest.json"]))
    assert inside["attached"] == {
        name: hashlib.sha256(content).hexdigest() for name, content in held.items() if name != "manifest.json"
    }
    assert beside["files"].pop("report.pdf") == hashlib.sha256(report.read_bytes()).hexdigest()
    assert inside == beside


def manifest_beside(report: Path) -> str:
    return (report.parent / "manifest.json").read_text()


def test_evidence_is_associated_with_the_document(report: Path) -> None:
    """As PDF/A-3 wants it: each file once, with its relation and a media type that is no machine's own."""
    with pikepdf.open(report) as pdf:
        specs = list(pdf.Root.AF)
        assert len({spec.objgen for spec in specs}) == len(specs) == len(EVIDENCE)
        for spec in specs:
            media, relationship, description = EVIDENCE[str(spec.UF)]
            assert str(spec.EF.F.Subtype) == f"/{media}"
            assert str(spec.AFRelationship) == f"/{relationship}"
            assert str(spec.Desc) == description
            content = spec.EF.F.read_bytes()
            assert spec.EF.F.Params.Size == len(content)
            checksum = hashlib.md5(content, usedforsecurity=False).digest()
            assert bytes(spec.EF.F.Params.CheckSum) == checksum


def test_the_manifest_inside_knows_every_page(report: Path) -> None:
    with pikepdf.open(report) as pdf:
        sums = [hashlib.sha256(page.Contents.read_bytes()).hexdigest() for page in pdf.pages]
    assert json.loads(manifest_beside(report))["pages"] == sums
    assert len(set(sums)) == len(sums)


def test_structure(report: Path) -> None:
    with pikepdf.open(report) as pdf:
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "en"
        with pdf.open_metadata() as metadata:
            assert metadata.pdfa_status == "3A"
        with pdf.open_outline() as outline:
            titles = [item.title for item in outline.root]
            claim = next(
                item for item in outline.root if item.title.endswith("The claims, one by one")
            ).children[0]
        assert titles[0] == "The VAE update against REINFORCE" and titles[1] == "1 The question"
        assert claim.title == "same-gradient ○ undecided"
        assert len(titles) == 1 + len(fill(synthetic_findings()))
        assert 12 <= len(pdf.pages) <= 20
    assert report.stat().st_size < 1_500_000


def test_the_structure_can_be_read_aloud(report: Path) -> None:
    with pikepdf.open(report) as pdf:
        assert faults(pdf) == []
        kinds = Counter(str(element.S) for element, _ in elements(pdf))
        assert kinds["/H1"] == 1 and kinds["/H3"] > kinds["/H2"] > 10
        assert kinds["/Figure"] == len(synthetic_drawings())
        assert kinds["/Formula"] > 60 and kinds["/Table"] > 10 and kinds["/Lbl"] > 10
        words = [str(e.Alt) for e, _ in elements(pdf) if e.S == "/Formula"]
        assert not any(text.startswith(FORMULA.strip()) for text in words)
        assert "The question" in {str(note.Contents) for note in pdf.pages[1].Annots}
        apart = [
            [o for o, _ in pikepdf.parse_content_stream(page, "BDC") if o[1].get("/Type") == "/Pagination"]
            for page in pdf.pages
        ]
        assert len(apart[0]) == 1 and all(len(marks) >= 3 for marks in apart[1:])  # page n of m; heads
        with pdf.open_outline() as outline:
            assert any(item.children for item in outline.root)
        assert {str(pdf.attachments[n].get_file().mime_type) for n in pdf.attachments} == {
            "text/csv", "text/plain", "application/json", "application/yaml"
        }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<h1>a</h1><h3>b</h3>", "heading /H3 after level 1"),
        ("<h1>a</h1><table><tr><td>1</td></tr></table>", "table without a header cell"),
        ('<h1 id="a">a</h1><p><a href="#a"><img alt="x" src="reportgen:box.svg"></a></p>',
         "link without words"),
        ('<h1 id="a">a</h1><a href="#a" style="display: block">b<i style="display: inline-block">c</i></a>',
         "annotation in /NonStruct"),
        ("<h1>a</h1><ul><div>b</div></ul>", "/Div in /L"),
    ],
)  # fmt: skip
def test_a_wrong_structure_is_found(body: str, said: str) -> None:
    with pikepdf.open(io.BytesIO(made(body, images={"box.svg": BOX}))) as pdf:
        assert said in faults(pdf)


@pytest.mark.long
def test_what_is_taken_from_a_sound_structure_is_missed(report: Path) -> None:
    def spoilt(spoil: Callable[[pikepdf.Pdf], None]) -> set[str]:
        with pikepdf.open(report) as pdf:
            spoil(pdf)
            return {re.sub(r" page \d+", " page", fault) for fault in faults(pdf)}

    def of_kind(pdf: pikepdf.Pdf, kind: str) -> Any:
        return next(element for element, _ in elements(pdf) if kind == element.S)

    def forget(kind: str, key: str) -> Callable[[pikepdf.Pdf], None]:
        return lambda pdf: operator.delitem(of_kind(pdf, kind), key)

    assert spoilt(forget("/Figure", "/Alt")) == {"/Figure without words"}
    assert spoilt(forget("/Formula", "/Alt")) == {"/Formula without words"}
    assert spoilt(forget("/Note", "/ID")) == {"note without a name of its own", "names that are not listed"}
    assert spoilt(forget("/Note", "/K")) >= {"note without its number"}
    assert spoilt(forget("/TH", "/A")) == {"header cell without a scope"}
    assert spoilt(lambda pdf: operator.delitem(pdf.Root.StructTreeRoot, "/IDTree")) == {
        "names that are not listed"
    }
    assert "BDC of page is not in the tree" in spoilt(forget("/P", "/K"))
    assert "link outside of the text" in spoilt(lambda pdf: operator.delitem(of_kind(pdf, "/Link"), "/K"))
    for key, said in (
        ("/Lang", "no language"),
        ("/MarkInfo", "not tagged"),
        ("/PageLabels", "no page labels"),
        ("/ViewerPreferences", "file name shown instead of the title"),
    ):
        assert spoilt(lambda pdf, key=key: operator.delitem(pdf.Root, key)) == {said}  # type: ignore[misc]

    def anonymous(pdf: pikepdf.Pdf) -> None:
        packet = pdf.Root.Metadata.read_bytes().replace(b"pdfuaid:part>1<", b"pdfuaid:part>2<")
        pdf.Root.Metadata = pdf.make_stream(
            packet, {"/Type": pikepdf.Name.Metadata, "/Subtype": pikepdf.Name.XML}
        )

    assert spoilt(anonymous) == {"no identifier of PDF/UA-1, or no schema of it"}


def test_a_figure_or_formula_without_words_stops_both_documents() -> None:
    drawing = synthetic_drawings()["variance_over_training"]
    for medium in ("screen", "paper"):
        writer = Writer(medium, {drawing.name: replace(drawing, alt=" ")})  # type: ignore[arg-type]
        with pytest.raises(RenderError, match=r"figure 'variance_over_training' has no words"):
            writer.figure(drawing.name)
        with pytest.raises(RenderError, match=r"formula 'z' has no words"):
            writer.equation(Formula("z", ""))


@pytest.mark.parametrize(("alt", "what"), [(FORMULA, "formula"), (" ", "picture")])
def test_a_formula_or_picture_without_words_is_an_error(alt: str, what: str) -> None:
    with pytest.raises(RenderError, match=rf"report\.pdf: a {what} has no words"):
        made(f'<p><img alt="{alt}" src="reportgen:box.svg"></p>', images={"box.svg": BOX})


def test_every_font_is_ours_and_embedded(report: Path) -> None:
    with pikepdf.open(report) as pdf:
        names = set()
        for item in pdf.objects:
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor":
                assert any(key in item for key in ("/FontFile2", "/FontFile3"))
                names.add(str(item.FontName).partition("+")[2] or str(item.FontName))
    assert names
    assert all("Reportgen" in name for name in names), names


Line = tuple[int, float, float, float, str]


def lines_of(pdf: Path | io.BytesIO) -> list[Line]:
    """Lines set in the text's face: page, left end, height on it, size in points, characters."""
    found: dict[tuple[int, float, float], list[tuple[float, str]]] = {}
    for number, page in enumerate(pypdf.PdfReader(pdf).pages, start=1):

        def keep(text: str, outer: Any, inner: Any, font: Any, size: float, number: int = number) -> None:
            if text.strip() and font and "Serif" in font["/BaseFont"]:
                scale, left, height = outer[0], inner[4] * outer[0] + outer[4], inner[5] * outer[3] + outer[5]
                key = (number, round(height, 1), round(size * scale, 1))
                found.setdefault(key, []).append((left, text))

        page.extract_text(visitor_text=keep)
    return [
        (number, min(left for left, _ in parts), height, size, "".join(text for _, text in parts).strip())
        for (number, height, size), parts in found.items()
    ]


@pytest.fixture(scope="module")
def lines(report: Path) -> list[Line]:
    """Lines of the flagship's report, read once."""
    return lines_of(report)


def measure(lines: list[Line]) -> float:
    """Characters in a full line of text, the median: of those that another line follows."""
    body = Counter(size for *_, size, _ in lines).most_common(1)[0][0]
    following = {(page, round(left), round(height)) for page, left, height, *_ in lines}
    full = [
        len(text)
        for page, left, height, size, text in lines
        if size == body and any((page, round(left), round(height) - gap) in following for gap in (13, 14))
    ]
    return median(full)


def test_a_line_of_text_holds_60_to_75_characters(lines: list[Line]) -> None:
    assert 60 <= measure(lines) <= 75
    long = "Whatever the words, they are set across the whole of the page here. " * 9
    wide = made(
        f"<p>{long}</p>", style="@page { size: A4; margin: 10mm } html { font-size: 9.6pt; line-height: 1.4 }"
    )
    assert measure(lines_of(io.BytesIO(wide))) > 90


def test_no_line_of_a_paragraph_is_cut_short(lines: list[Line]) -> None:
    """WeasyPrint ends a line after its first word where the text before a span just fits."""
    later = [line for line in lines if line[0] > 1]
    for page, left, height, size, text in later:
        after = [
            of for of in later if of[0] == page and abs(of[1] - left) < 1 and 12.5 < height - of[2] < 14.5
        ]
        if after and size == after[0][3] == 9.6:
            assert len(text) > 20, (page, text, after[0][4])


def test_sizes_are_of_one_scale(lines: list[Line]) -> None:
    scale = {round(9.6 * 1.2**step, 1) for step in (-2, -1, 0, 1, 3)}
    assert {size for *_, size, _ in lines} <= scale
    sheets = "".join(path.read_text() for path in templates().glob("*.css"))
    given = set(re.findall(r"(?<![\w-])font-size: ([^;}]+)", sheets))
    roots = {"17px", "16px", "9.6pt", "10pt"}  # of the page: wide, narrow, on paper, on paper from a browser
    beside = {".83em", ".72em"}  # code and an exponent, in a line of text
    assert given <= roots | beside | {"1rem", "1em", "inherit", "1.44rem", *(f"var(--{n})" for n in NAMED)}
    values = re.search(r":root \{ (.*?)--measure", sheets)
    assert values is not None
    assert dict(re.findall(r"--(\w+): ([\d.]+)rem;", values[1])) == {
        name: f"{1.2**step:.3f}".lstrip("0") for name, step in NAMED.items()
    } | {"heading": "1.2"}


def test_text_can_be_found(report: Path) -> None:
    first = pypdf.PdfReader(report).pages[0].extract_text()
    assert "The VAE update against REINFORCE" in first
    assert "confirmed" in first
    assert "1 of " in first


def test_links_lead_out_only_to_sources(report: Path) -> None:
    with pikepdf.open(report) as pdf:
        for page in pdf.pages:
            for note in page.get("/Annots", []):
                action = note.get("/A")
                if action is not None and action.get("/S") == "/URI":
                    assert str(action.URI).startswith("https://")


def test_same_bytes_twice() -> None:
    assert made("<p>same</p>") == made("<p>same</p>")


def test_fonts_cut_by_other_code_give_a_sound_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    require_weasyprint()
    from weasyprint.pdf import fonts

    monkeypatch.setattr(fonts, "harfbuzz_subset", None)
    pdf = made("<p>same</p>")
    assert pdf == made("<p>same</p>")
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        found = [item for item in opened.objects if isinstance(item, pikepdf.Dictionary)]
        assert [len(item.FontFile2.read_bytes()) < 20_000 for item in found if "/FontFile2" in item] == [True]
    with pytest.raises(RenderError, match="glyph"):  # what is missing is still heard
        made("<p>\U00013000</p>")


@pytest.mark.parametrize(
    ("body", "style", "names"),
    [
        ('<img alt="x" src="file:///etc/hostname">', "", "refused file:"),
        ('<img alt="x" src="https://example.org/a.png">', "", "refused https:"),
        ('<img alt="x" src="reportgen:figures/none.svg">', "", "figures/none.svg"),
        ('<img src="reportgen:box.svg">', "", "no required alt"),
        ('<a href="#nowhere">there</a>', "", "nowhere"),
        ('<p id="a">1</p><p id="a">2</p>', "", "'a'"),
        ("<p>text</p>", "p { no-such-thing: 1 }", "no-such-thing"),
        ('<p><a rel="attachment" href="file:///etc/hostname">x</a></p>', "", "refused file:"),
        ("<p>\U00013000 \U0001f9ff</p>", "", "glyph"),
    ],
)
def test_what_would_be_missing_is_an_error(body: str, style: str, names: str) -> None:
    with pytest.raises(RenderError, match=r"report\.pdf: ") as caught:
        made(body, images={"box.svg": BOX}, style=style)
    assert names in str(caught.value)
    assert "\n" not in str(caught.value)


def test_deep_nesting_is_an_error() -> None:
    with pytest.raises(RenderError, match=r"report\.pdf: "):
        made("<div>" * 600 + "x" + "</div>" * 600)


def test_the_surroundings_are_left_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    import logging
    import os

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    handlers = list(logging.getLogger("weasyprint").handlers)
    made("<p>x</p>")
    assert os.environ["SOURCE_DATE_EPOCH"] == "7"
    assert logging.getLogger("weasyprint").handlers == handlers


def test_attachment_keeps_its_bytes() -> None:
    page = '<html lang="en"><head><title>t</title></head><body><p></p></body></html>'
    content = bytes(range(256))
    pdf = lay_out(page, Resources({}, {}), WHEN).pdf((Attachment("a.bin", content, "all bytes"),))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert opened.attachments["a.bin"].get_file().read_bytes() == content


def test_figures_and_formulas_take_the_short_way() -> None:
    figures = [drawing for drawing in synthetic_drawings().values() if b"<image" not in drawing.svg]
    assert all(isinstance(read(drawing.svg), VectorImage) for drawing in figures)
    short = [read(drawn(formula).svg.replace("currentColor", "#000000").encode()) for formula in sources()]
    assert sum(image is not None for image in short) >= 0.9 * len(short)


def test_what_is_not_understood_is_left_to_weasyprint() -> None:
    for inside in (
        "<text>x</text>",
        '<path d="m1 1l2 2"/>',
        '<path d="M1 1A1 1 0 0 0 2 2"/>',
        '<path d="M1 1L2 2" style="fill:url(#a)"/>',
        '<g transform="skewX(3)"><path d="M1 1L2 2"/></g>',
        '<g style="filter:none"><path d="M1 1L2 2"/></g>',
        '<image width="1" height="1"/>',
    ):
        text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{inside}</svg>'
        assert read(text.encode()) is None, inside
    assert read(b"not xml") is None
    assert read(BOX) is not None


def test_changes_of_place_are_made_in_their_order() -> None:
    assert _transform("translate(1 2) scale(3)") == (b"1 0 0 1 1 2 cm", b"3 0 0 3 0 0 cm")


def test_paths() -> None:
    assert path_operators("M1 2L3 4zM5 6H7V8Z") == b"1 2 m\n3 4 l\nh\n5 6 m\n7 6 l\n7 8 l\nh"
    assert path_operators("M0 0C1 2 3 4 5 6") == b"0 0 m\n1 2 3 4 5 6 c"
    assert path_operators("M0 0Q3 3 6 0T12 0").endswith(b"8 -2 10 -2 12 0 c")
    assert path_operators("M-.5-2L1e-3 0") == b"-0.5 -2 m\n0.001 0 l"
