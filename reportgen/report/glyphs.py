"""Which characters the report's own fonts have: any other would be a hole in the PDF."""

from __future__ import annotations

from functools import lru_cache

from reportgen.resources import templates

TEXT = ("serif-regular", "sans-regular")
LISTED = (*TEXT, "mono-regular")
"""Faces of what also stands in a listing: a title, a label, a command."""


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
