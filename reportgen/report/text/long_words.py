"""Cells of tables with a word that no column has room for, such as a user's own label: it may be broken.

Elsewhere words stay whole: where all cells could be broken, a column would be made narrower than its words.
"""

from __future__ import annotations

import re

LONGEST = 40
"""Letters of a word that a column has room for; the longest name of reportgen's own has 37."""

_CELL = re.compile(r"<(td|th)\b([^>]*)>((?:(?!</\1>).)*)</\1>", re.S)
_TAG = re.compile(r"<[^>]*>")
_LONG = re.compile(rf"\S{{{LONGEST + 1},}}")


def breakable(page: str) -> str:
    """The page with leave to break such words, wherever the cell's edge is."""
    return _CELL.sub(_marked, page)


def _marked(cell: re.Match[str]) -> str:
    tag, attributes, content = cell.groups()
    if not _LONG.search(_TAG.sub("", content)):
        return cell[0]
    return f'<{tag}{attributes} style="overflow-wrap: anywhere">{content}</{tag}>'
