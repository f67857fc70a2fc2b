"""A paragraph that is to stay whole takes its notes along, as WeasyPrint 70 does not see to it.

A note in the margin is a float. Where it begins on a page's last lines and has more of its own, WeasyPrint
ends it on the next page, at whose top nothing else is about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ELSEWHERE: tuple[Any, ...] = (None, None, {"break": "any", "page": None}, [], False)
"""What WeasyPrint returns of a block that is laid out on the next page; what is left of its lines follows."""


@contextmanager
def whole_notes() -> Iterator[None]:
    """While it lasts, a block that avoids breaks goes to the next page where a float in it would be split."""
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
