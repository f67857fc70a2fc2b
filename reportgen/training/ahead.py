"""Producing the next item of an iterator while the current one is used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(made: Iterator[T]) -> Iterator[T]:
    """The same items in the same order, each produced in a second thread while the one before is used.

    This helps if producing them releases Python's lock, as numpy's random
    generators do, and if another device works on them. None ends the iteration.
    """
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, made, None)
        while (present := following.result()) is not None:
            following = thread.submit(next, made, None)
            yield present
