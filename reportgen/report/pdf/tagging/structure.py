"""The structure tree of a PDF that is not yet written: what leads to what, and under which name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pydyf

POINT = 0.75
"""Points in a CSS pixel."""


class Structure:
    """Elements of a pydyf document, each a dictionary; a child of one is a reference or what is drawn."""

    def __init__(self, pdf: Any) -> None:
        self.pdf = pdf
        self.root = self.at(pdf.catalog["StructTreeRoot"])
        self.names: dict[str, Any] = {}
        """Elements that have a name, by it."""

    def at(self, reference: bytes) -> Any:
        """The object that a reference names."""
        return self.pdf.objects[int(reference.split()[0])]

    def element(self, child: Any) -> Any:
        """What a child is, if it is an element; None for what is drawn."""
        found = self.at(child) if isinstance(child, bytes) else {}
        return found if found.get("Type") == "/StructElem" else None

    def children(self, element: Any) -> Iterator[Any]:
        """Elements directly under one."""
        for child in element.get("K", ()):
            if (found := self.element(child)) is not None:
                yield found

    @property
    def parents(self) -> list[Any]:
        """Numbers and what they stand for, by turns: a page, all elements it draws; a link, its own."""
        numbers: list[Any] = self.at(self.root["ParentTree"])["Nums"]
        return numbers

    def take_in(self, element: Any, other: Any) -> None:
        """What stands in another element stands in this one, at its end."""
        for child in self.children(other):
            child["P"] = element.reference
        for child in other["K"]:
            if isinstance(child, int) and element["Pg"] != other["Pg"]:
                child = pydyf.Dictionary({"Type": "/MCR", "Pg": other["Pg"], "MCID": child})
            element["K"].append(child)

    def name(self, kind: str, element: Any) -> Any:
        """A name that no other element has, ``note-3``."""
        number = 1 + sum(name.startswith(kind) for name in self.names)
        self.names[f"{kind}-{number}"] = element
        element["ID"] = pydyf.String(f"{kind}-{number}")
        return element["ID"]

    def register_names(self) -> None:
        """Writes the table of names."""
        if self.names:
            pairs = [
                part
                for name in sorted(self.names)
                for part in (pydyf.String(name), self.names[name].reference)
            ]
            self.root["IDTree"] = pydyf.Dictionary({"Names": pydyf.Array(pairs)})
