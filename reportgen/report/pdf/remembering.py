"""Remembers lines that WeasyPrint has set, since equal text in equal style and width gives the same line.

WeasyPrint asks Pango for a line several times: for the least and the greatest width of a table's cell and
then to fill it; again if something on the line is higher than its text, if content moves to the next page,
or if columns are balanced. Nearly half of a report's lines were set before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def remembered_lines() -> Iterator[None]:
    """Context, for one document, in which WeasyPrint sets each line once and then takes copies of it."""
    from weasyprint.layout import inline, preferred

    plain = inline.split_first_line
    known: dict[tuple[Any, ...], tuple[Any, tuple[Any, ...]]] = {}
    """Lines by what was asked for. Each entry keeps its style alive, so that no other gets the same id."""

    def split(text: str, style: Any, context: Any, *others: Any, **more: Any) -> tuple[Any, ...]:
        asked = (text, id(style), *others, *more.items())
        if asked not in known:
            known[asked] = style, plain(text, style, context, *others, **more)
        layout, *rest = known[asked][1]
        return _copy(layout), *rest

    inline.split_first_line = preferred.split_first_line = split
    try:
        yield
    finally:
        inline.split_first_line = preferred.split_first_line = plain


def _copy(layout: Any) -> Any:
    """A copy of a line that is set and no longer holds Pango objects; drawing may change its text."""
    copied = object.__new__(type(layout))
    copied.__dict__.update(layout.__dict__)
    return copied
