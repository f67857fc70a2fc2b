"""What is copied of a formula, in the PDF and on the page: its LaTeX, where it stands in the text."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from markupsafe import Markup

from reportgen.report.pdf.layout import Resources, lay_out
from reportgen.report.style import font_faces, font_files
from reportgen.report.text.formulas import TEXT
from reportgen.report.text.mathematics import Mathematics
from tests.accessibility import faults
from tests.browser import Visit

WHEN = datetime(2025, 11, 23, tzinfo=UTC)
STYLE = """@page { size: 120mm 60mm; margin: 10mm } body { font: 10pt 'Reportgen Serif'; margin: 0 }
.m { overflow: visible }"""


def paper(text: str, **named: str) -> pikepdf.Pdf:
    """A PDF of this text, in which ``{name}`` is the formula of that name."""
    mathematics = Mathematics("paper", {})
    body = Markup(text).format(**{name: mathematics.inline(formula) for name, formula in named.items()})
    style = f"<style>{font_faces('paper')} {STYLE}</style>"
    page = f'<html lang="en"><head><title>t</title>{style}</head><body><h1>t</h1>{body}</body></html>'
    layout = lay_out(page, Resources(font_files(), mathematics.images), WHEN)
    pdf = pikepdf.open(io.BytesIO(layout.pdf()))
    assert faults(pdf) == []
    return pdf


def copied(page: pikepdf.Page) -> list[tuple[str, float, float]]:
    """Actual texts and other pieces of text in order (these as ""), and where each begins."""
    found: list[tuple[str, float, float]] = []
    text, matrix = "", [0.0] * 6
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "BDC":
            text = str(operands[1].get("/ActualText", "")) if operands[0] == "/Span" else ""
        elif str(operator) == "Tm":
            matrix = [float(number) for number in operands]
        elif str(operator) in ("Tj", "TJ"):
            found.append((text, matrix[4], matrix[5]))
        elif str(operator) == "EMC":
            text = ""
    return found


def test_it_stands_on_its_line_between_the_words_around_it() -> None:
    pdf = paper("<p>the gradient in {phi}, of {q} and</p>", phi="phi", q="q_of_z")
    (page,) = pdf.pages
    _, before, phi, between, q, after = copied(page)
    assert [phi[0], q[0]] == [TEXT["phi"].latex, TEXT["q_of_z"].latex]
    assert before[1] < phi[1] < between[1] < q[1] < after[1]
    for text in (phi, between, q, after):
        assert text[2] == pytest.approx(before[2], abs=0.1), "though a formula reaches below the line"


def test_it_is_as_wide_as_the_formula_and_nothing_is_painted() -> None:
    pdf = paper("<p>{q}and</p>", q="q_of_z")
    (page,) = pdf.pages
    (_, (_, left, _), (_, after, _)) = copied(page)
    state, before = {"Tr": 0}, []
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name == "q":
            before.append(dict(state))
        elif name == "Q":
            state = before.pop()
        elif name in ("Tr", "Tz", "Tf"):
            state[name] = operands[-1]
            state |= {"font": str(operands[0])} if name == "Tf" else {}
        elif name == "Tj":
            assert state["Tr"] == 3
            ends = left + 0.278 * float(state["Tf"]) * float(state["Tz"]) / 100.0
            assert ends == pytest.approx(after, abs=0.5)
        elif name == "TJ":
            assert state["Tr"] == 0 and "Tz" not in state and state["font"] != "/Blank", "what is painted"


def test_every_formula_of_a_page_is_copied_where_it_is_and_its_words_are_what_is_read() -> None:
    pdf = paper(
        "<p>{phi} and {z} and {phi}</p><p style='break-before: page'>{f}</p>", phi="phi", z="z", f="f"
    )
    found = [[text for text, *_ in copied(page) if text] for page in pdf.pages]
    assert found == [["\\varphi", "z", "\\varphi"], ["f"]]
    assert all("/ActualText" not in kind for kind in pdf.objects if isinstance(kind, pikepdf.Dictionary))


COPY = """(selector) => {
  getSelection().selectAllChildren(document.querySelector(selector));
  const data = new DataTransfer();
  const event = new ClipboardEvent("copy", { clipboardData: data, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
  return [event.defaultPrevented, data.getData("text/plain"), data.getData("text/html")];
}"""


@pytest.mark.long
def test_of_the_page_it_is_copied_too(visit: Callable[..., Visit], live_page: Path) -> None:
    page = visit(live_page).page
    page.evaluate("document.querySelector('#question').closest('section').id = 'whole'")
    page.evaluate("document.querySelector('#whole p').id = 'sentence'")
    ours, text, html = page.evaluate(COPY, "#sentence")
    assert ours and " gradient with respect to \\varphi, its encoder’s weights, " in text
    assert "\\varphi" in html and "<svg" not in html
    assert page.locator(".copied").count() == 0
    ours, text, _ = page.evaluate(COPY, "#whole")
    assert ours and "itself produces:\n\n" in text and TEXT["target"].latex in text
    ours, text, html = page.evaluate(COPY, "body")
    assert ours and "<script" not in html and "addEventListener" not in html + text
    assert page.evaluate(COPY, "h1") == [False, "", ""], "what has no formula is left to the browser"
