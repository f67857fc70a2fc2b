"""Exit codes of a command; if it did several things, that of the worst."""

from __future__ import annotations

from collections.abc import Collection

from reportgen.errors import UsageError

CONTRARY, PAUSED, BROKEN = 1, 3, 4
"""A claim came out contrary to its declaration, or a number drifted; time was up; a cell broke."""
WORST_FIRST = (BROKEN, CONTRARY, PAUSED, UsageError.exit_code, 0)


def worst(codes: Collection[int]) -> int:
    """The first of `WORST_FIRST` among the codes; 0 if there are none."""
    return next((code for code in WORST_FIRST if code in codes), 0)
