"""A table of numbers with a binary label for each row."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Table:
    """Data for a regression, all of it used at once."""

    name: str
    title: str
    features: NDArray[np.float64] = field(repr=False)
    """Features as they were measured, [N columns]."""
    labels: NDArray[np.float64] = field(repr=False)
    """0 or 1, [N]."""
    digest: str
    """SHA-256 (hex) of both, so that a cell's key changes with the data."""
    citation: str
    """Key in the report's bibliography."""

    @property
    def columns(self) -> int:
        """Number of features."""
        return int(self.features.shape[1])

    def design(self) -> NDArray[np.float64]:
        """Features of mean 0 and (population) variance 1, then a column of ones, [N columns + 1]."""
        standardized = (self.features - self.features.mean(0)) / self.features.std(0)
        return np.concatenate([standardized, np.ones((len(standardized), 1))], axis=1)
