"""The images of an experiment: those it trains on, and those of the test part at which it measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from reportgen.datasets import Dataset, binarized
from reportgen.datasets.dataset import Pixels
from reportgen.errors import CellError
from reportgen.streams import stream


def chosen_rows(dataset: Dataset, count: int, seed: int) -> tuple[int, ...]:
    """Rows of the test part, drawn at random without replacement, ascending.

    They depend only on the seed, so every cell of an experiment sees the same
    images. Raises CellError if the test part has fewer than `count`.
    """
    available = len(dataset.test)
    if count > available:
        raise CellError(
            f"measure.images: the test part of {dataset.name} has {available} images, got {count}. "
            f"Use {available} or fewer."
        )
    return tuple(sorted(int(row) for row in stream(seed, "images").permutation(available)[:count]))


def measured_images(dataset: Dataset, count: int, seed: int) -> tuple[tuple[int, ...], Pixels]:
    """`chosen_rows`, and one binary draw of each, which depends only on the seed too."""
    rows = chosen_rows(dataset, count, seed)
    return rows, binarized(dataset, dataset.test[list(rows)], stream(seed, "images", "binarized"))


@dataclass(frozen=True)
class BinaryImages:
    """One part of a data set, binarized anew at each request; the `Points` of a VAE."""

    dataset: Dataset
    levels: Pixels
    """Grey levels, [size pixels]."""

    @property
    def size(self) -> int:
        return len(self.levels)

    def inputs(self, rows: NDArray[np.intp], noise: Generator) -> Tensor:
        """[n pixels] in {0, 1}."""
        return torch.from_numpy(binarized(self.dataset, self.levels[rows], noise))
