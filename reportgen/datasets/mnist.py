"""MNIST from its original files, found on this computer and verified."""

from __future__ import annotations

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np

from reportgen.datasets.dataset import Dataset, Levels, from_levels
from reportgen.errors import DataError, MissingDataError

FILES = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
}
"""Name → SHA-256 of the files as LeCun, Cortes and Burges published them."""
HEADER = 16
"""Bytes before the pixels: magic number, count, rows, columns, big-endian 32-bit each."""
MAGIC = 2051


def load() -> Dataset:
    """60,000 training and 10,000 test images of 28×28 pixels."""
    train, test = (_read(folder() / name, digest) for name, digest in FILES.items())
    return from_levels(
        "mnist",
        "MNIST (28×28)",
        train,
        test,
        highest=255,
        shape=(28, 28),
        binarize="each draw",
        citation="lecun1998",
    )


def folder() -> Path:
    """Where the files are looked for: $REPORTGEN_DATA/mnist, else the user's data directory."""
    declared = os.environ.get("REPORTGEN_DATA")
    if declared:
        return Path(declared).expanduser() / "mnist"
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home).expanduser() / "reportgen" / "mnist"


def _read(path: Path, digest: str) -> Levels:
    try:
        packed = path.read_bytes()
    except OSError as error:
        text = (
            f"data set mnist: needs {path}, which cannot be read ({error.strerror}). "
            f"Put {' and '.join(FILES)} there, or set REPORTGEN_DATA to the folder that holds mnist/."
        )
        if isinstance(error, FileNotFoundError):
            raise MissingDataError(text, "mnist") from error
        raise DataError(text) from error
    found = hashlib.sha256(packed).hexdigest()
    if found != digest:
        raise DataError(
            f"data set mnist: {path} must have SHA-256 {digest[:12]}…, found {found[:12]}… "
            f"({len(packed)} bytes): damaged or another file. Delete it and fetch it again."
        )
    return decode(gzip.decompress(packed))


def decode(content: bytes) -> Levels:
    """Images of an IDX file, [n rows·columns]."""
    magic, count, rows, columns = (int(n) for n in np.frombuffer(content, ">u4", 4))
    if magic != MAGIC or len(content) != HEADER + count * rows * columns:
        raise DataError(f"data set mnist: not an IDX file of images (magic {magic}, {len(content)} bytes).")
    return np.frombuffer(content, np.uint8, offset=HEADER).reshape(count, rows * columns)
