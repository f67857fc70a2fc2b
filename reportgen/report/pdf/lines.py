"""Keeps lines of a paragraph full in a case where WeasyPrint 70 does not.

If a text ends with a space, before a formula or a link that no longer fits on its line, WeasyPrint sets the
text again in slightly less than its width. If the text fits except for that space, WeasyPrint assumes that
the line cannot be split, and ends it after its first word. Here it is split before its last word instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CUT = 2
"""Index in WeasyPrint's result for a line: where the text continues; None if all of it is on the line."""
WIDTH = 3
SPACES = (" ", "\u00a0")


@contextmanager
def full_lines() -> Iterator[None]:
    """Context in which a line ends after its first word only if there is no room for a second."""
    from weasyprint.layout import inline

    plain = inline.split_first_line

    def split(text: str, style: Any, context: Any, width: Any, *others: Any, **more: Any) -> Any:
        found = plain(text, style, context, width, *others, **more)
        if width is None or found[CUT] is None or not text.endswith(SPACES):
            return found
        bare = plain(text.rstrip("".join(SPACES)), style, context, width, *others, **more)
        if bare[CUT] is not None:
            return found
        return plain(text, style, context, bare[WIDTH] - 1, *others, **more)

    inline.split_first_line = split
    try:
        yield
    finally:
        inline.split_first_line = plain
