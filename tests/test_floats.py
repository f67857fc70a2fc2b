"""Floats: what figures and tables pass when they move to the next page, and what they never separate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reportgen.report.pdf.layout import Resources, lay_out

WHEN = datetime(2025, 11, 23, tzinfo=UTC)
HEIGHT = 100
"""Of a page's text, in millimetres."""
STYLE = f"""@page {{ size: 100mm {HEIGHT + 20}mm; margin: 10mm }} body {{ margin: 0 }}
h2, p, div, figure {{ margin: 0; font: 4mm/5mm "Reportgen Serif"; break-inside: avoid }}
h2, .line {{ break-after: avoid }} .equation, .note {{ break-before: avoid }}
b {{ display: inline-block; vertical-align: top }}
[data-to]::after {{ content: target-counter(attr(data-to url), page) }}"""
ELEMENTS = {
    "h": "<h2>{}</h2>",
    "t": "<p>So {}.</p>",
    "s": '<p style="break-inside: auto; orphans: 1; widows: 1">{0}<br>{0}<br>{0}.</p>',
    "c": "<p>Then {}:</p>",
    "l": '<p class="line">Here {}.</p>',
    "e": '<div class="equation">{}</div>',
    "w": "<p>where {}.</p>",
    "F": "<figure>{}</figure>",
    "T": '<div class="wide">{}</div>',
    "L": '<div class="wide long">{}</div>',
    "n": '<p class="note">Of {}.</p>',
}
"""By the first letter of a name: heading, text, text of three lines, text that leads up to the next, a
line kept with the next, an equation, what goes on after one, figure, table, table that may be split, note to
a table."""


def laid_out(body: str) -> list[Any]:
    """WeasyPrint's pages."""
    page = f"<html><head><style>{STYLE}</style></head><body>{body}</body></html>"
    return list(lay_out(page, Resources({}, {}), WHEN).document.pages)


def names(pages: list[Any]) -> list[str]:
    """What each page has, in order."""
    boxes = (
        [box.element for box in page._page_box.descendants() if box.element_tag == "b"] for page in pages
    )
    return [" ".join(dict.fromkeys(element.text for element in page)) for page in boxes]


def pages(*sections: str) -> list[str]:
    """Names of what each page has, in order; a section is names and heights, ``t1 30 F1 60``."""
    body = ""
    for section in sections:
        words = section.split()
        sized = zip(words[::2], words[1::2], strict=True)
        drawn = (ELEMENTS[name[0]].format(f'<b style="height: {size}mm">{name}</b>') for name, size in sized)
        body += f"<section>{''.join(drawn)}</section>"
    return names(laid_out(body))


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        # Text fills the page, and the figure begins the next.
        (["h1 5 t1 35 F1 70 t2 30 t3 20 t4 50"], ["h1 t1 t2 t3", "F1"]),
        (["h1 5 t1 35 T1 70 t2 30 t3 20"], ["h1 t1 t2 t3", "T1"]),
        # A small hole is left as it is.
        (["h1 5 t1 75 F1 70 t2 15 t3 30"], ["h1 t1", "F1 t2"]),
        # So is one that hardly gets smaller.
        (["h1 5 t1 65 F1 61 t2 6 t3 40"], ["h1 t1", "F1 t2"]),
        # With nothing of its section after it, the figure stands above what comes before it.
        (["h1 5 t1 20 t2 20 t3 25 F1 50"], ["h1 t1 t2 F1", "t3"]),
        (["h1 5 t1 65 s1 20 t2 20 F1 55"], ["h1 t1 s1", "s1 F1", "t2"]),
        # Where not even that is to be had, the next section begins.
        (["h1 5 t1 45 F1 60", "h2 5 t2 35 t3 30"], ["h1 t1 h2 t2", "F1 t3"]),
        # A heading goes with the text after it.
        (["h1 5 t1 45 F1 60 h2 5 t2 48 t3 30"], ["h1 t1", "F1"]),
        # A table passes a figure; figures keep their order, and two of them go together.
        (["h1 5 t1 45 F1 60 T1 40 t2 20"], ["h1 t1 T1", "F1 t2"]),
        (["h1 5 t1 45 F1 55 F2 40 t2 30 t3 20"], ["h1 t1 t2 t3", "F1 F2"]),
        (["h1 5 t1 45 F1 60 T1 60 t2 30 t3 10"], ["h1 t1 t2 t3", "F1"]),
        # But no more than two.
        (["h1 5 t1 45 F1 55 F2 25 F3 20 t2 30"], ["h1 t1", "F1 F2 F3"]),
        # An equation stays with what announces it and with what goes on after it.
        (["h1 5 t1 35 F1 70 c1 10 e1 10 w1 10 t2 30"], ["h1 t1 c1 e1 w1 t2", "F1"]),
        (["h1 5 t1 35 F1 70 c1 20 e1 10 w1 35"], ["h1 t1 c1 e1", "w1"]),
        (["h1 5 t1 35 F1 70 c1 20 e1 10 t2 35"], ["h1 t1 c1 e1", "F1"]),
        (["h1 5 t1 35 F1 61 t2 20 e1 45"], ["h1 t1", "F1"]),
        (["h1 5 t1 35 F1 61 c1 20 t2 41"], ["h1 t1 c1", "t2"]),
        # Notes go with their table.
        (["h1 5 t1 35 T1 70 n1 10 t2 30 t3 20"], ["h1 t1 t2 t3", "T1 n1"]),
        # What is announced stays.
        (["h1 5 c1 35 F1 70 t2 30 t3 20"], ["h1 c1", "F1 t2"]),
        (["h1 5 t1 35 F1 61 c1 20 F2 25 t2 10 t3 20"], ["h1 t1", "F1 c1", "F2 t2 t3"]),
        (["h1 5 t1 35 F1 61 c1 10 T1 65 t2 10 t3 20"], ["h1 t1 c1", "T1 t2 t3"]),
        # A figure stays under its own heading.
        (["h1 5 t1 45 F1 61", "h2 5 F2 20 h3 5 t2 10"], ["h1 t1", "F1 h2 F2", "h3 t2"]),
        # What its style keeps with what follows is not left behind.
        (["h1 5 t1 10 l1 20 t2 35 F1 60"], ["h1 t1 l1 t2", "F1"]),
        # A table that may be split is none.
        (["h1 5 t1 35 L1 70 t2 30 t3 20"], ["h1 t1", "L1 t2"]),
    ],
)
def test_places(sections: Sequence[str], expected: list[str]) -> None:
    assert pages(*sections)[: len(expected)] == [*expected]


def test_references_name_the_page_where_a_float_ends_up() -> None:
    body = "<section><h2>{0}</h2><p>{1}.</p><figure id='there'>{2}</figure><p>{1}.</p><p>{1}.</p></section>"
    blocks = (f'<b style="height: {size}mm">x</b>' for size in (5, 25, 70))
    made = laid_out('<p data-to="#there"></p>' + body.format(*blocks))
    (word,) = (box.text for box in made[0]._page_box.descendants() if getattr(box, "text", "").isdigit())
    tags = [{box.element_tag for box in page._page_box.descendants()} for page in made]
    assert ["figure" in found for found in tags] == [False, True]
    assert word == "2"


def test_a_note_in_the_margin_goes_on_where_it_was_split() -> None:
    line = '<b style="height: 40mm">n{}</b>'
    note = f'<small style="float: right">{line.format(1)}<br>{line.format(2)}<br>{line.format(3)}</small>'
    text = ELEMENTS["t"].format('<b style="height: 60mm">t1</b>' + note)
    rest = (
        ELEMENTS[name].format(f'<b style="height: {size}mm">{name}</b>')
        for name, size in (("F", 70), ("t", 30))
    )
    assert names(laid_out(f"<section>{text}{''.join(rest)}</section>")) == ["t1 n1 n2 t", "n3 F"]


def test_a_page_may_end_in_a_text_outside_of_sections() -> None:
    text = ELEMENTS["s"].format('<b style="height: 30mm">s</b>')
    lines = '<p style="break-inside: auto; orphans: 1; widows: 1">' + "word and <i>word</i> " * 400 + "</p>"
    for body in (text * 2, lines):
        assert len(laid_out(f"<div>{body}</div>")) > 1


PIECES = (
    "t{0} {1}",
    "t{0} {1}",
    "F{0} {2}",
    "T{0} {2} n{0} 8",
    "T{0} {2}",
    "c{0} {1} e{0} 10 w{0} 10",
    "c{0} {1} T{0} {2} n{0} 8",
    "h{0} 6 t{0} {1}",
    "h{0} 6 F{0} {2} t{0} {1}",
)
"""A document is made of these, with a number, the height of text and that of a float in each."""


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from(PIECES), st.integers(10, 30), st.integers(20, 85)), max_size=7),
        max_size=3,
    )
)
def test_nothing_is_lost_or_parted(drawn: list[list[tuple[str, int, int]]]) -> None:
    numbers = count()
    sections = [
        " ".join(["h0 5 t0 10", *(piece.format(next(numbers) + 1, *sizes) for piece, *sizes in pieces)])
        .replace("h0", f"h{100 + i}")
        .replace("t0", f"t{100 + i}")
        for i, pieces in enumerate(drawn)
    ]
    declared = [name for section in sections for name in section.split()[::2]]
    found = " ".join(pages(*sections)).split()
    for kind in ("F", "T", "L", "htcew"):
        assert [name for name in found if name[0] in kind] == [name for name in declared if name[0] in kind]
    for name, follower in pairwise(found):
        together = {"c": "eT", "e": "w", "h": "tF"}.get(name[0])
        assert together is None or (follower[0] in together and follower[1:] == name[1:]), found
        assert follower[0] != "n" or name == f"T{follower[1:]}", found
    assert sorted(found) == sorted(declared)
