"""What a screen reader reads from a PDF: in which order, under which headings, in which words."""

from __future__ import annotations

import io
from typing import Any

import pikepdf
import pytest

from tests.accessibility import elements, faults, kids
from tests.test_pdf import PRINT, made

OWN = """html { font-family: "Reportgen Serif", "Reportgen Math" }
code, pre { font-family: "Reportgen Mono" } li::marker { font-family: "Reportgen Serif", "Reportgen Math" }"""


def opened(body: str, style: str = "") -> pikepdf.Pdf:
    """A PDF of this text, with nothing wrong in its structure."""
    pdf = pikepdf.open(io.BytesIO(made(f"<main><h1>a</h1>{body}</main>", style=OWN + style)))
    assert faults(pdf) == []
    return pdf


def of_kind(pdf: pikepdf.Pdf, kind: str) -> list[Any]:
    return [element for element, _ in elements(pdf) if kind == element.S]


def apart(pdf: pikepdf.Pdf) -> list[str]:
    """What kind of thing each artifact of text is."""
    marks = [operands for page in pdf.pages for operands, _ in pikepdf.parse_content_stream(page, "BDC")]
    return [str(mark[1].Type) for mark in marks if mark[0] == "/Artifact" and "/Type" in mark[1]]


@pytest.mark.parametrize("around", ["p", "li", "td"])
def test_a_link_on_two_lines_is_one(around: str) -> None:
    """And two that follow one another are two, though they lead to the same place."""
    link = '<a href="#place">as long as two of these lines</a>'
    wraps = {"li": ("<ul>", "</ul>"), "td": ("<table><tr><th>h</th></tr><tr>", "</tr></table>")}
    opening, closing = wraps.get(around, ("", ""))
    pdf = opened(
        f'{opening}<{around}>so {link}<a href="#place">b</a></{around}>{closing}<p id="place">b',
        "main { width: 30mm }",
    )
    first, second = of_kind(pdf, "/Link")
    lines = [kid for kid in kids(first) if kid.get("/Type") == "/OBJR"]
    assert len(lines) > 1 and len(kids(second)) == 1
    assert {str(line.Obj.Contents) for line in lines} == {"as long as two of these lines"}
    parents = pdf.Root.StructTreeRoot.ParentTree.Nums
    of = {int(parents[i]): parents[i + 1] for i in range(0, len(parents), 2)}
    assert {of[int(line.Obj.StructParent)].objgen for line in lines} == {first.objgen}


def test_what_goes_on_on_the_next_page_is_one() -> None:
    """A paragraph, the link in it, a list, a table: its head is told once, on later pages an artifact."""
    rows = "".join(f"<tr><th scope=row>{i}</th><td>{i}</td></tr>" for i in range(9))
    pdf = opened(
        f'<p>so <a href="#place">{"as long as three pages are " * 9}</a> it goes</p>'
        f"<ul><li>{'in one item ' * 20}</li><li>and another</li></ul>"
        f'<table id="place"><thead><tr><th scope="col">h</th><th scope="col">k</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>",
        "@page { size: 40mm 40mm; margin: 5mm } * { orphans: 1; widows: 1 }",
    )
    assert len(pdf.pages) > 5
    counts = {
        kind: len(of_kind(pdf, kind)) for kind in ("/Part", "/P", "/Link", "/L", "/LI", "/Table", "/TBody")
    }
    assert counts == {"/Part": 1, "/P": 1, "/Link": 1, "/L": 1, "/LI": 2, "/Table": 1, "/TBody": 1}
    assert len(of_kind(pdf, "/THead")) == 1 and len(of_kind(pdf, "/TR")) == 10
    (link,) = of_kind(pdf, "/Link")
    assert len({kid.Pg.objgen for kid in kids(link) if kid.get("/Type") == "/MCR"} | {link.Pg.objgen}) > 1
    assert set(apart(pdf)) == {"/Pagination"} and len(apart(pdf)) >= 2


def test_what_the_page_hides_is_not_told() -> None:
    """A shape beside its word; it is an artifact of the layout, and still on the page."""
    shape = '<span aria-hidden="true">●</span>'
    pdf = opened(
        f"<p>{shape} so</p>", '@page { @top-left { content: "head"; font-family: "Reportgen Sans" } }'
    )
    (paragraph,) = of_kind(pdf, "/P")
    assert len(kids(paragraph)) == 1
    assert sorted(apart(pdf)) == ["/Layout", "/Pagination"]


def test_a_shape_alone_is_told_in_words() -> None:
    pdf = opened('<p>Epoch 5 <span role="img" aria-label="refuted">◆</span></p><nav aria-label="c">b</nav>')
    assert [str(e.ActualText) for e, _ in elements(pdf) if "/ActualText" in e] == ["refuted"]


def test_a_note_is_read_after_its_paragraph() -> None:
    """Not amid the sentence that calls it, in which a number stands, told as that of a note."""
    call = '<sup role="img" aria-label="note 1">1</sup>'
    pdf = opened(f'<p>It is so{call}<small class="footnote"><sup>1</sup> Why?</small> on some days.</p>')
    (paragraph,) = of_kind(pdf, "/P")
    assert [str(kid.S) for kid in kids(paragraph)] == ["/Span", "/Span", "/Span", "/Note"]
    assert str(kids(paragraph)[1].ActualText) == "note 1"


TABLE = """<table>
<thead><tr><th scope="col">of</th><th scope="col">mean</th><th scope="col">p</th></tr></thead>
<tbody><tr class="group"><th colspan="3" scope="rowgroup">first</th></tr>
<tr><th scope="row">a</th><td>1</td><td>2</td></tr>
<tr class="group"><th colspan="3" scope="rowgroup">second</th></tr>
<tr><th scope="row">b</th><td>3</td><td>4</td></tr></tbody></table>"""


def heads(pdf: pikepdf.Pdf) -> list[list[str]]:
    """Of each cell, in order: what its heads are, each named by where it stands among all heads."""
    names = [str(cell.get("/ID", "")) for cell in of_kind(pdf, "/TH")]
    words = ["of", "mean", "p", "first", "a", "second", "b"]
    assert len(names) == len(words)
    return [
        [words[names.index(str(head))] for head in cell.get("/A", {}).get("/Headers", [])]
        for cell in of_kind(pdf, "/TD")
    ]


def test_a_cell_under_a_group_knows_its_column_its_group_and_its_row() -> None:
    assert heads(opened(TABLE)) == [
        ["mean", "first", "a"], ["p", "first", "a"], ["mean", "second", "b"], ["p", "second", "b"]
    ]  # fmt: skip


def test_a_cell_beyond_a_head_of_two_columns_has_its_own_column_s() -> None:
    """And by scope a group's head is one of columns, that of a row one of its row."""
    wide = TABLE.replace(">mean<", ' colspan="2">mean<').replace('colspan="3"', 'colspan="4"')
    pdf = opened(
        wide.replace("<td>1</td>", "<td>1</td><td>0</td>").replace("<td>3</td>", "<td>3</td><td>0</td>")
    )
    assert [names[0] for names in heads(pdf)] == ["mean", "mean", "p"] * 2
    scopes = ["/Column"] * 4 + ["/Row", "/Column", "/Row"]
    assert [str(cell.A.Scope) for cell in of_kind(pdf, "/TH")] == scopes


def test_a_table_without_groups_has_scopes_alone() -> None:
    plain = "".join(line for line in TABLE.splitlines(keepends=True) if "rowgroup" not in line)
    pdf = opened(
        "<table>"
        + plain.partition("<table>")[2].replace('<tr><th scope="row">a', '<tbody><tr><th scope="row">a')
    )
    assert not any("/Headers" in cell.get("/A", {}) for cell in of_kind(pdf, "/TD"))
    assert "/IDTree" not in pdf.Root.StructTreeRoot


def test_a_list_in_columns_is_one_list() -> None:
    items = "".join(f"<li>{i}</li>" for i in range(6))
    pdf = opened(f"<ol>{items}</ol>", "ol { columns: 2; list-style: none }")
    (whole,) = of_kind(pdf, "/L")
    assert [str(item.S) for item in kids(whole)] == ["/LI"] * 6
    assert all(item.P.objgen == whole.objgen for item in kids(whole))


def test_lists_within_lists_stay() -> None:
    pdf = opened("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>")
    assert len(of_kind(pdf, "/L")) == 2 and len(of_kind(pdf, "/LI")) == 3


def test_the_contents_are_a_table_of_contents() -> None:
    contents = '<nav class="contents"><ol><li data-to="#place"><a href="#place">b</a></li></ol></nav>'
    pdf = opened(f'{contents}<ol><li>c</li></ol><p id="place">b</p>', PRINT)
    (entry,) = of_kind(pdf, "/TOCI")
    assert [str(kid.S) for kid in kids(entry)] == ["/Reference"]
    assert len(of_kind(pdf, "/L")) == 1


def test_code_is_code_and_a_listing_a_paragraph() -> None:
    pdf = opened("<p>by <code>make</code></p><pre>a: 1\nb: 2</pre>")
    assert len(of_kind(pdf, "/Code")) == 1 and len(of_kind(pdf, "/P")) == 2
