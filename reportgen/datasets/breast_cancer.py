"""Diagnostic breast cancer data of Wisconsin, shipped inside scikit-learn: no download."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets.scikit_learn import data_file
from reportgen.datasets.table import Table


def load() -> Table:
    """569 tumours with 30 features of their cell nuclei; label 1 is benign."""
    numbers = _numbers()
    digest = hashlib.sha256(f"{numbers.shape};".encode() + numbers.astype("<f8").tobytes()).hexdigest()
    return Table(
        "breast_cancer",
        "Breast cancer Wisconsin (diagnostic)",
        numbers[:, :-1],
        numbers[:, -1],
        digest,
        citation="street1993",
    )


def _numbers() -> NDArray[np.float64]:
    """Features and label, [569 31]."""
    path = data_file("breast_cancer", "breast_cancer.csv")
    if path.is_file():
        return np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float64)
    from sklearn.datasets import load_breast_cancer

    features, labels = load_breast_cancer(return_X_y=True)
    return np.column_stack([features, labels]).astype(np.float64)
