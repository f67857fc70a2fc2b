"""Tables that a page may not hold: these go on on the next one, where others stay whole.

Kept whole, such a table begins a page of its own, and leaves its caption on the page before.
"""

from __future__ import annotations

import re

MOST = 45
"""Lines that a page holds beside a caption, whatever the head."""
LETTERS = 30
"""Letters in a line of a name at the beginning of a row, at least."""

_TABLE = re.compile(r'<div class="wide">(?=\s*<table\b(.*?)</table>)', re.DOTALL)
_ROW = re.compile(r"<tr\b[^>]*>\s*<t[dh]\b[^>]*>(.*?)</t[dh]>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def broken(page: str) -> str:
    """The page with leave to break such tables between their rows."""
    return _TABLE.sub(_marked, page)


def _marked(table: re.Match[str]) -> str:
    names = (_TAG.sub("", name) for name in _ROW.findall(table[1]))
    lines = sum(1 + len(name) // LETTERS for name in names)
    return '<div class="wide long">' if lines > MOST else table[0]
