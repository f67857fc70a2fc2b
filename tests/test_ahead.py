"""Things that are made ahead of their use."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from reportgen.training.ahead import ahead


def test_the_same_things_in_the_same_order() -> None:
    assert list(ahead(iter(range(100)))) == list(range(100)) and list(ahead(iter([]))) == []


def test_the_next_is_made_while_the_present_is_used() -> None:
    begun = [threading.Event() for _ in range(3)]

    def made() -> Iterator[int]:
        for number, event in enumerate(begun):
            event.set()
            yield number

    for number in ahead(made()):
        if number + 1 < len(begun):
            assert begun[number + 1].wait(10.0)


def test_an_error_in_making_comes_out_where_the_thing_is_used() -> None:
    def made() -> Iterator[int]:
        yield 1
        raise OSError("no more")

    things = ahead(made())
    assert next(things) == 1
    with pytest.raises(OSError, match="no more"):
        next(things)
