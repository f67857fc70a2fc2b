"""A line that WeasyPrint has set is not set again: the same text in the same style and width comes out alike.

WeasyPrint asks Pango for a line several times: for the least and the greatest width of a table's cell and
then to fill it, again where something on the line is higher than its text, where what did not fit goes to
the next page, where columns are made equal. Of a report's lines nearly half were set before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def remembered_lines() -> Iterator[None]:
    """While it lasts, WeasyPrint sets a line once, and then takes a copy of it. For one document."""
    from weasyprint.layout import inline, preferred

    plain = inline.split_first_line
    known: dict[tuple[Any, ...], tuple[Any, tuple[Any, ...]]] = {}
    """What was asked for, with its style, which is thus not another's in the same place of memory."""

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
    """Of a line that is set and holds nothing of Pango's any more: drawing may give it another text."""
    copied = object.__new__(type(layout))
    copied.__dict__.update(layout.__dict__)
    return copied
