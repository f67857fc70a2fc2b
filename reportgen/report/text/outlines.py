"""Writes outlines of letters that recur in the figures of a page only once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_NAMED = re.compile(r'<path id="([^"]+)" (d="[^"]*"[^>]*?)/>')
"""An outline that a figure defines, to use it by its id."""
_USED = re.compile(r'<use href="#([^"]+)"')
_FIGURE = re.compile(r'(?<=<div class="drawing">)<svg .*?</svg>', re.S)
_ID = re.compile(r'(\bid="|href="#|url\(#)([^")]+)')
"""The id of an element, and references to it."""
_INK = ' style="fill:currentColor"'
_STYLE = re.compile(r' style="([^"#]{30,})"')
"""A long style without a colour or a reference; an estimator's line keeps its own, which a script copies."""
OFTEN = 20
"""Number of occurrences from which a style becomes a class."""


def share(page: str) -> str:
    """The same page, smaller: what several figures share comes first, invisibly.

    A figure's ink becomes the colour of its whole drawing, places of letters are
    rounded to hundredths of a point, ids become numbers, and frequent styles classes.
    """
    page = _FIGURE.sub(lambda match: _plainer(match[0]), page)
    page, rules = _classed(page)
    found = Counter(match[2] for match in _NAMED.finditer(page))
    common = {outline: f"g{n}" for n, outline in enumerate(o for o, times in found.items() if times > 1)}
    names = {match[1]: common[match[2]] for match in _NAMED.finditer(page) if match[2] in common}
    page = _NAMED.sub(lambda match: "" if match[2] in common else match[0], page)
    page = page.replace("<defs></defs>", "")
    page = _USED.sub(lambda match: f'<use href="#{names.get(match[1], match[1])}"', page)
    outlines = "".join(f'<path id="{name}" {outline}/>' for outline, name in common.items())
    page = _numbered(page, common.values())
    if not common and not rules:
        return page
    sheet = (
        f'<svg class="glyphs" width="0" height="0" aria-hidden="true">{rules}<defs>{outlines}</defs></svg>'
    )
    return page.replace("<body>\n", f"<body>\n{sheet}\n", 1)


def _classed(page: str) -> tuple[str, str]:
    """The page with classes for styles that its figures repeat, and the rules of these classes."""
    found = Counter(style for figure in _FIGURE.findall(page) for style in _STYLE.findall(figure))
    often = (style for style, times in found.items() if times >= OFTEN)
    names = {style: f"ink-{n}" for n, style in enumerate(often)}

    def named(match: re.Match[str]) -> str:
        return f' class="{names[match[1]]}"' if match[1] in names else match[0]

    page = _FIGURE.sub(lambda figure: _STYLE.sub(named, figure[0]), page)
    rules = "".join(f".{name}{{{style}}}" for style, name in names.items())
    return page, f"<style>{rules}</style>" if rules else ""


def _numbered(page: str, shared: Iterable[str]) -> str:
    """The page with short ids in its figures, since ids prefixed by figures' names cost much space."""
    kept, names = set(shared), dict[str, str]()

    def short(match: re.Match[str]) -> str:
        return match[1] + (match[2] if match[2] in kept else names.setdefault(match[2], f"f{len(names)}"))

    return _FIGURE.sub(lambda figure: _ID.sub(short, figure[0]), page)


def _plainer(figure: str) -> str:
    """The same figure in fewer characters."""
    figure = figure.replace(_INK, "").replace("<svg ", '<svg fill="currentColor" ', 1)
    figure = figure.replace('xlink:href="#', 'href="#')
    figure = re.sub(r'(<use href="#[^"]+" )transform="translate\(([-\d.]+) 0\)"/>', r'\1x="\2"/>', figure)
    return re.sub(
        r'transform="translate\(([-\d.]+) ([-\d.]+)\) ',
        lambda match: f'transform="translate({round(float(match[1]), 2):g} {round(float(match[2]), 2):g}) ',
        figure,
    )
