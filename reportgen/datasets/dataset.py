"""What a data set is: two arrays of grey levels, and where they come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class Dataset:
    """Images as rows of grey levels in [0, 1], split once and for all."""

    name: str
    title: str
    train: Pixels = field(repr=False)
    """[n pixels] float32."""
    test: Pixels = field(repr=False)
    """[n pixels] float32."""
    shape: tuple[int, int]
    """Height and width; their product is `pixels`."""
    digest: str
    """SHA-256 (hex) of both parts, so that a cell's key changes with the data."""
    binarize: Literal["each draw", "fixed"]
    """Whether a grey level is the probability of a white pixel, drawn afresh each
    time (Burda et al., 2016, section 5), or the images are binary already."""
    citation: str
    """Key in the report's bibliography."""

    @property
    def pixels(self) -> int:
        """Pixels an image."""
        return self.shape[0] * self.shape[1]


def from_levels(
    name: str,
    title: str,
    train: Levels,
    test: Levels,
    *,
    highest: int,
    shape: tuple[int, int],
    binarize: Literal["each draw", "fixed"],
    citation: str,
) -> Dataset:
    """A data set from integer grey levels 0 … `highest`, [n pixels] each; the digest is of the levels."""
    digest = hashlib.sha256()
    for part in (train, test):
        digest.update(f"{part.shape}{highest};".encode())
        digest.update(np.ascontiguousarray(part).tobytes())

    def scaled(part: Levels) -> Pixels:
        return part.astype(np.float32) / np.float32(highest)

    return Dataset(name, title, scaled(train), scaled(test), shape, digest.hexdigest(), binarize, citation)
