"""Data files that come with scikit-learn, found without importing it, which takes a second."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from reportgen.errors import DataError


def data_file(dataset: str, name: str) -> Path:
    """Where a file of this name would be. Without scikit-learn, raises DataError, which names `dataset`."""
    found = find_spec("sklearn")
    if found is None or found.origin is None:
        raise DataError(
            f"data set {dataset}: needs scikit-learn, not installed. Run pip install scikit-learn."
        )
    return Path(found.origin).parent / "datasets" / "data" / name
