"""MNIST in the fixed binarization of Larochelle & Murray (2011)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reportgen.datasets.arrays import packed
from reportgen.datasets.dataset import Levels
from reportgen.datasets.files import File
from reportgen.datasets.source import Layout, Parts, Source
from reportgen.errors import DataError
from reportgen.streams import stream

PLACE = "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/"
PIXELS = 784
COUNTS = (50_000, 10_000)


def read_text(paths: Sequence[Path]) -> Parts:
    """From the two published text files, one image per line."""
    train, test = (decode(path.read_bytes()) for path in paths)
    return shuffled(train, test)


def read_packed(paths: Sequence[Path]) -> Parts:
    """From an npz with keys train and test, each [n 98] uint8: eight pixels per byte, highest bit first."""
    train, test = (np.unpackbits(part, axis=1)[:, :PIXELS] for part in packed(paths[0], ["train", "test"]))
    return shuffled(train, test)


def decode(content: bytes) -> Levels:
    """Images of a text of zeros and ones, [n 784]: one per line, pixels separated by spaces."""
    lines = [line.translate(None, b" \t\r") for line in content.split(b"\n")]
    images = [line for line in lines if line]
    for number, image in enumerate(images, 1):
        if len(image) != PIXELS:
            raise DataError(f"needs {PIXELS} pixels in each line, found {len(image)} in image {number}")
    levels = np.frombuffer(b"".join(images), np.uint8).reshape(-1, PIXELS)
    if np.any((levels != ord("0")) & (levels != ord("1"))):
        raise DataError("needs zeros and ones alone")
    return levels - np.uint8(ord("0"))


def shuffled(train: Levels, test: Levels) -> Parts:
    """Both parts, the test images in a fixed random order; in the files they are sorted by label."""
    return train, test[stream(0, "mnist_fixed", "test").permutation(len(test))]


SOURCE = Source(
    name="mnist_fixed",
    title="MNIST (28×28), fixed binarization",
    called="fixed-binarization MNIST",
    about="MNIST in the fixed binarization of Larochelle & Murray (2011).",
    shape=(28, 28),
    counts=COUNTS,
    highest=1,
    binarize="fixed",
    citation="larochelle2011",
    licence="none stated with the files; MNIST © Yann LeCun and Corinna Cortes",
    split=(
        "The split is the published one without its 10,000 validation images, which the code of Burda et "
        "al. (2016) also holds out. The test images, sorted by label in the file, are in one fixed random "
        "order."
    ),
    layouts=(
        Layout((File("binarized_mnist/binarized_mnist_packed.npz"),), read_packed),
        Layout(
            tuple(
                File(f"binarized_mnist/{name}", addresses=(PLACE + name,))
                for name in ("binarized_mnist_train.amat", "binarized_mnist_test.amat")
            ),
            read_text,
        ),
    ),
)
