"""Numbers as colours: logarithmic scales, between two values or about 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

Array = NDArray[np.float64]

NINE_TENTHS = (0.05, 0.95)
ENDS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""Values at which a scale about 1 may end."""


@dataclass(frozen=True)
class Scale:
    """A logarithmic colour scale."""

    low: float
    high: float
    name: str
    about_one: bool = False
    """Whether it is symmetric about 1, and values beyond its ends take the colours of the ends."""

    @classmethod
    def of(cls, maps: Sequence[Array], name: str) -> Scale:
        """A scale from the least to the greatest positive value, spanning at least a factor of two."""
        values = np.concatenate([one[np.isfinite(one) & (one > 0)] for one in maps])
        low, high = float(values.min()), float(values.max())
        if high / low < 2:
            low, high = low / math.sqrt(2), high * math.sqrt(2)
        return cls(low, high, name)

    @classmethod
    def relative(cls, values: Array, name: str) -> Scale:
        """A scale symmetric about 1 for nine tenths of the values; those beyond take an end's colour."""
        low, high = (float(end) for end in np.nanquantile(values, NINE_TENTHS))
        reach = next((end for end in ENDS if end >= max(high, 1 / low)), ENDS[-1])
        return cls(1 / reach, reach, name, about_one=True)

    def coloured(self, values: Array) -> Array:
        """RGBA of values; transparent where a value is missing or not positive."""
        shown = np.isfinite(values) & (values > 0)
        at = np.log(np.where(shown, values, self.low) / self.low) / math.log(self.high / self.low)
        picture = np.array(colormaps[self.name](at))
        picture[..., 3] = shown
        return picture


def as_bytes(picture: Array) -> NDArray[np.uint8]:
    """Converts components from [0, 1] to bytes."""
    return (picture * 255).round().astype(np.uint8)
