"""Coordinates of a discrete q of which replicates say too little: those of units that hardly ever change.

What is seen of a unit that takes another value once in a thousand samples is
its usual value, and no spread; a mean is then off by more than the spread
that was seen, and no test of means is to be trusted there.
"""

from __future__ import annotations

import torch
from torch import Tensor

from reportgen.distributions import DISTRIBUTIONS
from reportgen.engine.moments import Moments
from reportgen.families import Family

FEWEST = 20.0
"""Changes expected among so many samples, below which a unit's coordinate is left out of tests."""


def seldom(q: Family, samples: float) -> Tensor | None:
    """Which coordinates of η those are among N samples, [I m]; None where q is not discrete."""
    if not DISTRIBUTIONS[q.name].discrete:
        return None
    rarer = torch.minimum(q.mean, 1.0 - q.mean).squeeze(1)  # a logit for each place of z
    return rarer * samples < FEWEST


def without(moments: Moments, coordinates: Tensor | None) -> Moments:
    """The moments with these coordinates [I m] at zero, where they have neither a mean nor a spread."""
    if coordinates is None:
        return moments
    kept = (~coordinates).double()
    pairs = kept.unsqueeze(2) * kept.unsqueeze(1)
    return Moments(moments.count, moments.mean * kept.unsqueeze(1), moments.scatter * pairs.unsqueeze(1))
