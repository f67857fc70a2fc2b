"""Coordinates of a discrete q that must be left out of tests: those of units that hardly ever change.

If a unit takes its rarer value once in a thousand samples, replicates may show
only its usual value and no spread. Means are then off by more than the observed
spread, and no test of means can be trusted.
"""

from __future__ import annotations

import torch
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.engine.moments import Moments
from reportgen.families import Family

FEWEST = 20.0
"""A unit's coordinate is left out of tests if its rarer value is expected fewer times than this."""


def seldom(q: Family, samples: float) -> Tensor | None:
    """Coordinates of η whose units seldom change among `samples` samples, [I m]; None if q is continuous."""
    if not DISTRIBUTIONS[q.name].discrete:
        return None
    rarer = torch.minimum(q.mean, 1.0 - q.mean).squeeze(1)  # η has one logit for each entry of z
    return rarer * samples < FEWEST


def without(moments: Moments, coordinates: Tensor | None) -> Moments:
    """The moments with mean and scatter set to zero at these coordinates, [I m]."""
    if coordinates is None:
        return moments
    kept = (~coordinates).double()
    pairs = kept.unsqueeze(2) * kept.unsqueeze(1)
    return Moments(moments.count, moments.mean * kept.unsqueeze(1), moments.scatter * pairs.unsqueeze(1))
