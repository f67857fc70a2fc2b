"""Repeats the name of a group of rows below the head of a table that continues within the group.

WeasyPrint repeats only the head of a table on each of its pages. It makes its pages one after another from a
tree of boxes, so while a page that begins inside a group is made, the head is given one row more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

GROUP = "group"
"""Class of a row that names the rows below it."""


@contextmanager
def repeated_groups() -> Iterator[None]:
    """Context in which WeasyPrint repeats the names of groups."""
    from weasyprint.layout import page

    plain = page.remake_page

    def remake(number: int, context: Any, root: Any, html: Any) -> Any:
        """Replaces WeasyPrint's `remake_page`."""
        with _named(root, context.page_maker[number][0]):
            return plain(number, context, root, html)

    page.remake_page = remake
    try:
        yield
    finally:
        page.remake_page = plain


class _Unfinished(NamedTuple):
    """A table that continues within a group."""

    table: Any
    rows: int
    """Number of the table's rows, including its head, up to and including the group's name."""
    name: Any
    """The row that names the group."""


@contextmanager
def _named(root: Any, begins: Mapping[int, Any] | None) -> Iterator[None]:
    """Context in which the table that a page begins with has the name of its unfinished group in its head."""
    found = _unfinished(root, begins)
    if found is None or not found.table.children[0].is_header:
        yield
        return
    table = found.table
    head, *others = whole = table.children
    table.children = [head.copy_with_children([*head.children, found.name]), *others]
    borders = getattr(table, "collapsed_border_grid", None)
    if borders is not None:
        # Insert the borders beside the new row, and those between it and the next, at its place.
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
    """The table within which a page begins; None outside of any group."""
    from weasyprint.formatting_structure.boxes import TableBox

    box = root
    while begins:
        index, begins = next(iter(begins.items()))
        children = getattr(box, "children", ())
        if index >= len(children):  # a place within a text
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
