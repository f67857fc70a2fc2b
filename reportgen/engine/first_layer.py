"""The layer that sees the images themselves, whose weights are pictures: which units, which weight to show.

The gradient of the weight from pixel p to unit o is x_p times that of the unit's bias, estimate by
estimate. Summed over units its variance is a part of the layer's total variance that the image alone
decides, and needs no array of its own (see `reportgen.findings.statistics.pixels`). What that does not
tell is kept here: maps of single units, and how the estimates of one weight are spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reportgen.engine.arrays import Array
from reportgen.store.records import WEIGHT_BINS, WEIGHT_REACH
from reportgen.store.shapes import FIXED, OF_FIRST_LAYER, shape_of

UNITS = 3
"""Units whose maps are kept."""
ESTIMATES = 4096
"""Fresh estimates of the weight that are wanted of an arm, where it spends few samples on each."""
FEW, FEWEST = 4, 512
"""So many samples, and the estimates that are wanted of an arm that spends more."""


@dataclass(frozen=True)
class FirstLayer:
    """A linear layer that sees the images as they are; coordinates are its weights row by row."""

    group: str
    pixels: Tensor
    """x, [I pixels], float64."""
    units: int
    shape: tuple[int, int]
    """Height and width of an image."""

    def maps(self, coordinates: Tensor) -> Tensor:
        """The weights among the group's coordinates, [units pixels]."""
        pixels = self.pixels.shape[1]
        return coordinates[: self.units * pixels].view(self.units, pixels)

    def blank(self, arms: int) -> dict[str, Array]:
        """The arrays of this layer that have an axis of arms, NaN throughout."""
        height, width = self.shape
        sizes = {"A": arms, "U": min(UNITS, self.units), "H": height, "W": width, **FIXED}
        return {
            name: np.full(shape_of(axes, sizes), np.nan)
            for name, axes in OF_FIRST_LAYER.items()
            if axes.startswith("A")
        }

    def arrays(self, maps: Mapping[int, Tensor], first: int, arms: int) -> dict[str, Array]:
        """All arrays of this layer but that of one weight, whose numbers are NaN as yet.

        `maps` are the variances [units pixels] of some of the arms, with the reference's, the `first`.
        """
        units, out = noisiest(maps[first]), self.blank(arms)
        for a, one in maps.items():
            out["unit_pixels"][a] = one[units].reshape(-1, *self.shape).numpy()
        pictures = self.pixels.reshape(-1, *self.shape).numpy()
        return {"pixels": pictures, "units": units.double().numpy(), **out}


@dataclass(frozen=True)
class Weight:
    """One weight at one image."""

    image: int
    """Its place among the images."""
    unit: int
    pixel: int

    def array(self, shape: tuple[int, int]) -> Array:
        """As a record has it: image, unit, row and column, counted from 0."""
        return np.array([self.image, self.unit, *divmod(self.pixel, shape[1])], dtype=np.float64)


def noisiest(maps: Tensor) -> Tensor:
    """Numbers of the units whose weights have most variance together, the highest first."""
    return torch.argsort(maps.sum(1), descending=True, stable=True)[:UNITS]


def typical_image(variance: Array) -> int:
    """The image whose variance [I] is the median; the lower one of two in the middle."""
    return int(np.argsort(variance, kind="stable")[(len(variance) - 1) // 2])


def typical_weight(image: int, maps: Tensor, x: Tensor, alive: Tensor) -> Weight | None:
    """The weight whose variance, mean over images, is the median of those that have a gradient at one image.

    `maps` are the variances [units pixels], x the image [pixels], and `alive` says of each unit whether
    anything comes through it there. None where nothing does.
    """
    live = ((maps > 0) & (x != 0) & alive.unsqueeze(1)).flatten().nonzero().squeeze(1)
    if not len(live):
        return None
    order = torch.argsort(maps.flatten()[live], stable=True)
    return Weight(image, *divmod(int(live[order[(len(live) - 1) // 2]]), maps.shape[1]))


def samples_for(longest: int) -> int:
    """Fresh samples at one image, for arms of at most so many samples an estimate; an even number."""
    return max(ESTIMATES * min(longest, FEW), FEWEST * longest)


def put_weight(out: dict[str, Array], arm: int, mean: float, variance: float | None, drawn: Tensor) -> None:
    """The estimates `drawn` [R], as counts about `mean` in units of the standard deviation.

    `variance` is that of the moments, where they tell it; else it is that of the estimates drawn. What is
    not finite, or does not vary, leaves no counts.
    """
    spread = float(drawn.var())
    scale = spread if variance is None else variance
    out["weight_mean"][arm], out["weight_variance"][arm] = mean, scale
    if not (scale > 0.0 and np.isfinite([mean, scale, spread]).all()):
        return
    out["weight_drawn"][arm] = float(drawn.mean()), spread
    away = (drawn.numpy() - mean) / np.sqrt(scale)
    edges = np.linspace(-WEIGHT_REACH, WEIGHT_REACH, WEIGHT_BINS + 1)
    out["weight_counts"][arm] = np.histogram(away, [-np.inf, *edges, np.inf])[0]
