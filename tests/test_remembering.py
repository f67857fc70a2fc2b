"""A cached line comes out as one that is set anew, to the byte."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from reportgen.report.pdf import layout, remembering
from reportgen.report.pdf.layout import Resources, lay_out, require_weasyprint
from reportgen.report.pdf.remembering import remembered_lines
from reportgen.report.style import font_faces, font_files

WHEN = datetime(2025, 11, 23, tzinfo=UTC)
STYLE = f"""{font_faces("paper")} @page {{ size: 90mm 70mm; margin: 5mm }}
html {{ font: 10pt "Reportgen Serif" }} p {{ text-align: justify; hyphens: auto }}
th div {{ width: 34mm; line-clamp: 1 }}
ol {{ columns: 2 }} li {{ break-inside: avoid }} b {{ display: inline-block; height: 9mm }}
s {{ text-decoration: none; word-spacing: 2mm; letter-spacing: 0.2mm }}"""
WORDS = "variance of the gradient, measured over replicates of the whole estimator "
ROWS = "".join(f"<tr><td>{WORDS}</td><td>{n % 3}</td><td>0.5</td></tr>" for n in range(9))
BODY = (
    f"<p>{WORDS * 4}<b>tall</b> {WORDS}<s>{WORDS}</s> {WORDS * 3}</p>"
    f"<table><thead><tr><th><div>{WORDS}</div></th><th>n</th></tr></thead><tbody>{ROWS}</tbody></table>"
    f"<ol>{''.join(f'<li>{WORDS * (1 + n % 2)}</li>' for n in range(7))}</ol>"
)
"""Lines that are asked for again: beside a tall box, in cells, in a head on each page, in columns."""


def made() -> bytes:
    page = f'<html lang="en"><head><title>t</title><style>{STYLE}</style></head><body>{BODY}</body></html>'
    return lay_out(page, Resources(font_files(), {}), WHEN).pdf()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that WeasyPrint itself has set."""
    require_weasyprint()
    from weasyprint.layout import inline, preferred

    plain, texts = inline.split_first_line, []

    def split(text: str, *others: Any, **more: Any) -> Any:
        texts.append(text)
        return plain(text, *others, **more)

    for room in (inline, preferred):
        monkeypatch.setattr(room, "split_first_line", split)
    yield texts
    assert inline.split_first_line is preferred.split_first_line is split, "afterwards it is as it was"


def test_the_document_is_the_same_with_fewer_lines_set(
    monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    found, fewer = made(), len(asked)
    monkeypatch.setattr(layout, "remembered_lines", nullcontext)
    asked.clear()
    assert found == made()
    assert 1.5 * fewer < len(asked)


def test_only_the_same_line_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same in every argument but WeasyPrint's context, which has its dictionaries."""
    require_weasyprint()
    from weasyprint.layout import inline, preferred

    class Line:
        pass

    counter = count()
    for room in (inline, preferred):
        monkeypatch.setattr(room, "split_first_line", lambda *_, **__: (Line(), next(counter)))
    style, other = {"font_size": 9}, {"font_size": 9}
    lines = [
        ("a", style, 10.0, 0, {}),
        ("b", style, 10.0, 0, {}),
        ("a", other, 10.0, 0, {}),
        ("a", style, None, 0, {}),
        ("a", style, 10.0, 1, {}),
        ("a", style, 10.0, 0, {"is_line_start": False}),
        ("a", style, 10.0, 0, {"is_line_start": True}),
        ("a", style, 10.0, 0, {"minimum": True}),
    ]
    with remembered_lines():
        for _ in range(2):
            for room in (inline, preferred):
                found = [
                    room.split_first_line(text, look, object(), *numbers, **more)[1]
                    for text, look, *numbers, more in lines
                ]
                assert found == list(range(len(lines)))
        passing = [inline.split_first_line("a", {"font_size": 9}, object(), 10.0, 0)[1] for _ in range(3)]
        assert len(set(passing)) == 3, "of styles that are gone, too, which may lie in the same place"


@contextmanager
def _whatever_the_width() -> Iterator[None]:
    """Wrong: a cached line is used for the same text in another width."""
    from weasyprint.layout import inline, preferred

    plain, known = inline.split_first_line, {}

    def split(text: str, style: Any, *others: Any, **more: Any) -> Any:
        return known.setdefault((text, id(style)), plain(text, style, *others, **more))

    inline.split_first_line = preferred.split_first_line = split
    try:
        yield
    finally:
        inline.split_first_line = preferred.split_first_line = plain


@pytest.mark.parametrize(
    ("where", "name", "wrong"),
    [
        (layout, "remembered_lines", _whatever_the_width),
        (remembering, "_copy", lambda layout: layout),
    ],
    ids=["of any width", "one line for all"],
)
def test_lines_remembered_wrongly_are_seen(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, wrong: Callable[..., Any]
) -> None:
    found = made()
    monkeypatch.setattr(where, name, wrong)
    assert found != made()
