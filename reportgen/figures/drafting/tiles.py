"""Small pictures side by side in one raster, so that a page draws one image however many there are."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from reportgen.figures.drafting.colour_scale import Array, as_bytes
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.style import COLUMN, INK, MUTED

STORED = 112
"""Least number of pixels on a tile's longer side, to which it is enlarged without blurring."""


class Canvas:
    """All tiles in one raster, transparent between them, with their frames."""

    def __init__(self, width: float, total: float, shape: tuple[int, int]) -> None:
        """For tiles `width` mm wide, on a sheet `total` mm high, of pictures of `shape` pixels."""
        self.times = -(-STORED // max(shape))
        self.dots = shape[1] * self.times / width
        """Pixels per millimetre."""
        size = round(total * self.dots) + 1, round(COLUMN * self.dots) + 1
        self.picture = np.zeros((*size, 4), dtype=np.uint8)
        self.tile = shape[0] * self.times, shape[1] * self.times
        self.frames: list[tuple[float, float]] = []
        self.shape = shape
        self.named: list[tuple[str, str, int]] = []
        self.corners: list[tuple[float, float]] = []

    def put(
        self, x: float, y: float, picture: Array | None, of: str = "", name: str = "", bar: int = 0
    ) -> None:
        """Puts an image with its upper left corner at (x, y), mm; without one, an empty frame.

        `of` and `name` say whose it is and what it shows; `bar` is the number of its colour bar.
        """
        top, left = round(y * self.dots), round(x * self.dots)
        bottom, right = top + self.tile[0], left + self.tile[1]
        if picture is not None:
            enlarged = picture.repeat(self.times, 0).repeat(self.times, 1)
            self.picture[top:bottom, left:right] = as_bytes(enlarged)
            self.named.append((of, name, bar))
            self.corners += [(left / self.dots, top / self.dots), (right / self.dots, bottom / self.dots)]
        corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
        self.frames += [(x / self.dots, y / self.dots) for x, y in corners]
        self.frames.append((math.nan, math.nan))

    def draw(self, ax: Axes) -> None:
        """Draws the raster onto axes whose data are millimetres."""
        height, width = self.picture.shape[:2]
        extent = (0, width / self.dots, height / self.dots, 0)
        limits = ax.get_xlim(), ax.get_ylim()
        ax.imshow(self.picture, extent=extent, interpolation="none", aspect="auto")
        ax.plot(*zip(*self.frames, strict=True), color=INK, linewidth=0.4, alpha=MUTED, zorder=3)
        ax.set_xlim(limits[0])
        ax.set_ylim(limits[1])
        words = sorted({word for *names, _ in self.named for word in names})
        tiles = [(words.index(of), words.index(name), bar) for of, name, bar in self.named]
        mark(ax, "tiles", at=self.corners, said=(self.shape, words, tiles))
