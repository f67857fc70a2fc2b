"""MNIST from its original files."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from reportgen.datasets.dataset import Levels
from reportgen.datasets.files import File
from reportgen.datasets.source import Layout, Parts, Source
from reportgen.errors import DataError

SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
}
"""SHA-256 of the files as LeCun, Cortes and Burges published them."""
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
HEADER = 16
"""Bytes before the pixels: magic number, count, rows, columns, big-endian 32-bit each."""
MAGIC = 2051


def read(paths: Sequence[Path]) -> Parts:
    """Training and test images, [n 784]."""
    train, test = (decode(gzip.decompress(path.read_bytes())) for path in paths)
    return train, test


def decode(content: bytes) -> Levels:
    """Images of an IDX file, [n rows·columns]."""
    if len(content) < HEADER:
        raise DataError(f"not an IDX file of images ({len(content)} bytes)")
    magic, count, rows, columns = (int(n) for n in np.frombuffer(content, ">u4", 4))
    if magic != MAGIC or len(content) != HEADER + count * rows * columns:
        raise DataError(f"not an IDX file of images (magic {magic}, {len(content)} bytes)")
    return np.frombuffer(content, np.uint8, offset=HEADER).reshape(count, rows * columns)


SOURCE = Source(
    name="mnist",
    title="MNIST (28×28)",
    called="MNIST",
    about="MNIST from its original files.",
    shape=(28, 28),
    counts=(60_000, 10_000),
    highest=255,
    binarize="each draw",
    citation="lecun1998",
    licence="none stated with the files; © Yann LeCun and Corinna Cortes",
    split="The split is the published one; Burda et al. (2016) name 60,000 training images too.",
    layouts=(
        Layout(
            tuple(
                File(f"mnist/{name}", digest, tuple(mirror + name for mirror in MIRRORS))
                for name, digest in SHA256.items()
            ),
            read,
        ),
    ),
)
