"""Where no line of paper ends: before an interval's upper end, a count's noun, a paragraph's last word.

On a screen the browser sees to the last line of a paragraph; WeasyPrint fills lines one by one.
"""

from __future__ import annotations

import re

from reportgen.findings import prose

_TOKEN = re.compile(r"(<(?:pre|code|style|title)\b.*?</(?:pre|code|style|title)>|<[^>]*>)", re.S)
_TO = re.compile(rf"(?<=[0-9⁰¹²³⁴-⁹%]) to (?=[{prose.MINUS}0-9])")
_COUNT = re.compile(
    r"(?<=[0-9]) (?=(?:latent |test |hidden |decoder )?"
    r"(?:coordinate|draw|epoch|estimate|image|layer|nat|parameter|pass|pixel|replicate|row|sample|step"
    r"|time|training|unit)(?:e?s)?\b)"
)
_PLACE = re.compile(r"\b(?:[Ss]ection|[Ee]pochs?|seed) (?=[0-9])")
_SHORT = 11
"""Letters, at most, of a last word that takes the one before it with it."""
_LAST = re.compile(
    rf"(?<=[^\s>]) (?=[^\s<>&]{{1,{_SHORT}}}"
    r"(?:(?:</(?:a|span)>)*\s*</(?:p|li|dd|caption|figcaption|blockquote)>|</a></t[dh]>))"
)


def kept(page: str) -> str:
    """The page with such places held together; code and listings, which a reader may copy, as they are."""
    parts = _TOKEN.split(page)
    parts[::2] = map(_held, parts[::2])
    return _LAST.sub("\u00a0", "".join(parts))


def _held(text: str) -> str:
    text = _COUNT.sub("\u00a0", _TO.sub(" to\u00a0", text))
    return _PLACE.sub(lambda found: f"{found[0][:-1]}\u00a0", text).replace(" et al.", " et\u00a0al.")
