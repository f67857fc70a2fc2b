"""Data sets, one a file, and the table of them. No torch here."""

from __future__ import annotations

from collections.abc import Callable

from reportgen.datasets import breast_cancer, digits, mnist
from reportgen.datasets.binarization import binarized
from reportgen.datasets.dataset import Dataset
from reportgen.datasets.table import Table
from reportgen.errors import UsageError

DATASETS: dict[str, Callable[[], Dataset]] = {
    "digits": digits.load,
    "mnist": mnist.load,
}
"""Name in a declaration → loader."""


TABLES: dict[str, Callable[[], Table]] = {
    "breast_cancer": breast_cancer.load,
}
"""Data of the models that are made for them; a declaration does not name these."""


def find(name: str) -> Dataset | Table:
    """Images or a table; UsageError for a name that is in neither table."""
    return TABLES[name]() if name in TABLES else load(name)


def load(name: str) -> Dataset:
    """The data set of this name; UsageError for a name that is not in the table."""
    try:
        loader = DATASETS[name]
    except KeyError:
        known = ", ".join(DATASETS)
        raise UsageError(f"problem.data: no data set is called {name!r}. Use one of: {known}.") from None
    return loader()


__all__ = ["DATASETS", "TABLES", "Dataset", "Table", "binarized", "find", "load"]
