"""Header cells of tables, marked so that a screen reader can name row and column of a number."""

from __future__ import annotations

import re

_PART = re.compile(r"<(thead|tbody)\b.*?</\1>", re.S)
_FIRST = re.compile(r"(<tr\b[^>]*>\s*)<td\b([^>]*)>((?!</td>).+?)</td>", re.S)
_HEAD = re.compile(r"<th\b(?![^>]*\bscope=)")


def headed(page: str) -> str:
    """The page with a scope on every header cell; a row's first cell, where it says anything, becomes one."""
    return _PART.sub(_marked, page)


def _marked(part: re.Match[str]) -> str:
    if part[1] == "thead":
        return _HEAD.sub('<th scope="col"', part[0])
    grouped = _HEAD.sub('<th scope="rowgroup"', part[0])
    return _FIRST.sub(r'\1<th scope="row"\2>\3</th>', grouped)
