"""Footnotes: at the foot of the page on paper, of the section on the screen, numbered, linked."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pikepdf
import pypdf
import pytest
from jinja2 import DictLoader, Environment

from reportgen.errors import RenderError
from reportgen.report.section import Section
from reportgen.report.writer import Medium, Writer
from tests.accessibility import elements, kids
from tests.test_pdf import made

BODY = "<p>It is so{% call footnote('why') %}Since <b>x</b> &lt; 1, {{ math('phi') }}{% endcall %}.</p>"
ALL = "{% for section, number, text in sections %}{{ text }}{% endfor %}{{ glyph_outlines() }}"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A document whose sections have these bodies: `written("paper", body, body)`."""
    environment = Writer.environment

    def writing(medium: Medium, *bodies: str) -> str:
        templates = {"front.html": "", "page.html": ALL}
        templates |= {f"sections/s{i}.html": body for i, body in enumerate(bodies)}

        def fixed(self: Writer) -> Environment:
            made = environment(self)
            made.loader, made.bytecode_cache = DictLoader(templates), None
            return made

        monkeypatch.setattr(Writer, "environment", fixed)
        sections = [(Section(f"s{i}", "S", lambda findings: {}), {}) for i in range(len(bodies))]
        return Writer(medium, {}).page("page.html", sections)

    return writing


def test_on_the_screen_a_number_leads_to_the_note_and_back(written: Callable[..., str]) -> None:
    page = written("screen", BODY, "<p>No note.</p>", BODY.replace("why", "how"))
    assert re.findall(r'id="to-note-(\w+)" href="#note-(\w+)" aria-label="Note (\d)">(\d)<', page) == [
        ("why", "why", "1", "1"), ("how", "how", "2", "2")
    ]  # fmt: skip
    notes = re.findall(r'<aside class="footnotes".*?</aside>', page)
    assert len(notes) == 2  # one for each section that has any, at its end
    assert '<p id="note-why"><a href="#to-note-why"' in notes[0] and "Since <b>x</b> &lt; 1, <svg" in notes[0]
    assert page.index(notes[0]) < page.index("No note")


def test_on_paper_it_stands_at_the_foot_of_its_page(written: Callable[..., str]) -> None:
    page = written("paper", BODY)
    assert re.search(r'so<span class="footnote">Since <b>x</b> &lt; 1, <img [^>]*></span>\.</p>', page)
    style = "@page { size: 100mm 60mm } .footnote { float: footnote }"
    text = 'Here<span class="footnote">{}</span> and there.'
    body = f"<main><p>{text.format('The first.')}</p><p style='break-before: page'>{text.format('Another.')}"
    file = made(f"{body}</p></main>", style=style)
    pages = [" ".join(found.extract_text().split()) for found in pypdf.PdfReader(io.BytesIO(file)).pages]
    assert [re.sub(r"\W", "", said) for said in pages] == ["Here1andthere1Thefirst", "Here2andthere2Another"]
    with pikepdf.open(io.BytesIO(file)) as pdf:
        notes = [element for element, _ in elements(pdf) if element.S == "/Note"]
        assert [str(note.ID) for note in notes] == ["note-1", "note-2"]
        assert all(str(kids(note)[0].S) == "/Lbl" for note in notes)


def test_two_notes_of_one_name_are_an_error(written: Callable[..., str]) -> None:
    with pytest.raises(RenderError, match=r"footnote 'why' is numbered twice\. Give each its own name"):
        written("paper", BODY + BODY)
