"""What a line or a page ends in the middle of is one element, not one a part."""

from __future__ import annotations

from typing import Any

import pydyf

from reportgen.report.pdf.tagging.structure import Structure


class Parts:
    """Joins them, element by element, while the tree is walked."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.joined: dict[bytes, Any] = {}
        """By the reference of a later part, the first, which it became part of."""

    def join(self, element: Any) -> None:
        """Children that go on are one: a link on the next line, anything on the next page.

        A table's head that is repeated goes.
        """
        kept: list[Any] = []
        heads = set()
        for child in element.get("K", ()):
            before = self.structure.element(kept[-1]) if kept else None
            more = self.structure.element(child)
            own = getattr(more, "html", None)
            if own is not None and more["S"] == "/THead":
                if id(own) in heads:
                    continue
                heads.add(id(own))
            if own is not None and getattr(before, "html", None) is own and _goes_on(before, more):
                self.joined[child] = before
                self.structure.take_in(before, more)
            else:
                kept.append(child)
        if "K" in element:
            element["K"] = pydyf.Array(kept)

    def register(self) -> None:
        """What is drawn of later parts belongs to the first, in the table of parents too."""
        numbers = self.structure.parents
        for index in range(1, len(numbers), 2):
            found = numbers[index]
            if isinstance(found, list):
                found[:] = [self._whole(one) for one in found]
            else:
                numbers[index] = self._whole(found)

    def _whole(self, reference: bytes) -> bytes:
        first = self.joined.get(reference)
        return reference if first is None else bytes(first.reference)


def _goes_on(before: Any, more: Any) -> bool:
    """Whether two elements made of one of the page are its parts, and not one the line of the other."""
    return bool(before["S"] == more["S"] and (before["S"] == "/Link" or before["Pg"] != more["Pg"]))
