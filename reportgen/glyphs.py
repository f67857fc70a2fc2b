"""Which characters the report's own fonts have: any other would be a hole in the PDF."""

from __future__ import annotations

from functools import lru_cache

from reportgen.resources import templates

TEXT = ("serif-regular", "sans-regular")
LISTED = (*TEXT, "mono-regular")
"""Faces of what also stands in a listing: a title, a label, a command."""
PRIVATE = 0xF0000
"""From here on characters are marks of a text that is being written; see `reportgen.findings.marks`."""


@lru_cache(maxsize=8)
def _characters(face: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(templates() / "fonts" / f"reportgen-{face}.ttf", lazy=True) as font:
        return frozenset(font.getBestCmap())


def lacking(text: str, faces: tuple[str, ...] = LISTED) -> str:
    """The first character that one of the faces cannot print, mathematics to help; empty if there is none."""
    for character in text:
        if character.isascii() or ord(character) in _characters("math-regular"):
            continue
        if any(ord(character) not in _characters(face) for face in faces):
            return character
    return ""


def spelt(text: str) -> str:
    """The same with what no face has as ``\\u7ef4``: an exception's words, the name of a user's file."""
    if text.isascii():
        return text
    return "".join(_spelt(character) for character in text)


def _spelt(character: str) -> str:
    number = ord(character)
    kept = number >= PRIVATE or any(number in _characters(face) for face in (*LISTED, "math-regular"))
    return character if kept or character.isascii() else character.encode("unicode_escape").decode()
