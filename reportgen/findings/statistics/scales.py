"""The scale on which a swept setting is drawn and interpolated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise


def is_logarithmic(values: Sequence[float]) -> bool:
    """Whether ascending values belong on a log scale.

    They do if all are positive, and they span more than a decade or are at least
    three in a geometric sequence: 2, 4, 8.
    """
    if not values[0] > 0.0:
        return False
    ratios = [after / before for before, after in pairwise(values)]
    same = len(ratios) > 1 and all(math.isclose(ratio, ratios[0], rel_tol=1e-9) for ratio in ratios)
    return same or values[-1] > 10.0 * values[0]
