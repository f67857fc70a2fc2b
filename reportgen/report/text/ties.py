"""Prevents line breaks before or in intervals, before nouns, in “784–200”; on paper, before a last word.

On screen the browser takes care of the last line of a paragraph; WeasyPrint fills lines one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from reportgen.findings import prose

_SKIPPED = "(?:pre|code|style|title|script)"
_TOKEN = re.compile(rf"(<{_SKIPPED}\b.*?</{_SKIPPED}>|<[^>]*>)", re.S)
_INTERVAL = re.compile(
    rf"(?:{prose.MINUS}?[0-9][^ ()]* )?(\({prose.MINUS}?[0-9][^ ()]* to {prose.MINUS}?[0-9][^ ()]*\))"
)
_LONG = 26
"""Most letters of a number with its interval that stay on one line; more would leave much of it empty."""
_CHAIN = re.compile(r"(?<![0-9–])[0-9]+(?:–[0-9]+){1,5}(?![0-9–])")
"""Widths of a network's layers, pages of a reference."""
_TO = re.compile(rf"(?<=[0-9⁰¹²³⁴-⁹%]) to (?=[{prose.MINUS}0-9])")
_COUNT = re.compile(
    r"(?<=[0-9]) (?=(?:latent |test |hidden |decoder |declared |measured |joint |independent )?"
    r"(?:bit|cell|claim|coordinate|draw|epoch|estimate|image|layer|look|nat|parameter|pass|pixel|replicate|row"
    r"|sample|setting|step|test|time|training|unit|value)(?:e?s)?\b)"
)
_PLACE = re.compile(r"\b(?:[Ss]ection|[Ee]pochs?|seed) (?=[0-9])")
_SHORT = 11
"""Most letters of a last word that stays with the one before it."""
_LAST = re.compile(
    rf"(?<=[^\s>]) (?=[^\s<>&]{{1,{_SHORT}}}"
    r"(?:(?:</(?:a|span)>)*\s*</(?:p|li|dd|caption|figcaption|blockquote)>|</a></t[dh]>))"
)


def kept(page: str) -> str:
    """A page for paper with such places held together; code, which a reader may copy, is unchanged."""
    return _LAST.sub("\u00a0", _told(page, lambda text: _TO.sub(" to\u00a0", text)))


def whole(page: str) -> str:
    """A page for either medium without line breaks inside “(501 to 622)”, “64 images” or “200–200”."""
    return _told(page, _unbroken)


def _told(page: str, change: Callable[[str], str]) -> str:
    """The page with `change` applied to its text, except code and listings."""
    parts = _TOKEN.split(page)
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def _unbroken(text: str) -> str:
    text = _CHAIN.sub(r'<span class="nowrap">\g<0></span>', text)
    text = _INTERVAL.sub(_on_one_line, text).replace(" et al.", " et\u00a0al.")
    return _PLACE.sub(lambda found: f"{found[0][:-1]}\u00a0", _COUNT.sub("\u00a0", text))


def _on_one_line(found: re.Match[str]) -> str:
    for whole in (found[0], found[1]):
        if len(whole) <= _LONG:
            return found[0].removesuffix(whole) + whole.replace(" ", "\u00a0")
    return found[0]
