"""A table that goes on in the middle of a group of rows says the group's name again, below the table's head.

WeasyPrint repeats the head of a table on each of its pages, and nothing else of it. It makes its pages
one after another from a tree of boxes: while one is made that begins inside a group, the head has one row
more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

GROUP = "group"
"""The class of a row that names those below it."""


@contextmanager
def repeated_groups() -> Iterator[None]:
    """While it lasts, WeasyPrint repeats the names of groups."""
    from weasyprint.layout import page

    plain = page.remake_page

    def remake(number: int, context: Any, root: Any, html: Any) -> Any:
        """In place of WeasyPrint's `remake_page`."""
        with _named(root, context.page_maker[number][0]):
            return plain(number, context, root, html)

    page.remake_page = remake
    try:
        yield
    finally:
        page.remake_page = plain


class _Unfinished(NamedTuple):
    """A table that goes on in the middle of a group."""

    table: Any
    rows: int
    """Of the table, head included, to the name of that group and with it."""
    name: Any
    """The row that names it."""


@contextmanager
def _named(root: Any, begins: Mapping[int, Any] | None) -> Iterator[None]:
    """The table in which a page begins has the name of its unfinished group in its head."""
    found = _unfinished(root, begins)
    if found is None or not found.table.children[0].is_header:
        yield
        return
    table = found.table
    head, *others = whole = table.children
    table.children = [head.copy_with_children([*head.children, found.name]), *others]
    borders = getattr(table, "collapsed_border_grid", None)
    if borders is not None:
        # The lines beside each row, and those above each row and below the last, as if it stood there.
        (beside, between), size = borders, len(head.children)
        table.collapsed_border_grid = (
            [*beside[:size], beside[found.rows - 1], *beside[size:]],
            [*between[: size + 1], between[found.rows], *between[size + 1 :]],
        )
    try:
        yield
    finally:
        table.children = whole
        if borders is not None:
            table.collapsed_border_grid = borders


def _unfinished(root: Any, begins: Mapping[int, Any] | None) -> _Unfinished | None:
    """The table that a page begins in; None outside of any group."""
    from weasyprint.formatting_structure.boxes import TableBox

    box = root
    while begins:
        index, begins = next(iter(begins.items()))
        children = getattr(box, "children", ())
        if index >= len(children):  # a place in a text
            return None
        if isinstance(box, TableBox) and begins:
            here = children[index].children
            next_row = next(iter(begins))
            first = next((n for n in range(next_row, -1, -1) if _names(here[n])), next_row)
            before = sum(len(group.children) for group in children[:index])
            return None if first == next_row else _Unfinished(box, before + first + 1, here[first])
        box = children[index]
    return None


def _names(row: Any) -> bool:
    return GROUP in (row.element.get("class") or "").split()
