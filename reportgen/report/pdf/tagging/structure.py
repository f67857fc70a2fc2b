"""The structure tree of a PDF that is not yet written: its elements, their references and names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pydyf

POINT = 0.75
"""Points per CSS pixel."""


class Structure:
    """Elements of a pydyf document, each a dictionary; a child is a reference or marked content."""

    def __init__(self, pdf: Any) -> None:
        self.pdf = pdf
        self.root = self.at(pdf.catalog["StructTreeRoot"])
        self.names: dict[str, Any] = {}
        """Named elements, by name."""

    def at(self, reference: bytes) -> Any:
        """The object that a reference names."""
        return self.pdf.objects[int(reference.split()[0])]

    def element(self, child: Any) -> Any:
        """The element that a child refers to; None if it is marked content."""
        found = self.at(child) if isinstance(child, bytes) else {}
        return found if found.get("Type") == "/StructElem" else None

    def children(self, element: Any) -> Iterator[Any]:
        """The elements directly below one."""
        for child in element.get("K", ()):
            if (found := self.element(child)) is not None:
                yield found

    @property
    def parents(self) -> list[Any]:
        """The parent tree, as numbers alternating with values: a page's list of elements, or a link's own."""
        numbers: list[Any] = self.at(self.root["ParentTree"])["Nums"]
        return numbers

    def take_in(self, element: Any, other: Any) -> None:
        """Moves the children of another element to the end of this one."""
        for child in self.children(other):
            child["P"] = element.reference
        for child in other["K"]:
            if isinstance(child, int) and element["Pg"] != other["Pg"]:
                child = pydyf.Dictionary({"Type": "/MCR", "Pg": other["Pg"], "MCID": child})
            element["K"].append(child)

    def name(self, kind: str, element: Any) -> Any:
        """Gives an element a unique name such as ``note-3``, and returns it."""
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
