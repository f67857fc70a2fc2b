"""Exit codes of what one call does: of several things that of the worst."""

from __future__ import annotations

from collections.abc import Collection

from reportgen.errors import UsageError

CONTRARY, PAUSED, BROKEN = 1, 3, 4
"""A claim came out contrary to its declaration, or a number drifted; time was up; a cell broke."""
WORST_FIRST = (BROKEN, CONTRARY, PAUSED, UsageError.exit_code, 0)


def worst(codes: Collection[int]) -> int:
    """The first that occurs; 0 where there is none."""
    return next((code for code in WORST_FIRST if code in codes), 0)
