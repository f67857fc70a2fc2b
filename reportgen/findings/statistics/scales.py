"""On which scale a swept setting is seen, and read between its values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise


def is_logarithmic(values: Sequence[float]) -> bool:
    """Whether ascending values belong on a log scale.

    All are positive, and span more than a decade, or are three or more of
    which each is the same multiple of the one before: 2, 4, 8.
    """
    if not values[0] > 0.0:
        return False
    ratios = [after / before for before, after in pairwise(values)]
    same = len(ratios) > 1 and all(math.isclose(ratio, ratios[0], rel_tol=1e-9) for ratio in ratios)
    return same or values[-1] > 10.0 * values[0]
