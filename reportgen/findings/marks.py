"""Numbers of the text that remember the rows they come from.

A number is set between marks, characters of a private-use area, which also spell out its rows; so a
sentence that quotes it, in a section or a caption, stays a plain string on its way to the template. On
screen the marks become a link to the rows, on paper they go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from reportgen.findings.statistics.estimate import Estimate
from reportgen.findings.statistics.source import OfSeveral, query

ADDRESS = 0xF0000
"""Code point of byte 0 of an address."""
OPEN, CLOSE = "\U000f0100", "\U000f0101"
OPENING = f"(?:[{chr(ADDRESS)}-{chr(ADDRESS + 255)}]+{OPEN})?"
"""What may stand before a number, as a pattern."""

_ANY = re.compile(f"[{chr(ADDRESS)}-{CLOSE}]+")


def told(text: str, estimate: Estimate) -> str:
    """An estimate's text, marked with its rows where they are known."""
    if estimate.source is None:
        return text
    address = "".join(chr(ADDRESS + byte) for byte in query(estimate.source.rows()).encode())
    return f"{address}{OPEN}{text}{CLOSE}"


def told_of_all(text: str, estimates: Sequence[Estimate]) -> str:
    """What several estimates are alike, or make together, marked with the rows of all."""
    sources = tuple(one.source for one in estimates if one.source is not None)
    source = OfSeveral(sources) if len(sources) == len(estimates) else None
    return told(text, replace(estimates[0], source=source))


def plain(text: str) -> str:
    """Without marks: on paper, and in words for who cannot see."""
    return _ANY.sub("", text)
