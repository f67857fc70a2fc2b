"""A figure with its texts, first as a sketch, then as the saved drawing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from reportgen.figures.drafting.marking import attributes
from reportgen.figures.drafting.style import INK, PAPER, settle
from reportgen.figures.drafting.svg import bare, compact
from reportgen.figures.drafting.table import Table
from reportgen.findings.marks import plain

RASTER = 200
"""Dots per inch of what is stored as pixels."""


@dataclass(frozen=True)
class Sketch:
    """A figure before it is saved, with caption and alternative text, whose numbers may be marked."""

    figure: Figure
    caption: str
    alt: str
    table: Table


@dataclass(frozen=True)
class Drawing:
    """A saved figure: SVG bytes for a file or a PDF, `inline` for a page, its texts and its numbers."""

    name: str
    svg: bytes
    live: str
    """The same picture as text, with the attributes of `reportgen.figures.drafting.marking`."""
    caption: str
    alt: str
    table: Table

    @property
    def inline(self) -> str:
        """The SVG as an element of an HTML page, following the page's colours.

        The file keeps dark ink on a transparent ground. Only text and axes are
        drawn in `INK`, so replacing that colour by `currentColor` gives them the
        colour of the text around the figure, in light and in dark mode; the halo
        behind marks becomes the page's background (the custom property
        ``--figure-paper``, else the system's). Every id is prefixed by the
        figure's name, since ids must be unique in a page with several figures.
        """
        text = self.live[self.live.index("<svg") :]
        text = text.replace(INK, "currentColor").replace(PAPER, "var(--figure-paper, Canvas)")
        return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{self.name}-", text)


def save(sketch: Sketch, name: str) -> Drawing:
    """Saves a sketch as SVG whose bytes depend only on its content.

    Must run under `house_style(name)`, which salts the ids; the date is left
    out. Rasterized artists are stored at `RASTER` dots per inch.
    """
    figure = sketch.figure
    settle(figure)
    marks = attributes(figure, sketch.table)
    buffer = BytesIO()
    # Not savefig, which would draw everything once more to compute a layout that is settled.
    figure.dpi = RASTER
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(buffer, metadata={"Date": None})
    alt = plain(sketch.alt)
    words = f'role="img" aria-label="{escape(alt, quote=True)}"'
    live = compact(buffer.getvalue().decode(), words, marks)
    return Drawing(name, bare(live).encode(), live, sketch.caption, alt, sketch.table)
