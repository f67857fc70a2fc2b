"""The learning rate of every step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Rates = Callable[[int], float]
"""Maps step 0, 1, … to its learning rate."""

STAGES = 8
"""Stages in Burda et al. (2016), section 5: stage i = 0 … 7 takes 3ⁱ epochs, 3280 in all."""


@dataclass(frozen=True)
class Schedule:
    """Piecewise constant learning rates, in stages."""

    starts: tuple[int, ...]
    """First step of each stage, ascending from 0."""
    rates: tuple[float, ...]

    def __call__(self, step: int) -> float:
        """The rate of step 0, 1, …"""
        return self.rates[bisect_right(self.starts, step) - 1]

    def after(self, steps: int) -> Rates:
        """The same rates, with steps counted from a later one."""
        return lambda step: self(steps + step)


def schedule(train: Mapping[str, Any], steps: int) -> Schedule:
    """The schedule of a resolved `train` section, for a training with this many steps.

    ``burda2016``: stage i has the rate learning_rate · 10^(−i/7), and the share
    3ⁱ/3280 of all steps. With 3280 epochs this is the paper's schedule; with fewer,
    all stages are shortened in proportion.
    """
    rate = float(train["learning_rate"])
    if train["schedule"] == "constant":
        return Schedule((0,), (rate,))
    whole = (3**STAGES - 1) // 2
    starts = [round(steps * ((3**i - 1) // 2) / whole) for i in range(STAGES)]
    rates = [rate * 10.0 ** (-i / 7) for i in range(STAGES)]
    last = dict(zip(starts, rates, strict=True))  # if stages begin at the same step, the last one counts
    return Schedule(tuple(last), tuple(last.values()))
