"""Which items to show where there is no room for all: both ends, and evenly spaced ones between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly(items: Sequence[T], most: int) -> tuple[T, ...]:
    """At most `most` of the items, evenly spaced and in order; only the first if `most` is 1."""
    if len(items) <= most:
        return tuple(items)
    last = len(items) - 1
    return tuple(items[round(i * last / (most - 1))] if most > 1 else items[0] for i in range(most))


def in_turn(groups: Sequence[Sequence[T]], most: int) -> tuple[tuple[T, ...], ...]:
    """At most `most` items in all, allotted to the groups in turn, one at a time; see `evenly` for each."""
    taken = [0] * len(groups)
    while sum(taken) < min(most, sum(map(len, groups))):
        for index, group in enumerate(groups):
            if taken[index] < len(group) and sum(taken) < most:
                taken[index] += 1
    return tuple(evenly(group, count) for group, count in zip(groups, taken, strict=True) if count)
