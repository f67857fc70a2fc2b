"""What a data set is: two arrays of grey levels, and where they come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
Levels = NDArray[np.uint8]
Part = Levels | Pixels
"""Images as rows, [n pixels]: integer grey levels, or float32 ones in [0, 1]."""
Binarize = Literal["each draw", "fixed"]


@dataclass(frozen=True)
class Dataset:
    """Images as rows of grey levels in [0, 1], in a training and a test part that never change."""

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
    binarize: Binarize
    """Whether a grey level is the probability of a white pixel, which is drawn anew each
    time (Burda et al., 2016, section 5), or the images are binary already."""
    citation: str
    """Key in the report's bibliography."""
    split: str = ""
    """How the images were divided, as a sentence."""
    caution: str = ""
    """What numbers from these images must not be compared with, as a sentence; empty if there is nothing."""

    @property
    def pixels(self) -> int:
        """Number of pixels of an image."""
        return self.shape[0] * self.shape[1]


def from_levels(
    name: str,
    title: str,
    train: Part,
    test: Part,
    *,
    highest: int,
    shape: tuple[int, int],
    binarize: Binarize,
    citation: str,
    split: str = "",
    caution: str = "",
) -> Dataset:
    """A data set from grey levels, [n pixels] each, with the digest of these levels.

    Integers are from 0 to `highest`; floats are in [0, 1] already.
    """
    stored, scale, white = ("u1", str(highest), highest) if train.dtype == np.uint8 else ("<f4", "float32", 1)
    digest = _digest(train.astype(stored), test.astype(stored), scale)

    def scaled(part: Part) -> Pixels:
        return part.astype(np.float32) / np.float32(white)

    return Dataset(
        name, title, scaled(train), scaled(test), shape, digest, binarize, citation, split, caution
    )


def _digest(train: NDArray[np.generic], test: NDArray[np.generic], scale: str) -> str:
    digest = hashlib.sha256()
    for part in (train, test):
        digest.update(f"{part.shape}{scale};".encode())
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()
