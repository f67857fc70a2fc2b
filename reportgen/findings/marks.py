"""Numbers in text that carry the address of the rows they come from.

A number is set between marks, characters of a private-use area that also encode its rows. So a sentence
that quotes it, in a section or a caption, stays a plain string on its way to the template. On screen the
marks become a link to the rows; on paper they are removed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from reportgen.findings.statistics.estimate import Estimate
from reportgen.findings.statistics.source import OfSeveral, query

ADDRESS = 0xF0000
"""Code point that encodes byte 0 in an address; other bytes follow it."""
OPEN, CLOSE = "\U000f0100", "\U000f0101"
OPENING = f"(?:[{chr(ADDRESS)}-{chr(ADDRESS + 255)}]+{OPEN})?"
"""Pattern of the marks that may precede a number."""

_ANY = re.compile(f"[{chr(ADDRESS)}-{CLOSE}]+")


def told(text: str, estimate: Estimate) -> str:
    """An estimate's text, marked with its rows where they are known."""
    if estimate.source is None:
        return text
    address = "".join(chr(ADDRESS + byte) for byte in query(estimate.source.rows()).encode())
    return f"{address}{OPEN}{text}{CLOSE}"


def told_of_all(text: str, estimates: Sequence[Estimate]) -> str:
    """A text about several estimates together, marked with the rows of all if they are known."""
    sources = tuple(one.source for one in estimates if one.source is not None)
    source = OfSeveral(sources) if len(sources) == len(estimates) else None
    return told(text, replace(estimates[0], source=source))


def plain(text: str) -> str:
    """The text without marks, for paper and for screen readers."""
    return _ANY.sub("", text)
