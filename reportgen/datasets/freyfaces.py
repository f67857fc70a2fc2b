"""Frey faces: 1965 frames of one film of a face, 28×20 pixels, used by Kingma & Welling (2013)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reportgen.datasets.arrays import array, matrices
from reportgen.datasets.dataset import Levels
from reportgen.datasets.files import File
from reportgen.datasets.source import Layout, Parts, Source
from reportgen.errors import DataError
from reportgen.streams import stream

SHAPE = (28, 20)
COUNTS = (1765, 200)


def read_array(paths: Sequence[Path]) -> Parts:
    """From an array of all frames, [1965 28 20] uint8."""
    return divided(array(paths[0]))


def read_published(paths: Sequence[Path]) -> Parts:
    """From the published matrix ff, [560 1965]: each column is a frame, row by row."""
    (columns,) = matrices(paths[0], ["ff"])
    wanted = (SHAPE[0] * SHAPE[1], sum(COUNTS))
    if columns.shape != wanted:
        raise DataError(f"needs frames as columns, shape {wanted}, found {columns.shape}")
    return divided(columns.T.reshape(-1, *SHAPE))


def divided(frames: Levels) -> Parts:
    """Training and test part, [n 560], from all frames, [1965 28 20]."""
    if frames.dtype != np.uint8 or frames.shape != (sum(COUNTS), *SHAPE):
        wanted = (sum(COUNTS), *SHAPE)
        raise DataError(f"needs uint8 frames of shape {wanted}, found {frames.dtype} of shape {frames.shape}")
    rows = frames.reshape(len(frames), -1)
    order = stream(0, "freyfaces", "split").permutation(len(rows))
    return rows[order[: COUNTS[0]]], rows[order[COUNTS[0] :]]


SOURCE = Source(
    name="freyfaces",
    title="Frey faces (28×20)",
    called="Frey faces",
    about="Frey faces: 1965 frames of one film of a face, 28×20 pixels, used by Kingma & Welling (2013).",
    shape=SHAPE,
    counts=COUNTS,
    highest=255,
    binarize="each draw",
    citation="roweis2000",
    licence="none stated with the file",
    split=(
        "No split was published; one fixed permutation divided the images. They are frames of one film, so "
        "a test image has neighbours in the training part."
    ),
    caution=(
        "Grey levels are taken as probabilities of white pixels; likelihoods published for Frey faces are "
        "densities of the grey levels and must not be compared with these."
    ),
    layouts=(
        Layout((File("freyfaces/freyfaces_uint8.npy"),), read_array),
        Layout(
            (
                File(
                    "freyfaces/frey_rawface.mat",
                    addresses=("https://cs.nyu.edu/~roweis/data/frey_rawface.mat",),
                ),
            ),
            read_published,
        ),
    ),
)
