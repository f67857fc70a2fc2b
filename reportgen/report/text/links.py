"""Makes numbers on a page links to the rows they come from (`reportgen.findings.marks`)."""

from __future__ import annotations

import re

from markupsafe import escape

from reportgen.findings.marks import ADDRESS, CLOSE, OPEN, plain

_NUMBER = re.compile(f"([{chr(ADDRESS)}-{chr(ADDRESS + 255)}]+){OPEN}(.*?){CLOSE}", re.S)
_TAG = re.compile(r"(<[^>]*>)")


def linked(html: str) -> str:
    """Turns marks into links to the rows, and removes those within tags.

    Of successive links to the same rows, such as a value and its interval in the next cell, only the
    first names the rows and is reached with the Tab key.
    """
    before = ""

    def link(found: re.Match[str]) -> str:
        nonlocal before
        address = bytes(ord(letter) - ADDRESS for letter in found[1]).decode()
        rows = 'tabindex="-1"' if address == before else f'data-rows="{escape(address)}"'
        before = address
        return f'<a class="number" href="#results" {rows}>{found[2]}</a>'

    parts = _TAG.split(html)
    return "".join(plain(part if i % 2 else _NUMBER.sub(link, part)) for i, part in enumerate(parts))
