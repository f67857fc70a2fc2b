"""The images an experiment measures: which rows of the test part, and their binary pixels."""

from __future__ import annotations

from reportgen.datasets import Dataset, binarized
from reportgen.datasets.dataset import Pixels
from reportgen.errors import CellError
from reportgen.streams import stream


def measured_images(dataset: Dataset, count: int, seed: int) -> tuple[tuple[int, ...], Pixels]:
    """Rows of the test part, drawn at random without replacement, and one binary draw of each.

    Both depend on the seed alone, so every cell of an experiment sees the
    same images. Raises CellError where the test part is smaller than `count`.
    """
    available = len(dataset.test)
    if count > available:
        raise CellError(
            f"measure.images: the test part of {dataset.name} has {available} images, got {count}. "
            f"Use {available} or fewer."
        )
    chosen = sorted(int(row) for row in stream(seed, "images").permutation(available)[:count])
    pixels = binarized(dataset, dataset.test[chosen], stream(seed, "images", "binarized"))
    return tuple(chosen), pixels
