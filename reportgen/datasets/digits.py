"""Handwritten digits of 8×8 pixels, shipped inside scikit-learn: no download."""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from reportgen.datasets.dataset import Levels
from reportgen.datasets.source import Parts, Source
from reportgen.errors import DataError
from reportgen.streams import stream

TRAIN = 1500
"""Of 1797 images; the other 297 are the test part."""


def read() -> Parts:
    """The optical digits of Alpaydin & Kaynak (1998), 1500 for training and 297 for testing."""
    levels = _levels()
    order = stream(0, "digits", "split").permutation(len(levels))
    return levels[order[:TRAIN]], levels[order[TRAIN:]]


def _levels() -> Levels:
    """All images, [1797 64]; the file is read without importing scikit-learn, which takes a second."""
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise DataError("data set digits: needs scikit-learn, not installed. Run pip install scikit-learn.")
    path = Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if path.is_file():
        with gzip.open(path, "rb") as lines:
            table = np.loadtxt(lines, delimiter=",", dtype=np.float64)
        return table[:, :-1].astype(np.uint8)
    from sklearn.datasets import load_digits

    pixels = np.asarray(load_digits(return_X_y=True)[0])
    return pixels.astype(np.uint8)


SOURCE = Source(
    name="digits",
    title="scikit-learn digits (8×8)",
    called="digits",
    about="Handwritten digits of 8×8 pixels, shipped inside scikit-learn: no download.",
    shape=(8, 8),
    counts=(TRAIN, 297),
    highest=16,
    binarize="each draw",
    citation="alpaydin1998",
    licence="CC BY 4.0",
    split="They were divided by one fixed permutation, since they come ordered by writer.",
    built_in=read,
)
