"""Compresses every stream of a PDF once; pydyf would do it twice, the second time for a checksum."""

from __future__ import annotations

import zlib
from typing import Any

import pydyf

LEVEL = 6
"""Compression level; the highest takes twice the time to save one byte in a hundred."""


def compress(pdf: Any) -> None:
    """Compresses the streams of a pydyf document that are still to be compressed."""
    for found in pdf.objects:
        if isinstance(found, pydyf.Stream) and found.compress:
            written = pydyf.Stream(found.stream).data
            content = written[written.index(b"stream\n") + len(b"stream\n") : -len(b"\nendstream")]
            found.stream = [zlib.compress(content, LEVEL)]
            found.extra = {**found.extra, "Filter": "/FlateDecode"}
            found.compress = False
