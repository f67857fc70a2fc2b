"""Data sets, one a file, and the table of them. No torch here."""

from __future__ import annotations

from collections.abc import Callable

from reportgen.datasets import digits, mnist
from reportgen.datasets.binarization import binarized
from reportgen.datasets.dataset import Dataset
from reportgen.errors import UsageError

DATASETS: dict[str, Callable[[], Dataset]] = {
    "digits": digits.load,
    "mnist": mnist.load,
}
"""Name in a declaration → loader."""


def load(name: str) -> Dataset:
    """The data set of this name; UsageError for a name that is not in the table."""
    try:
        loader = DATASETS[name]
    except KeyError:
        known = ", ".join(DATASETS)
        raise UsageError(f"problem.data: no data set is called {name!r}. Use one of: {known}.") from None
    return loader()


__all__ = ["DATASETS", "Dataset", "binarized", "load"]
