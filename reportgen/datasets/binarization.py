"""Binary images from grey levels."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from reportgen.datasets.dataset import Dataset, Pixels


def binarized(dataset: Dataset, levels: Pixels, noise: Generator) -> Pixels:
    """One draw of binary images, [n pixels] in {0, 1} float32.

    Each pixel is white with its grey level as probability, independently
    (Salakhutdinov & Murray, 2008); images that are binary already stay the same.
    """
    if dataset.binarize == "fixed":
        return levels
    return np.less(noise.random(levels.shape, dtype=np.float32), levels).astype(np.float32)
