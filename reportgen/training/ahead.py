"""Making the next thing while the present one is used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(made: Iterator[T]) -> Iterator[T]:
    """The same things in the same order, each made in a thread of its own while the one before is used.

    It pays where making them leaves Python's lock alone, as numpy's random
    numbers do, and where using them is another device's work.
    """
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, made, None)
        while (present := following.result()) is not None:
            following = thread.submit(next, made, None)
            yield present
