"""Places numbers beside marks, each where it covers the least ink."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import INK, PAPER, SMALL, settle

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points."""

GAPS = (4.5, 10.0, 16.0, 24.0)
"""Distances in points tried between a mark and its number: near ones first, larger ones to avoid lines."""
FAR = 16.0
"""Gap from which a thin line connects the number with its mark."""
PER_POINT = 0.4
"""Cost of a point of distance, in points of covered line."""
LEADER = {"arrowstyle": "-", "linewidth": 0.5, "color": INK, "shrinkA": 0.0, "shrinkB": 3.0}
MARGIN = 1.0
"""Margin around a number that should be free too, in points."""


def number_marks(ax: Axes, marks: Sequence[tuple[float, float, str]]) -> None:
    """Writes texts beside marks: (x, y, text), x and y in data. Everything else must be drawn already.

    Each text takes the place around its mark that covers the least ink, inside the axes and clear of the
    numbers written before, and the nearest of equal ones. If a line still crosses it, it gets a background
    of paper. This computes the figure's layout, and keeps it.
    """
    figure = ax.get_figure(root=True)
    if not marks or figure is None:
        return
    settle(figure)
    area = ax.get_window_extent()
    inside = (area.x0, area.y0, area.x1, area.y1)
    dots = ink(ax)
    taken: list[Box] = []
    for x, y, text in marks:
        ruler = ax.text(x, y, text, fontsize=SMALL)
        size = ruler.get_window_extent()
        ruler.remove()
        at_x, at_y = (float(value) for value in ax.transData.transform((x, y)))
        found = []
        for gap, dx, dy in places(size.width, size.height):
            box = around(at_x + dx, at_y + dy, size.width + 2 * MARGIN, size.height + 2 * MARGIN)
            covered = under(box, dots)
            cost = covered + PER_POINT * gap + sum(1000 for other in taken if overlap(box, other))
            cost += 0 if within(box, inside) else 10_000
            found.append((cost, covered, gap, (dx, dy), box))
        _, covered, gap, offset, box = min(found, key=lambda one: one[0])
        taken.append(box)
        number = ax.annotate(
            text,
            (x, y),
            xytext=offset,
            textcoords="offset points",
            fontsize=SMALL,
            ha="center",
            va="center",
            annotation_clip=False,
            zorder=3.6,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6} if covered else None,
            arrowprops=LEADER if gap >= FAR else None,
        )
        mark(number, "moves")


def places(width: float, height: float) -> Iterator[tuple[float, float, float]]:
    """Candidate gaps and centres of a text, as offsets from its mark in points, the most natural first."""
    for gap in GAPS:
        up, across, slant = gap + height / 2, gap + width / 2, gap / 2 + width / 2
        beside = ((0.0, up), (0.0, -up), (across, 0.0), (-across, 0.0))
        corners = ((-slant, up), (slant, -up), (slant, up), (-slant, -up))
        for dx, dy in (*beside, *corners):
            yield gap, dx, dy


def ink(ax: Axes) -> Array:
    """Points along every line and mark of the axes, [n 2], at most a point of length apart."""
    found = [np.empty((0, 2))]
    for line in ax.lines:
        where = line.get_transform().transform(np.asarray(line.get_xydata(), dtype=float))
        where = np.asarray(where, dtype=float).reshape(-1, 2)
        known = np.isfinite(where).all(axis=1)
        if line.get_linestyle() not in ("None", "none", " ", ""):
            for start, end, drawn in zip(where[:-1], where[1:], known[:-1] & known[1:], strict=True):
                if drawn:
                    count = int(np.ceil(np.hypot(*(end - start)))) + 1
                    found.append(start + (end - start) * np.linspace(0, 1, count)[:, None])
        if line.get_marker() not in ("None", "none", " ", "", None):
            radius = line.get_markersize() / 2
            corners = radius * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
            found.append((where[known][:, None] + corners).reshape(-1, 2))
    return np.concatenate(found)


def around(x: float, y: float, width: float, height: float) -> Box:
    """The box of this size with its centre at (x, y)."""
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def under(box: Box, dots: Array) -> int:
    """How many of the points lie in the box."""
    low, high = np.array(box[:2]), np.array(box[2:])
    return int(((dots >= low) & (dots <= high)).all(axis=1).sum())


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share more than an edge."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def within(box: Box, outer: Box) -> bool:
    """Whether a box lies in another."""
    return box[0] >= outer[0] and box[1] >= outer[1] and box[2] <= outer[2] and box[3] <= outer[3]
