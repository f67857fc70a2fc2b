"""Data of the figure of noise in the image: maps for each estimator, checkpoint and unit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.figures.drafting.colour_scale import Array
from reportgen.figures.reading import named, pair, title_of, unbiased
from reportgen.findings import Estimate, Findings, prose
from reportgen.findings.choice import evenly

COLUMNS = 4
"""The most checkpoints shown."""


@dataclass(frozen=True)
class Row:
    """One estimator's maps, each [H W]; None if the cell broke."""

    label: str
    title: str
    maps: tuple[Array | None, ...]
    """One map per checkpoint."""
    relative: Array | None
    """Ratio to the reference's variance at the last checkpoint, relative to that of all weights; None for the
    reference."""
    ratio: Estimate
    """Ratio to the reference's variance of all weights, at the last checkpoint."""
    units: tuple[Array, ...]
    """Single units' maps at the last checkpoint."""


@dataclass(frozen=True)
class NoiseInImage:
    """Rows of maps, on one scale."""

    objective: str
    shape: tuple[int, int]
    checkpoints: tuple[int, ...]
    titles: tuple[str, ...]
    """Titles of the checkpoints."""
    mean: Array
    """The mean of the measured images."""
    bright: NDArray[np.bool_]
    dead: int
    layer_units: int
    units: tuple[int, ...]
    """Numbers of the units shown, from 1."""
    reference: str
    rows: tuple[Row, ...]
    pair: tuple[tuple[str, Estimate], ...]
    """Name and share of the brighter half, for the two estimators in `reading.pair`."""
    error: float
    """Median relative half-width of the 95 % interval of a single pixel's variance."""
    headings: tuple[str, str, str]
    """Headings of the checkpoints, the ratios and the units."""
    relative: tuple[str, Array] | None
    """Name and `Row.relative` of the first in `reading.pair`, else of another row; None if none has it."""


def data(findings: Findings) -> NoiseInImage | None:
    """Maps of unbiased estimators under the first objective; None if no layer sees images."""
    layer = findings.first_layer()
    if layer is None:
        return None
    measured = findings.checkpoints
    chosen = evenly(measured, COLUMNS)
    reference = findings.reference()
    base = findings.pixel_noise(reference)
    rows, errors = [], []
    for label in findings.compared():
        if not unbiased(findings, label):
            continue
        found = [findings.pixel_noise(label, checkpoint=epoch) for epoch in chosen]
        last = found[-1]
        if last is None or not (last.variance > 0).any():
            continue
        relative = None
        if base is not None and label != reference and (base.variance > 0).any():
            relative = over(last.variance, base.variance)
        errors.append(last.error[np.isfinite(last.error)])
        rows.append(
            Row(
                label,
                title_of(findings, label),
                tuple(None if one is None else one.variance for one in found),
                relative,
                findings.of_first_layer("pixel_variance_ratio", label),
                tuple(last.units),
            )
        )
    if not rows:
        return None
    against = sorted(rows, key=lambda row: row.label != (pair(findings) or ("",))[0])
    sides = [label for label in pair(findings) or (reference,) if label in [row.label for row in rows]]
    return NoiseInImage(
        findings.objectives[0],
        layer.shape,
        chosen,
        tuple(prose.count(epoch) for epoch in chosen) if findings.vocabulary.trained else ("",),
        layer.mean,
        layer.bright,
        layer.dead,
        layer.units,
        layer.shown,
        title_of(findings, reference),
        tuple(rows),
        tuple(
            (named(findings, label), findings.of_first_layer("bright_pixel_share", label)) for label in sides
        ),
        float(np.median(np.concatenate(errors))),
        headings(findings),
        next(
            ((named(findings, row.label), row.relative) for row in against if row.relative is not None), None
        ),
    )


def headings(findings: Findings) -> tuple[str, str, str]:
    """Headings above the columns of checkpoints, of ratios, and of units."""
    v, layer = findings.vocabulary, findings.first_layer()
    several = layer is not None and len(layer.shown) > 1
    return (f"at {v.round}" if v.trained else "", "relative to", "single units" if several else "unit")


def over(above: Array, below: Array) -> Array:
    """Ratio by pixel relative to the ratio of the sums; NaN where a pixel has no variance."""
    found = np.full_like(above, math.nan)
    np.divide(above, below, out=found, where=(above > 0) & (below > 0))
    return np.asarray(found * (below.sum() / above.sum()))
