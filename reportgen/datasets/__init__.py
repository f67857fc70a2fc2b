"""Data sets, one per file, and the table of them. No torch here."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from reportgen.datasets import (
    breast_cancer,
    digits,
    freyfaces,
    mnist,
    mnist_fixed,
    omniglot,
    omniglot_derived,
)
from reportgen.datasets.binarization import binarized
from reportgen.datasets.dataset import Dataset
from reportgen.datasets.source import Source
from reportgen.datasets.table import Table
from reportgen.errors import UsageError

DATASETS: dict[str, Source] = {
    "digits": digits.SOURCE,
    "mnist": mnist.SOURCE,
    "mnist_fixed": mnist_fixed.SOURCE,
    "omniglot": omniglot.SOURCE,
    "omniglot_derived": omniglot_derived.SOURCE,
    "freyfaces": freyfaces.SOURCE,
}
"""Name in a declaration → where it comes from and how it is read."""


TABLES: dict[str, Callable[[], Table]] = {
    "breast_cancer": breast_cancer.load,
}
"""Data of single models that are made for them; a declaration does not name these."""


def find(name: str) -> Dataset | Table:
    """Images or a table of numbers. Raises UsageError for a name that is in neither mapping."""
    return TABLES[name]() if name in TABLES else load(name)


def held(name: str) -> Dataset | Table:
    """Like `find`, but read once per process and folder in which the data set is."""
    source = DATASETS.get(name)
    return _read(name, None if source is None or source.built_in else source.folder.absolute())


@lru_cache(maxsize=2)
def _read(name: str, _: Path | None) -> Dataset | Table:
    return find(name)


def load(name: str) -> Dataset:
    """The images of this name. Raises UsageError for a name that is not in `DATASETS`."""
    try:
        source = DATASETS[name]
    except KeyError:
        known = ", ".join(DATASETS)
        raise UsageError(f"problem.data: no data set is called {name!r}. Use one of: {known}.") from None
    return source.load()


__all__ = ["DATASETS", "TABLES", "Dataset", "Source", "Table", "binarized", "find", "held", "load"]
