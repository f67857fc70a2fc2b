"""Handwritten digits of 8×8 pixels, shipped inside scikit-learn: no download."""

from __future__ import annotations

import gzip

import numpy as np

from reportgen.datasets.dataset import Levels
from reportgen.datasets.scikit_learn import data_file
from reportgen.datasets.source import Parts, Source
from reportgen.streams import stream

TRAIN = 1500
"""Training images, of 1797; the other 297 are the test part."""


def read() -> Parts:
    """The optical digits of Alpaydin & Kaynak (1998), 1500 for training and 297 for testing."""
    levels = _levels()
    order = stream(0, "digits", "split").permutation(len(levels))
    return levels[order[:TRAIN]], levels[order[TRAIN:]]


def _levels() -> Levels:
    """All images, [1797 64]."""
    path = data_file("digits", "digits.csv.gz")
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
    split="The images come ordered by writer; one fixed permutation divided them.",
    built_in=read,
)
