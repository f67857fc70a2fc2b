"""A formula is drawn as outlines, and nothing of it would be copied with the text around it: its LaTeX is.

Programs that read a PDF take the actual text of a piece of a page in place of the letters in it
(ISO 32000-1, 14.9.4). So there is one piece more where a formula is drawn, whose letter is a blank that is
not painted, as wide as the formula and on its line. What is read aloud are the formula's words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pydyf

from reportgen.report.pdf.tagging.page import attribute
from reportgen.report.pdf.tagging.structure import POINT, Structure

SOURCE, DEPTH = "data-latex", "data-depth"
"""Attributes of a formula's picture: its LaTeX, and how much of its height is below the line's base."""
FONT = "Blank"
"""One that readers have: what is not painted needs no font in the file (ISO 19005-3, 6.2.11.4)."""
SIZE, BLANK = 16.0, 0.278
"""Of the font in pixels, and of its blank in ems."""


def write_sources(structure: Structure, formulas: Iterable[Any]) -> None:
    """Puts into the pages what is copied of these elements."""
    for formula in formulas:
        page, (mark,) = structure.at(formula["Pg"]), formula["K"]
        written = structure.at(page["Contents"]).stream
        place = next(i for i, e in enumerate(written) if isinstance(e, dict) and e.get("MCID") == mark)
        text = pydyf.Dictionary({"ActualText": pydyf.String(attribute(formula, SOURCE))})
        blank = _blank(formula, float(page["MediaBox"][3]))
        written[place + 2 : place + 2] = ["/Span", text, b"BDC", blank, b"EMC"]
        structure.at(structure.at(page["Resources"])["Font"])[FONT] = pydyf.Dictionary(
            {"Type": "/Font", "Subtype": "/Type1", "BaseFont": "/Helvetica", "Encoding": "/WinAnsiEncoding"}
        )


def _blank(formula: Any, height: float) -> bytes:
    """Lengths on a page of this height are pixels, from its upper left, until something else is drawn."""
    left, bottom, right, top = (float(side) for side in formula["A"]["BBox"])
    base = height - bottom - float(attribute(formula, DEPTH)) * (top - bottom)
    wide = 100.0 * (right - left) / POINT / (BLANK * SIZE)
    place = f"{left / POINT:.2f} {base / POINT:.2f}"
    return f"q BT 3 Tr /{FONT} {SIZE:g} Tf {wide:.1f} Tz 1 0 0 -1 {place} Tm ( ) Tj ET Q".encode()
