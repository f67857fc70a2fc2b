"""Footnotes: in the margin on paper, at the foot of the section on the screen, numbered, linked."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pikepdf
import pytest
from jinja2 import DictLoader, Environment

from reportgen.errors import RenderError
from reportgen.report.text.mathematics import Medium
from reportgen.report.text.section import Section
from reportgen.report.text.writer import Writer
from tests.accessibility import elements, faults, kids
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
    notes = re.findall(r'<div class="footnotes".*?</div>', page)
    assert len(notes) == 2  # one for each section that has any, at its end
    assert '<p id="note-why"><a href="#to-note-why"' in notes[0] and "Since <b>x</b> &lt; 1, <svg" in notes[0]
    assert page.index(notes[0]) < page.index("No note")


NOTE = '<sup>1</sup><small class="footnote"><sup>1</sup> {}</small>'
MARGIN = "p { width: 60mm } .footnote { float: right; width: 20mm; padding-left: 4mm; margin-right: -24mm }"


def test_on_paper_it_stands_in_the_margin_beside_its_line(written: Callable[..., str]) -> None:
    page = written("paper", BODY)
    call = '<sup class="note-number" role="img" aria-label="note 1">1</sup>'
    mark = '<sup class="note-number">1</sup>'
    assert f'so{call}<small class="footnote">{mark}\u2009Since <b>x</b>' in page
    text = "<p>{} and so it goes on, for longer than a single line of this narrow column is.</p>"
    file = made(
        f"<main>{text.format('So' + NOTE.format('Why?'))}{text.format(NOTE.format('How?'))}</main>",
        style=MARGIN,
    )
    with pikepdf.open(io.BytesIO(file)) as pdf:
        notes = [(element, around) for element, around in elements(pdf) if element.S == "/Note"]
        assert [str(note.ID) for note, _ in notes] == ["note-1", "note-2"]
        assert all(around[-1] == "/P" and str(kids(note)[0].S) == "/Lbl" for note, around in notes)
        assert faults(pdf) == []


def test_a_note_that_is_not_drawn_is_an_error() -> None:
    with pytest.raises(RenderError, match=r"report\.pdf: has 1 notes, of which 0 are drawn"):
        made(f"<main><p>{NOTE.format('Never seen.')}</p></main>", style="small { display: none }")


def test_two_notes_of_one_name_are_an_error(written: Callable[..., str]) -> None:
    with pytest.raises(RenderError, match=r"footnote 'why' is numbered twice\. Give each its own name"):
        written("paper", BODY + BODY)
