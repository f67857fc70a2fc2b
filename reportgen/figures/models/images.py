"""What judged models generate: reconstructions of test images, and samples from the prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reportgen.figures.captions import sentences
from reportgen.figures.drafting.labels import wrapped
from reportgen.figures.drafting.style import SMALL, new_figure
from reportgen.figures.drafting.table import Column, Row, Table
from reportgen.figures.model_grid import first_alone, grid
from reportgen.findings import Findings, prose

Array = NDArray[np.float64]

SHOWN = 9
"""Images of each kind in a row."""
SIDE = 28
"""Least number of pixels on an image's longer side, to which it is enlarged without blurring."""
GAP = 0.12
"""Gap between images, relative to their height."""
ROW = 7.0
"""Height of a row, mm."""


@dataclass(frozen=True)
class Pictures:
    """A row of images in [0, 1]: a model's reconstructions [n p] and samples [n p], or only originals."""

    title: str
    left: Array
    right: Array | None


@dataclass(frozen=True)
class ModelImages:
    """Rows from the top; originals are above their reconstructions."""

    shape: tuple[int, int]
    rows: tuple[Pictures, ...]
    models: int


def data(findings: Findings) -> ModelImages | None:
    """Images of every judged model; originals are repeated only where they change."""
    table = grid(findings)
    if table is None:
        return None
    rows: list[Pictures] = []
    shape, count, before = (0, 0), 0, np.empty((0, 0))
    for row, column, model in table.models:
        record = model.record
        if record is None or (shape[0] and record.shape != shape):
            continue
        shape, count = record.shape, count + 1
        originals = record.arrays["originals"][:SHOWN]
        if originals.shape != before.shape or not np.array_equal(originals, before):
            rows.append(Pictures("test images", originals, None))
            before = originals
        rows.append(
            Pictures(
                table.name(row, column),
                record.arrays["reconstructions"][:SHOWN],
                record.arrays["samples"][:SHOWN],
            )
        )
    return ModelImages(shape, tuple(rows), count) if count else None


def draw(data: ModelImages) -> Figure:
    """Two blocks of images side by side, one row per model."""
    figure = new_figure(8 + ROW * len(data.rows))
    left, right = figure.subplots(1, 2, squeeze=False)[0]
    _block(left, [row.left for row in data.rows], data.shape)
    _block(right, [row.right for row in data.rows], data.shape)
    left.set_title("Reconstructions")
    right.set_title("Samples from the prior")
    titles = [wrapped(row.title, 22, 2) for row in data.rows]
    left.set_yticks([i + 0.5 for i in range(len(titles))], titles, fontsize=SMALL)
    right.set_yticks([])
    return figure


def _block(ax: Axes, rows: list[Array | None], shape: tuple[int, int]) -> None:
    """One raster of all rows, transparent between the images: dark ink where a pixel is 1."""
    height, width = shape
    most = max((len(row) for row in rows if row is not None), default=1)
    scale = -(-SIDE // max(shape))
    step = round(height * scale * (1 + GAP)), round(width * scale * (1 + GAP))
    before = (step[0] - height * scale) // 2, (step[1] - width * scale) // 2  # half a gap, at the edges too
    picture = np.zeros((step[0] * len(rows), step[1] * most, 4))
    for r, images in enumerate(rows):
        for c, image in enumerate(() if images is None else images):
            tile = np.kron(image.reshape(shape), np.ones((scale, scale)))
            corner = r * step[0] + before[0], c * step[1] + before[1]
            where = picture[corner[0] :, corner[1] :][: tile.shape[0], : tile.shape[1]]
            where[..., :3], where[..., 3] = 1.0 - np.clip(tile, 0.0, 1.0)[..., None], 1.0
    ax.imshow(
        (picture * 255).round().astype(np.uint8),
        interpolation="none",
        extent=(0.0, most * step[1] / step[0], len(rows), 0.0),
    )
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def table(data: ModelImages) -> Table:
    """One row per image, with the mean of its pixels: the pixels themselves are the picture."""
    columns = (
        Column("Model", heads=True),
        Column("Image"),
        Column("Number"),
        Column("Mean of its pixels", form="number"),
    )
    rows = (
        Row((row.title, kind, number, float(image.mean())))
        for row in data.rows
        for kind, images in (("original" if row.right is None else "reconstruction", row.left),
                             ("sample", row.right))
        for number, image in enumerate(() if images is None else images, 1)
    )  # fmt: skip
    return Table(columns, tuple(rows))


def caption(findings: Findings, data: ModelImages) -> str:
    """What is drawn, and how it was drawn."""
    rows = ", one model per row" * (data.models > 1)
    return sentences(
        f"Left: binarized test images, and below them the decoder’s means at one draw from q for each{rows}.",
        "Right: the decoder’s means at draws from the prior.",
        first_alone(findings),
        "The first of each are shown, without selection.",
    )


def alt(data: ModelImages) -> str:
    """The kinds and numbers of images."""
    shown = len(data.rows[0].left)
    return (
        f"Grids of small images of {prose.in_words(data.models)} models: of each {shown} reconstructions,"
        f" beneath their originals, and {shown} samples."
    )
