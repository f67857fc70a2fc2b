"""Moves a paragraph that must stay whole to the next page together with its notes.

A note in the margin is a float. If it begins on a page's last lines and is longer than these, WeasyPrint 70
continues it at the top of the next page, away from its paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ELSEWHERE: tuple[Any, ...] = (None, None, {"break": "any", "page": None}, [], False)
"""WeasyPrint's result for a block that moves to the next page, except for its last entry."""


@contextmanager
def whole_notes() -> Iterator[None]:
    """Context in which a block that avoids breaks moves to the next page if a float in it would be split."""
    from weasyprint.layout import block

    plain = block.block_container_layout

    def laid(
        context: Any,
        box: Any,
        bottom_space: Any,
        skip_stack: Any,
        page_is_empty: bool,
        *others: Any,
        **more: Any,
    ) -> Any:
        before = set(context.broken_out_of_flow)
        found = plain(context, box, bottom_space, skip_stack, page_is_empty, *others, **more)
        split = context.broken_out_of_flow.keys() - before
        if not split or page_is_empty or box.style["break_inside"] != "avoid":
            return found
        for part in split:
            del context.broken_out_of_flow[part]
        return *ELSEWHERE, found[-1]

    block.block_container_layout = laid
    try:
        yield
    finally:
        block.block_container_layout = plain
