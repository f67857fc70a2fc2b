"""Makes the LaTeX of a formula part of copied text, though it is drawn as outlines.

Programs that read a PDF take the actual text of a piece of a page in place of the letters in it
(ISO 32000-1, 14.9.4). So each formula gets one more piece, whose only letter is an unpainted blank, as wide
as the formula and on its baseline. Screen readers still read the formula's words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pydyf

from reportgen.report.pdf.tagging.page import attribute
from reportgen.report.pdf.tagging.structure import POINT, Structure

SOURCE, DEPTH = "data-latex", "data-depth"
"""Attributes of a formula's picture: its LaTeX, and the fraction of its height below the baseline."""
FONT = "Blank"
"""Name of a font that readers have: unpainted text needs no embedded font (ISO 19005-3, 6.2.11.4)."""
SIZE, BLANK = 16.0, 0.278
"""Size of the font in pixels, and width of its blank in ems."""


def write_sources(structure: Structure, formulas: Iterable[Any]) -> None:
    """Adds to the pages the text that is copied for these elements."""
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
    """Operators of the blank; at this place in a page, lengths are pixels from its upper left corner."""
    left, bottom, right, top = (float(side) for side in formula["A"]["BBox"])
    base = height - bottom - float(attribute(formula, DEPTH)) * (top - bottom)
    wide = 100.0 * (right - left) / POINT / (BLANK * SIZE)
    place = f"{left / POINT:.2f} {base / POINT:.2f}"
    return f"q BT 3 Tr /{FONT} {SIZE:g} Tf {wide:.1f} Tz 1 0 0 -1 {place} Tm ( ) Tj ET Q".encode()
