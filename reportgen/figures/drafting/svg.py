"""Makes matplotlib's SVG small and safe to place in a page; the picture stays the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"-?\d+\.\d+")
_GEOMETRY = re.compile(r'\b(d|x|y|transform|width|height|viewBox|points)="([^"]*)"')


def compact(text: str, attributes: str = "", marks: Mapping[str, str] | None = None) -> str:
    """The same drawing in about half the bytes, with `attributes` added to its root element.

    Elements whose id is a key of `marks` get the attributes there instead of it.
    Left out are metadata, comments, white space, blanks (letters without an outline),
    ids that nothing refers to, and decimals beyond two (six in scales and matrices).
    The style sheet, which would apply to a whole page, becomes two attributes of the
    root. Ids are renumbered.
    """
    text = re.sub(
        r"<metadata>.*?</metadata>|<!--.*?-->|<!DOCTYPE.*?>|<style.*?</style>", "", text, flags=re.S
    )
    text = re.sub(r'<path d="[^"]*" style="fill: none"/>', "", text)
    text = _GEOMETRY.sub(_rounded, text)
    text = re.sub(r">\s+<", "><", text)
    text = _without_blanks(text)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        if marks is not None and match[2] in marks:
            return f" {marks[match[2]]}" if marks[match[2]] else ""
        if match[2] not in used:
            return ""
        return f' id="{names.setdefault(match[2], f"i{len(names)}")}"'

    text = re.sub(r'(\s)id="([^"]*)"', rename, text)
    text = re.sub(r'(href="#|url\(#)([^")]+)', lambda m: m[1] + names.get(m[2], m[2]), text)
    text = re.sub(
        r' style="([^"]*)"', lambda m: f' style="{m[1].replace("; ", ";").replace(": ", ":")}"', text
    )
    text = _without_repeats(text)
    text = _flattened(text)
    root = f"<svg {attributes} " if attributes else "<svg "
    return text.replace("<svg ", root + 'stroke-linejoin="round" stroke-linecap="butt" ', 1)


def bare(text: str) -> str:
    """A compact drawing without the attributes from its marks."""
    return _flattened(re.sub(r' data-[a-z]+="[^"]*"', "", text))


def _flattened(text: str) -> str:
    """Without empty groups, and groups without attributes around leaves."""
    while (shorter := re.sub(r"<(g|defs)></\1>|<g>((?:<(?:use|path) [^>]*/>)+)</g>", r"\2", text)) != text:
        text = shorter
    return text


def _without_blanks(text: str) -> str:
    """Drops letters without outline, and every use of them."""
    for blank in re.findall(r'<path id="([^"]*)"(?: transform="[^"]*")?/>', text):
        text = re.sub(rf'<path id="{blank}"[^>]*/>|<use xlink:href="#{blank}"[^>]*/>', "", text)
    return text


def _without_repeats(text: str) -> str:
    """Drops from every `use` the styles that its path declares itself, which take precedence."""
    own = {m[1]: set(m[2].split(";")) for m in re.finditer(r'<path id="(\w+)"[^>]*? style="([^"]*)"', text)}

    def shorter(match: re.Match[str]) -> str:
        kept = ";".join(one for one in match[3].split(";") if one not in own.get(match[1], ()))
        return f'<use xlink:href="#{match[1]}"{match[2]}' + (f' style="{kept}"' if kept else "") + "/>"

    return re.sub(r'<use xlink:href="#(\w+)"([^>]*?) style="([^"]*)"/>', shorter, text)


def _rounded(match: re.Match[str]) -> str:
    name, value = match[1], match[2]
    if "scale" in value or "matrix" in value:
        value = _NUMBER.sub(lambda m: _short(m[0], 6), value)
    else:
        value = _NUMBER.sub(lambda m: _short(m[0], 2), value)
    if name == "d":
        value = re.sub(r"\s*\n\s*", "", re.sub(r"([A-Za-z]) ", r"\1", value))
    return f'{name}="{value}"'


def _short(number: str, digits: int) -> str:
    text = f"{float(number):.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
