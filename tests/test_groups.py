"""Groups of rows: their names are repeated on every page of a table, as if they had been written there."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pikepdf
import pytest

from reportgen.report.pdf.layout import Layout, Resources, lay_out
from reportgen.report.style import font_faces, font_files
from tests.accessibility import elements, faults

WHEN = datetime(2025, 11, 23, tzinfo=UTC)
STYLE = """@page { size: 100mm 60mm; margin: 5mm } body, table { margin: 0 }
body { font: 4mm/5mm "Reportgen Serif" } p { margin: 0; height: 5mm }
table { table-layout: fixed; width: 90mm; border-collapse: collapse } table, caption { text-align: left }
thead { display: table-header-group; font-weight: bold } th, td { padding: 0 }
td { border-left: 1pt solid #456 }
tr.group, caption { break-after: avoid }"""
HEAD = "<tr><th>Name</th><th>Value</th></tr>"


def document(body: str) -> Layout:
    style = f"<style>{font_faces('paper')} {STYLE}</style>"
    page = f'<html lang="en"><head><title>t</title>{style}</head><body>{body}</body></html>'
    return lay_out(page, Resources(font_files(), {}), WHEN)


def name(group: str) -> str:
    return f'<tr class="group"><th colspan="2">{group}</th></tr>'


def rows(group: str, first: int, end: int) -> str:
    return "".join(f"<tr><td>{group} {n}</td><td>{n}</td></tr>" for n in range(first, end))


def table(body: str, head: str = HEAD, style: str = "") -> str:
    return f'<table style="{style}"><thead>{head}</thead><tbody>{body}</tbody></table>'


def texts(layout: Layout) -> list[list[str]]:
    """Page by page the first cell of every row."""
    return [
        [
            "".join(box.element.itertext())
            for box in page._page_box.descendants()
            if type(box).__name__ == "TableCellBox" and box.grid_x == 0
        ]
        for page in layout.document.pages
    ]


def test_a_page_that_begins_inside_a_group_names_it_and_no_other_does() -> None:
    ungrouped = rows("n", 0, 3)
    found = texts(document(table(ungrouped + name("A") + rows("a", 0, 9) + name("B") + rows("b", 0, 12))))
    assert found == [
        ["Name", "n 0", "n 1", "n 2", "A", *(f"a {n}" for n in range(5))],
        ["Name", "A", *(f"a {n}" for n in range(5, 9)), "B", "b 0", "b 1", "b 2"],
        ["Name", "B", *(f"b {n}" for n in range(3, 11))],
        ["Name", "B", "b 11"],
    ]
    assert texts(document(table(rows("n", 0, 12))))[1][:2] == ["Name", "n 9"]
    parted = texts(document(table(name("A") + rows("a", 0, 7) + name("B") + rows("b", 0, 3))))
    assert parted[1] == ["Name", "B", "b 0", "b 1", "b 2"], "it begins with one"


def test_a_part_of_the_table_that_has_no_name_gets_none() -> None:
    parts = "".join(
        f"<tbody>{name(part) if part == 'B' else ''}{rows(part, 0, 6)}</tbody>" for part in ("A", "B", "C")
    )
    found = texts(document(f"<table><thead>{HEAD}</thead>{parts}</table>"))
    assert [page[:3] for page in found] == [
        ["Name", "A 0", "A 1"], ["Name", "B", "B 2"], ["Name", "C 4", "C 5"]
    ]  # fmt: skip


def test_a_table_without_a_head_repeats_no_name_and_loses_no_row() -> None:
    found = texts(document(f"<table><tbody>{name('A')}{rows('a', 0, 16)}</tbody></table>"))
    assert len(found) == 2 and [*found[0], *found[1]] == ["A", *(f"a {n}" for n in range(16))]


@pytest.mark.parametrize(
    ("before", "line"),
    [("", "2pt"), (rows("n", 0, 2), "0"), (rows("n", 0, 2) + "</tbody><tbody>", "0")],
)
def test_it_is_drawn_as_if_it_were_written_there(before: str, line: str) -> None:
    """Borders too, which are drawn from a grid of the whole table.

    Half of a line below the head is taken off the row that was below it first, and off no other.
    """
    lines = f"thead tr:first-child th {{ border-top: 1pt solid #246; border-bottom: {line} solid #123 }}"
    below = f"<style>{lines} tr.group th {{ border-left: 2pt solid #654 }}</style>"
    whole = document(below + table(before + name("A") + rows("a", 0, 18)))
    pages = texts(whole)
    first = pages[0].index("A") + 1
    parts, begun = [], 0
    for number, page in enumerate(pages):
        ends = begun + len(page) - (2 if number else first)
        own, head = rows("a", begun, ends), HEAD + name("A")
        parts.append(table(own, head, "break-before: page") if number else table(before + name("A") + own))
        begun = ends
    written = document(below + "".join(parts))
    assert texts(written) == pages and len(pages) == 3
    assert streams(whole)[1:] == streams(written)[1:]


def streams(layout: Layout) -> list[list[str]]:
    """What is drawn on each page, whatever it is tagged as."""
    with pikepdf.open(io.BytesIO(layout.pdf(()))) as pdf:
        return [
            [
                f"{operands} {operator}"
                for operands, operator in pikepdf.parse_content_stream(page)
                if str(operator) not in ("BDC", "BMC", "EMC")
            ]
            for page in pdf.pages
        ]


def test_the_table_is_as_it_was_once_a_page_is_made() -> None:
    """Pages are made again, where a float is tried elsewhere or a number of a page is filled in."""
    body = table(name("A") + rows("a", 0, 12)) + '<p id="end">End</p>'
    link = '<p><a href="#end"></a></p><style>a::after { content: target-counter("#end", page) }</style>'
    assert texts(document(link + body)) == texts(document("<p>2</p>" + body))


def test_what_is_repeated_is_read_once() -> None:
    body = name("A") + rows("a", 0, 12)
    layout = document("<h1>t</h1>" + table(body))
    with pikepdf.open(io.BytesIO(layout.pdf(()))) as pdf:
        kinds = [str(element.S) for element, _ in elements(pdf)]
        assert layout.pages > 1 and faults(pdf) == []
    assert kinds.count("/TR") == 1 + body.count("<tr")
