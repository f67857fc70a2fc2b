"""OMNIGLOT at 28×28 pixels, as Burda et al. (2016) have it: chardata.mat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reportgen.datasets.arrays import matrices
from reportgen.datasets.dataset import Pixels
from reportgen.datasets.files import File
from reportgen.datasets.source import Layout, Parts, Source
from reportgen.errors import DataError
from reportgen.streams import stream

SIDE = 28
COUNTS = (24_345, 8_070)


def read(paths: Sequence[Path]) -> Parts:
    """Training and test images, [n 784] float32, the test images in a fixed random order."""
    train, test = map(upright, matrices(paths[0], ["data", "testdata"]))
    return train, test[stream(0, "omniglot", "test").permutation(len(test))]


def upright(columns: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Pixels:
    """Images as rows, [n 784], from images as columns, [784 n], whose pixels are in column-major order."""
    if columns.ndim != 2 or len(columns) != SIDE * SIDE:
        raise DataError(f"needs images as columns of {SIDE * SIDE} pixels, found shape {columns.shape}")
    images = columns.T.reshape(-1, SIDE, SIDE).transpose(0, 2, 1)
    return images.reshape(-1, SIDE * SIDE).astype(np.float32)


SOURCE = Source(
    name="omniglot",
    title="OMNIGLOT (28×28)",
    called="OMNIGLOT",
    about="OMNIGLOT at 28×28 pixels, as Burda et al. (2016) have it: chardata.mat.",
    shape=(SIDE, SIDE),
    counts=COUNTS,
    highest=1,
    binarize="each draw",
    citation="lake2015",
    licence="MIT, © 2015 Brenden Lake (the original images)",
    split="The split is that of chardata.mat; the test images are in one fixed random order.",
    layouts=(
        Layout(
            (
                File(
                    "omniglot/chardata.mat",
                    addresses=(
                        "https://raw.githubusercontent.com/yburda/iwae/master/datasets/OMNIGLOT/chardata.mat",
                    ),
                ),
            ),
            read,
        ),
    ),
)
