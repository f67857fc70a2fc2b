"""Which characters the report's own fonts have: any other would be missing from the PDF."""

from __future__ import annotations

from functools import lru_cache

from reportgen.resources import templates

TEXT = ("serif-regular", "sans-regular")
LISTED = (*TEXT, "mono-regular")
"""Faces for texts that are also set in monospaced listings: titles, labels, commands."""
PRIVATE = 0xF0000
"""First of the code points that mark places in a text while it is written; see `reportgen.findings.marks`."""


@lru_cache(maxsize=8)
def _characters(face: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(templates() / "fonts" / f"reportgen-{face}.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap())


def lacking(text: str, faces: tuple[str, ...] = LISTED) -> str:
    """The first character that one of the faces lacks and the mathematics font too; empty if none."""
    for character in text:
        if character.isascii() or ord(character) in _characters("math-regular"):
            continue
        if any(ord(character) not in _characters(face) for face in faces):
            return character
    return ""


def spelt(text: str) -> str:
    """The text with characters that no face has escaped, as ``\\u7ef4``: of exceptions and names of files."""
    if text.isascii():
        return text
    return "".join(_spelt(character) for character in text)


def _spelt(character: str) -> str:
    number = ord(character)
    kept = number >= PRIVATE or any(number in _characters(face) for face in (*LISTED, "math-regular"))
    return character if kept or character.isascii() else character.encode("unicode_escape").decode()
