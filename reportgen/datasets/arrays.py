"""Arrays from NumPy's and MATLAB's files, by name; errors say what a file lacks."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.errors import DataError

Array = NDArray[Any]


def array(path: Path) -> Array:
    """The array of an npy file. Anything else raises an exception; nothing is unpickled."""
    with open(path, "rb") as content:
        return np.asarray(np.lib.format.read_array(content, allow_pickle=False))


def packed(path: Path, names: Sequence[str]) -> list[Array]:
    """Arrays of an npz file, which must be of unsigned bytes. Raises DataError if they are not there."""
    if not zipfile.is_zipfile(path):
        raise DataError("not an npz file")
    with np.load(path, allow_pickle=False) as content:
        found = _named(content, names)
    for name, values in zip(names, found, strict=True):
        if values.dtype != np.uint8:
            raise DataError(f"needs {name} as uint8, found {values.dtype}")
    return found


def matrices(path: Path, names: Sequence[str]) -> list[Array]:
    """Matrices of a MATLAB file. Raises DataError if it is none, is of version 7.3, or lacks a matrix."""
    from scipy.io import loadmat

    try:
        content = loadmat(str(path), appendmat=False, variable_names=list(names))
    except MemoryError:
        raise
    except Exception as error:  # on damaged files scipy raises all kinds
        raise DataError(f"not a whole MATLAB file of version 5 to 7 ({error})") from error
    return _named(content, names)


def _named(content: Mapping[str, Array], names: Sequence[str]) -> list[Array]:
    for name in names:
        if name not in content:
            raise DataError(f"needs an array called {name}, not there")
    return [content[name] for name in names]
