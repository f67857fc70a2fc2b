"""Lines of a paragraph are full, as WeasyPrint 70 does not have them in one place.

Where a text ends with a space, before a formula or a link that no longer fits on its line, WeasyPrint asks
for the text again in a little less than its width. If the text fits but for that space, it takes the line
for one that cannot be split, and ends it after its first word. Here it is split before its last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CUT = 2
"""In what WeasyPrint returns of a line: where the text goes on; None where all of it stands on the line."""
WIDTH = 3
SPACES = (" ", "\u00a0")


@contextmanager
def full_lines() -> Iterator[None]:
    """While it lasts, a line ends after its first word only where no second one has room."""
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
