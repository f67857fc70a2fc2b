"""Walks through the structure tree in reading order and completes every element."""

from __future__ import annotations

from typing import Any

import pydyf

from reportgen.errors import RenderError
from reportgen.report.pdf.tagging.artifacts import set_apart
from reportgen.report.pdf.tagging.copied import write_sources
from reportgen.report.pdf.tagging.heads import name_heads, set_scope
from reportgen.report.pdf.tagging.identifier import identify
from reportgen.report.pdf.tagging.page import CONTENTS, attribute, is_contents
from reportgen.report.pdf.tagging.parts import Parts
from reportgen.report.pdf.tagging.structure import POINT, Structure

FORMULA = "formula: "
"""Prefix of the alternative text of a picture that is a formula; the tag replaces it."""


def finish(document: Any, pdf: Any, name: str) -> None:
    """Completes the tags of a PDF that WeasyPrint made from `document`, which errors call `name`.

    Raises RenderError if a formula or another picture has an empty alternative text; WeasyPrint itself
    reports pictures that have none.
    """
    _name_links(document)
    structure = Structure(pdf)
    walk = _Walk(structure, name)
    set_apart(structure, walk.met)
    write_sources(structure, walk.formulas)
    identify(pdf)
    decimal = pydyf.Dictionary({"S": "/D"})
    pdf.catalog["PageLabels"] = pydyf.Dictionary({"Nums": pydyf.Array([0, decimal])})


def _name_links(document: Any) -> None:
    """Describes links by their words instead of their targets."""
    for page in document.pages:
        for box in page._page_box.descendants():
            if box.link_annotation and box.element is not None:
                words = " ".join("".join(box.element.itertext()).split())
                if words:
                    box.link_annotation["Contents"].string = words


class _Walk:
    """One walk through the tree from its root; elements that are not `met` are not part of the text."""

    def __init__(self, structure: Structure, name: str) -> None:
        self.structure, self.name = structure, name
        self.met: set[int] = set()
        """Object numbers of the elements reached."""
        self.formulas: list[Any] = []
        root, children = structure.root, structure.children
        parts, tables = Parts(structure), []
        todo = [(child, "", root) for child in reversed([*children(root)])]
        while todo:
            element, within, parent = todo.pop()
            self.met.add(element.number)
            parts.join(element)
            self._complete(element, within, parent)
            kind = element["S"]
            if kind == "/Table":
                tables.append(element)
            place = CONTENTS if is_contents(element) else within
            if kind in ("/THead", "/TBody"):
                place = kind
            todo += [(child, place, element) for child in reversed([*children(element)])]
        for table in tables:
            name_heads(structure, table)
        structure.register_names()
        parts.register()

    def _complete(self, element: Any, within: str, parent: Any) -> None:
        """Completes one element, after its parent; `within` is the part of a table around it, or CONTENTS."""
        if attribute(element, "role") == "img":
            element["ActualText"] = pydyf.String(attribute(element, "aria-label"))
        kind = element["S"]
        if kind == "/Figure":
            self._picture(element)
        elif kind in ("/TH", "/TD"):
            set_scope(element, within)
        elif kind == "/Div" and parent["S"] == "/L":
            self._definition(element)
        elif kind == "/L":
            self._list(element, within)
        elif kind == "/Note":
            self._note(element, parent)

    def _picture(self, element: Any) -> None:
        if "Alt" not in element:  # WeasyPrint itself reports it, and names the picture
            return
        words = element["Alt"].string.strip()
        if words.startswith(FORMULA.strip()):
            words = words.removeprefix(FORMULA.strip()).strip()
            element["S"] = "/Formula"
            element["Alt"].string = words
            self.formulas.append(element)
        if not words:
            what = "formula" if element["S"] == "/Formula" else "picture"
            raise RenderError(f"{self.name}: a {what} has no words. Give it an alternative text.")
        page = self.structure.at(element["Pg"])
        height = float(page["MediaBox"][3])
        left, top, right, bottom = (POINT * float(side) for side in element["A"]["BBox"])
        box = (left, height - bottom, right, height - top)
        element["A"]["BBox"] = pydyf.Array([round(side, 2) for side in box])

    def _definition(self, element: Any) -> None:
        """Turns a term and its text, each in its own list item, into the label and the body of one item."""
        items = list(self.structure.children(element))
        if [item["S"] for item in items] != ["/LI", "/LI"]:
            return
        element["S"] = "/LI"
        for item, kind in zip(items, ("/Lbl", "/LBody"), strict=True):
            for body in self.structure.children(item):
                body["S"] = "/NonStruct"
            item["S"] = kind

    def _list(self, element: Any, within: str) -> None:
        """Joins the columns of a list into one list, and tags one in the contents as a table of contents."""
        columns = list(self.structure.children(element))
        if columns and all(column["S"] == "/L" for column in columns):
            element["K"] = pydyf.Array()
            for column in columns:
                self.structure.take_in(element, column)
        if within == CONTENTS:
            element["S"] = "/TOC"
            for item in self.structure.children(element):
                item["S"] = "/TOCI"
                for body in self.structure.children(item):
                    body["S"] = "/Reference"

    def _note(self, element: Any, parent: Any) -> None:
        """Names a note, tags its number as its label, and moves it behind its paragraph in reading order."""
        self.structure.name("note", element)
        mark = next(self.structure.children(element))
        mark["S"] = "/Lbl"
        parent["K"].remove(element.reference)
        parent["K"].append(element.reference)
