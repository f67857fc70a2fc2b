"""Balances columns whose items are not split, in one step.

WeasyPrint 70 makes the columns of a block longer until everything fits, and lays all of it out at each step.
A step is a single pixel if an item is longer than the columns, so a listing with one long item takes
longer than the rest of its document. If no item is split, the length follows from the items' heights.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

ROUNDING = 0.01
"""Pixels by which a sum of heights may be off."""


@contextmanager
def equal_columns() -> Iterator[None]:
    """Context in which the length of columns of unsplit items is computed for WeasyPrint."""
    from weasyprint.layout import block

    plain = block.columns_layout

    def columns(context: Any, box: Any, below: float, skip: Any, around: Any, *others: Any) -> Any:
        """Replaces WeasyPrint's `columns_layout`; `below` is the space left free at the foot of the page."""

        def laid(box: Any, below: float) -> Any:
            return plain(context, box, below, skip, around, *others)

        whole = box.children and all(child.style["break_inside"] == "avoid" for child in box.children)
        if not whole or box.style["column_fill"] != "balance":
            return laid(box, below)
        filled = box.copy()
        filled.style = box.style.copy()
        filled.style["column_fill"] = "auto"
        made = laid(filled, below)
        if made[0] is None or made[1] is not None:  # the columns continue on the next page
            return made
        items = [item for column in made[0].children for item in column.children]
        length = least_length(
            [item.margin_height() for item in items],
            [item.margin_bottom for item in items],
            box.style["column_count"],
        )
        foot = context.page_bottom - made[0].children[0].position_y - length - ROUNDING
        equal = laid(filled, max(foot, below))
        return equal if equal[0] is not None and equal[1] is None else laid(box, below)

    block.columns_layout = columns
    try:
        yield
    finally:
        block.columns_layout = plain


def least_length(heights: Sequence[float], margins: Sequence[float], count: int) -> float:
    """The least length of `count` columns that hold items of these heights in order.

    A height includes the margin below its item, which does not count at the foot of a column.
    """

    def needed(length: float) -> int:
        columns, used = 1, 0.0
        for height, margin in zip(heights, margins, strict=True):
            if used and used + height - margin > length:
                columns, used = columns + 1, 0.0
            used += height
        return columns

    longest = max(height - margin for height, margin in zip(heights, margins, strict=True))
    ends = [0.0, *itertools.accumulate(heights)]
    candidates = sorted(
        {ends[j] - margins[j - 1] - ends[i] for i in range(len(ends)) for j in range(i + 1, len(ends))}
    )
    candidates = [length for length in candidates if length >= longest]
    return candidates[bisect_left(candidates, -count, key=lambda length: -needed(length + ROUNDING))]
