"""The layer whose inputs are the images themselves, so that its weights can be shown as pictures.

In every estimate, the gradient of the weight from pixel p to unit o is x_p times that of the unit's bias.
Its variance, summed over units, is therefore a share of the layer's total variance that the image alone
determines, and needs no array (see `reportgen.findings.statistics.pixels`). Recorded here is the rest:
variance maps of single units, and the distribution of the estimates of one weight.
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
"""Number of units whose maps are recorded."""
ESTIMATES = 4096
"""Fresh estimates of the weight for an arm with few samples per estimate (K ≤ `FEW`)."""
FEW, FEWEST = 4, 512
"""The largest K that counts as few, and the least number of estimates for an arm with a larger K."""


@dataclass(frozen=True)
class FirstLayer:
    """A linear layer whose inputs are the images; its coordinates are the weights row by row."""

    group: str
    pixels: Tensor
    """x, [I pixels], float64."""
    units: int
    shape: tuple[int, int]
    """Height and width of an image."""

    def maps(self, coordinates: Tensor) -> Tensor:
        """The entries for weights among those of all the group's coordinates, [units pixels]."""
        pixels = self.pixels.shape[1]
        return coordinates[: self.units * pixels].view(self.units, pixels)

    def blank(self, arms: int) -> dict[str, Array]:
        """The layer's arrays with an axis of arms, filled with NaN."""
        height, width = self.shape
        sizes = {"A": arms, "U": min(UNITS, self.units), "H": height, "W": width, **FIXED}
        return {
            name: np.full(shape_of(axes, sizes), np.nan)
            for name, axes in OF_FIRST_LAYER.items()
            if axes.startswith("A")
        }

    def arrays(self, maps: Mapping[int, Tensor], first: int, arms: int) -> dict[str, Array]:
        """The layer's arrays except ``weight``; those on the estimates of that weight are still NaN.

        `maps` are variances [units pixels] by arm, among them the reference's, whose index is `first`.
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
    """Its position among the images."""
    unit: int
    pixel: int

    def array(self, shape: tuple[int, int]) -> Array:
        """Image, unit, row and column, counted from 0, as in a record."""
        return np.array([self.image, self.unit, *divmod(self.pixel, shape[1])], dtype=np.float64)


def noisiest(maps: Tensor) -> Tensor:
    """Indices of the units whose weights have the largest total variance, in descending order."""
    return torch.argsort(maps.sum(1), descending=True, stable=True)[:UNITS]


def typical_image(variance: Array) -> int:
    """The image whose variance [I] is the median (the lower median, if I is even)."""
    return int(np.argsort(variance, kind="stable")[(len(variance) - 1) // 2])


def typical_weight(image: int, maps: Tensor, x: Tensor, alive: Tensor) -> Weight | None:
    """The weight of median variance (mean over images) among those with a gradient at this image.

    `maps` are the variances [units pixels], `x` is the image [pixels], and `alive` says which units have a
    nonzero gradient there. None if no weight has one.
    """
    live = ((maps > 0) & (x != 0) & alive.unsqueeze(1)).flatten().nonzero().squeeze(1)
    if not len(live):
        return None
    order = torch.argsort(maps.flatten()[live], stable=True)
    return Weight(image, *divmod(int(live[order[(len(live) - 1) // 2]]), maps.shape[1]))


def samples_for(longest: int) -> int:
    """Number of fresh samples at one image, for arms with K up to `longest`; an even number."""
    return max(ESTIMATES * min(longest, FEW), FEWEST * longest)


def put_weight(out: dict[str, Array], arm: int, mean: float, variance: float | None, drawn: Tensor) -> None:
    """Put the estimates `drawn` [R] of the weight, as counts about `mean` in units of the standard deviation.

    `variance` is that of the moments; None stands for that of the estimates drawn. If anything is not finite,
    or the estimates do not vary, the drawn moments and the counts stay NaN.
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
