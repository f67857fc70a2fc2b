"""An exception's own words as one line that a terminal, a table and a page can hold."""

from __future__ import annotations

LONGEST = 600
"""Most characters; longer texts keep their beginning and end."""


def told(error: BaseException) -> str:
    """An exception's message on one line, unprintable characters escaped; “no message” if it has none."""
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:  # a message may be made by code, and that may fail too
        text = ""
    return shown(text) or "no message"


def shown(text: str) -> str:
    """A text on one line, not too long; control characters and lone surrogates as ``\\x1b``, ``\\ud800``."""
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f"{line[:half]} … {line[-half:]}"
