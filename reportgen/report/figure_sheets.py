"""Figures of a finished report as PDF, each on a sheet of its size, for inclusion in a paper."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from markupsafe import Markup

from reportgen.errors import RenderError, UsageError
from reportgen.report.pdf.layout import Resources, lay_out
from reportgen.report.provenance import UNDATED

FOLDER = "figures"
"""Folder of the SVG figures within a report's folder."""
_SHEET = Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    "<style>@page {{ size: {width} {height}; margin: 0 }} body {{ margin: 0 }} "
    "img {{ display: block; width: {width}; height: {height} }}</style>"
    '<body><img src="reportgen:{address}" alt="{words}"></body></html>'
)


def figure_sheets(report: Path, names: Sequence[str] = ()) -> dict[str, bytes]:
    """Name → PDF, for all figures of the report in a folder, or for those named.

    Lines and letters are outlines, as in the SVG, so that no font is needed; the figure's alternative text is
    kept. The same figures give the same bytes. Raises UsageError if a figure does not exist, RenderError if
    an SVG is not a report's.
    """
    there = {path.stem: path for path in sorted((report / FOLDER).glob("*.svg"))}
    for name in names or ("a figure",) * (not there):
        if name not in there:
            remedy = f"There are {', '.join(there)}" if there else "Name the folder of a report"
            raise UsageError(f"{report / FOLDER}: must hold {name} as SVG, but does not. {remedy}.")
    return {name: _sheet(f"{report.resolve().name}: {name}", there[name]) for name in names or there}


def _sheet(title: str, path: Path) -> bytes:
    svg = path.read_bytes()
    try:
        root = ElementTree.fromstring(svg)
        size = {side: root.attrib[side] for side in ("width", "height")}
        words = root.attrib["aria-label"]
    except (ElementTree.ParseError, KeyError) as error:
        raise RenderError(
            f"{path}: must be a figure as a report has it, but: {error}. Make the report again."
        ) from error
    address = f"{FOLDER}/{path.name}"
    page = _SHEET.format(title=title, address=address, words=words, **size)
    return lay_out(page, Resources({}, {address: svg}, f"{path.stem}.pdf"), UNDATED).pdf()
