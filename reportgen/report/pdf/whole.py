"""Checks that WeasyPrint does not make: everything referred to exists, and pictures are whole."""

from __future__ import annotations

import re
import zlib

from reportgen.errors import RenderError

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_ID = re.compile(r'\bid="([^"]+)"')
_TARGET = re.compile(r'(?:href="|url\()#([^")]+)')


def require_targets(text: str, name: str) -> None:
    """Raises RenderError if a link, or a part of a drawing, refers to an id that is not in the text."""
    there = set(_ID.findall(text))
    for target in _TARGET.findall(text):
        if target not in there:
            raise RenderError(f"{name}: leads to #{target}, which is not in it. Mend the template.")


def png_fault(content: bytes) -> str:
    """What is wrong with a PNG, checking every chunk with its checksum; empty if nothing is.

    Source: W3C, Portable Network Graphics, third edition, section 5.
    """
    if not content.startswith(SIGNATURE):
        return "not a PNG"
    position, pixels = len(SIGNATURE), b""
    while position < len(content):
        length = int.from_bytes(content[position : position + 4])
        kind, end = content[position + 4 : position + 8], position + 8 + length
        if len(content) < end + 4:
            return "cut short"
        if zlib.crc32(content[position + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return f"chunk {kind.decode('latin-1')} does not match its checksum"
        if kind == b"IDAT":
            pixels += content[position + 8 : end]
        if kind == b"IEND":
            return _pixel_fault(pixels)
        position = end + 4
    return "cut short"


def _pixel_fault(compressed: bytes) -> str:
    reader = zlib.decompressobj()
    try:
        reader.decompress(compressed)
    except zlib.error as error:
        return str(error)
    return "" if reader.eof else "cut short"
