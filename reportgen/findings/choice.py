"""Which of many are shown where there is not room for all: both ends, and as evenly as can be between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def evenly(items: Sequence[T], most: int) -> tuple[T, ...]:
    """At most so many of the items, in their order; the first alone where there is room for one."""
    if len(items) <= most:
        return tuple(items)
    last = len(items) - 1
    return tuple(items[round(i * last / (most - 1))] if most > 1 else items[0] for i in range(most))


def in_turn(groups: Sequence[Sequence[T]], most: int) -> tuple[tuple[T, ...], ...]:
    """Of every group its share of so many in all: each has one more while it has another."""
    taken = [0] * len(groups)
    while sum(taken) < min(most, sum(map(len, groups))):
        for index, group in enumerate(groups):
            if taken[index] < len(group) and sum(taken) < most:
                taken[index] += 1
    return tuple(evenly(group, count) for group, count in zip(groups, taken, strict=True) if count)
