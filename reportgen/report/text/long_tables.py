"""Lets tables that may not fit on a page continue on the next one, while others stay whole.

If kept whole, such a table would begin a new page, and leave its caption on the previous one.
"""

from __future__ import annotations

import re

MOST = 45
"""Lines of a table that fit on a page with a caption, however long its head."""
LETTERS = 30
"""Fewest letters in a line of a name at the beginning of a row."""

_TABLE = re.compile(r'<div class="wide">(?=\s*<table\b(.*?)</table>)', re.DOTALL)
_ROW = re.compile(r"<tr\b[^>]*>\s*<t[dh]\b[^>]*>(.*?)</t[dh]>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def broken(page: str) -> str:
    """The page with such tables marked as breakable between rows."""
    return _TABLE.sub(_marked, page)


def _marked(table: re.Match[str]) -> str:
    names = (_TAG.sub("", name) for name in _ROW.findall(table[1]))
    lines = sum(1 + len(name) // LETTERS for name in names)
    return '<div class="wide long">' if lines > MOST else table[0]
