"""What each artist represents: marks on artists, and the attributes they become in a page's SVG.

With them, a script in the page can describe a point (`data-rows`: rows of the
figure's table, in the order in which points are drawn), hide a series
(`data-series`), switch a logarithmic axis to linear (`data-log` with the limits
and box of the axes, and attributes of what moves with the axis or belongs only to
its scale), and read a colour (`data-tiles`: the corners of pictures and what they
show; `data-colours`: the ends of a colour bar). A figure's file has none of this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from typing import Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from reportgen.figures.drafting.table import Mark, Table

Kind = Literal[
    "ink",
    "marks",
    "points",
    "bars",
    "label",
    "leader",
    "moves",
    "scale",
    "name",
    "log-x",
    "log-y",
    "tiles",
    "colours",
]
"""Kinds of artist: a line; marks; points on a line or column without marks; intervals; the label at a line's
end and its leader; anything else that follows the axis; ticks; the axis's name; axes with a logarithm; axes
of pictures whose pixels are numbers; axes of a colour bar."""


def mark(
    artist: Artist,
    kind: Kind,
    series: str = "",
    points: Sequence[int] = (),
    panel: int = 0,
    at: Sequence[tuple[float, float]] = (),
    said: object = None,
) -> None:
    """Marks an artist with its kind, and marks and points with their indices in their series, as drawn.

    `at`, in data, gives the positions of points without marks, or the corners of pictures; `said` goes to
    the page unchanged, as JSON.
    """
    places = [(float(x), float(y)) for x, y in at]
    artist.set_gid(json.dumps([kind, series, [int(point) for point in points], panel, places, said]))


def attributes(figure: Figure, table: Table) -> dict[str, str]:
    """Gives the marked artists of a figure with settled layout new ids, and returns attributes by id.

    Raises ValueError if a point has no row in the table.
    """
    rows = {row.mark: number for number, row in enumerate(table.rows) if row.mark is not None}
    series = {name: number for number, name in enumerate(table.series)}
    found: dict[str, str] = {}
    for ax, artist in _artists(figure):
        gid = artist.get_gid()
        if gid is None:
            continue
        kind, name, points, panel, places, told = json.loads(gid)
        said = {"series": str(series[name])} if name in series else {}
        if points:
            marks = [Mark(name, point, panel) for point in points]
            if missing := [one for one in marks if one not in rows]:
                raise ValueError(f"the table has no row for {missing[0]}")
            said["rows"] = " ".join(str(rows[one]) for one in marks)
        if places:
            said["at"] = _places(ax, places)
        said |= _of_kind(kind, ax, artist)
        if told is not None:
            said[kind] = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        key = f"mark{len(found)}"
        artist.set_gid(key)
        found[key] = " ".join(f'data-{name}="{escape(value)}"' for name, value in said.items())
    return found


def _artists(figure: Figure) -> Iterator[tuple[Axes, Artist]]:
    for ax in figure.axes:
        for artist in (
            ax,
            ax.xaxis,
            ax.yaxis,
            ax.xaxis.label,
            ax.yaxis.label,
            *ax.lines,
            *ax.patches,
            *ax.texts,
        ):
            yield ax, artist


def _of_kind(kind: Kind, ax: Axes, artist: Artist) -> dict[str, str]:
    if kind in ("log-x", "log-y"):
        box, height = ax.get_window_extent(), _height(ax)
        limits = ax.get_xlim() if kind == "log-x" else ax.get_ylim()
        return {
            "log": kind[-1],
            "limits": " ".join(f"{limit:.9g}" for limit in limits),
            "box": " ".join(f"{side:.2f}" for side in (box.x0, height - box.y1, box.x1, height - box.y0)),
        }
    if kind == "bars" and isinstance(artist, Line2D):
        across = ax.get_yscale() == "log"
        ends = np.asarray(artist.get_ydata() if across else artist.get_xdata(), dtype=float)
        return {"bars": " ".join(f"{end:.6g}" for end in ends[np.isfinite(ends)])}
    if kind == "moves" and isinstance(artist, Annotation):
        return {"moves": _places(ax, [artist.xy])}
    return {} if kind in ("ink", "marks", "points", "tiles", "colours") else {kind: ""}


def _places(ax: Axes, places: Sequence[tuple[float, float]]) -> str:
    """Coordinates x and y in the drawing, in points from its upper left corner, of places in data."""
    x, y = np.asarray(ax.transData.transform(places), dtype=float).T
    return " ".join(f"{a:.2f} {b:.2f}" for a, b in zip(x, _height(ax) - y, strict=True))


def _height(ax: Axes) -> float:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return float(figure.bbox.height)
