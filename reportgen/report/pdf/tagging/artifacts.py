"""Artifacts, drawn but not part of the text: running heads, and what is hidden from screen readers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pydyf

from reportgen.report.pdf.tagging.page import attribute
from reportgen.report.pdf.tagging.structure import Structure


def set_apart(structure: Structure, met: Collection[int]) -> None:
    """Turns the content of elements whose numbers are not in `met` into artifacts, and empties them."""
    numbers = structure.parents
    parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
    for reference in structure.pdf.page_references:
        page = structure.at(reference)
        of_page = parents[page["StructParents"]]
        outside = {
            i: "/Layout" if _is_hidden(structure, structure.at(r)) else "/Pagination"
            for i, r in enumerate(of_page)
            if structure.at(r).number not in met
        }
        for i in outside:
            of_page[i] = b"null"
        written = structure.at(page["Contents"]).stream
        for i, entry in enumerate(written):
            if isinstance(entry, dict) and entry.get("MCID") in outside:
                artifact = pydyf.Dictionary({"Type": outside[entry["MCID"]]})
                written[i - 1 : i + 1] = ["/Artifact", artifact]
    for element in structure.pdf.objects:
        is_element = isinstance(element, pydyf.Dictionary) and element.get("Type") == "/StructElem"
        if is_element and element.number not in met:
            element.clear()


def _is_hidden(structure: Structure, element: Any) -> bool:
    """Whether the page hides the element, or one around it, from screen readers."""
    while "P" in element:
        if attribute(element, "aria-hidden") == "true":
            return True
        element = structure.at(element["P"])
    return False
