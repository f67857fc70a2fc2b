"""Joins the parts of what is split across lines or pages into one element."""

from __future__ import annotations

from typing import Any

import pydyf

from reportgen.report.pdf.tagging.structure import Structure


class Parts:
    """Joins parts, element by element, while the tree is walked."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.joined: dict[bytes, Any] = {}
        """Reference of a later part → the first part, which it was joined to."""

    def join(self, element: Any) -> None:
        """Joins children that continue one another: links on the next line, anything on the next page.

        Repeated heads of a table are dropped.
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
        """Makes the content of later parts belong to the first in the table of parents too."""
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
    """Whether two elements of one HTML element are its parts, rather than a block and its line."""
    return bool(before["S"] == more["S"] and (before["S"] == "/Link" or before["Pg"] != more["Pg"]))
