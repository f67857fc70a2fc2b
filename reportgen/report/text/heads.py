"""Header cells of tables, marked so that a screen reader can name the row and column of a number."""

from __future__ import annotations

import re

_PART = re.compile(r"<(thead|tbody)\b.*?</\1>", re.S)
_ROW = re.compile(r"<tr\b.*?</tr>", re.S)
_FIRST = re.compile(r"\A(<tr\b[^>]*>\s*)<td\b([^>]*)>((?!</td>).+?)</td>", re.S)
_HEAD = re.compile(r"<th\b(?![^>]*\bscope=)")


def headed(page: str) -> str:
    """The page with a scope on every header cell.

    If a row has none, its first cell becomes one unless it is empty.
    """
    return _PART.sub(_marked, page)


def _marked(part: re.Match[str]) -> str:
    if part[1] == "thead":
        return _HEAD.sub('<th scope="col"', part[0])
    return _ROW.sub(_marked_row, part[0])


def _marked_row(row: re.Match[str]) -> str:
    if "<th" in row[0]:
        return _HEAD.sub('<th scope="rowgroup"', row[0])
    return _FIRST.sub(r'\1<th scope="row"\2>\3</th>', row[0])
