"""Lets words that are too long for a column, such as a user's own labels, break within their cells.

Elsewhere words stay whole: if those in all cells could break, columns would become narrower than words.
"""

from __future__ import annotations

import re

LONGEST = 40
"""Longest word for which a column has room, in letters; reportgen's own longest name has 37."""

_CELL = re.compile(r"<(td|th)\b([^>]*)>((?:(?!</\1>).)*)</\1>", re.S)
_TAG = re.compile(r"<[^>]*>")
_LONG = re.compile(rf"\S{{{LONGEST + 1},}}")


def breakable(page: str) -> str:
    """The page with such cells marked so that words in them may break anywhere."""
    return _CELL.sub(_marked, page)


def _marked(cell: re.Match[str]) -> str:
    tag, attributes, content = cell.groups()
    if not _LONG.search(_TAG.sub("", content)):
        return cell[0]
    return f'<{tag}{attributes} style="overflow-wrap: anywhere">{content}</{tag}>'
