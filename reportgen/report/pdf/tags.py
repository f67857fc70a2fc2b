"""What WeasyPrint leaves undone for PDF/UA-1 (ISO 14289-1), put into a PDF before it is written.

WeasyPrint tags a document well enough to be read aloud. Missing are the
identifier of the standard in the metadata (with the schema that PDF/A-3 wants
to know it by), page labels, the scope of header cells and the heads of cells under a
group's, formulas as formulas, terms and definitions as pairs, the contents as such,
footnotes as notes, read after their paragraph, links named by their words instead of their
targets, what is whole though a line or page ends in it, what a page hides from a screen reader or says
in other words (`aria-hidden`, `role="img"`), and running heads set apart from the text.
Boxes of pictures are in the wrong units.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pydyf

from reportgen.errors import RenderError
from reportgen.report.pdf.identifier import identify

FORMULA = "formula: "
"""Before the words of a picture that is a formula; the tag takes its place."""

NOTE = "small"
"""The element that a note is."""
CONTENTS = "nav"
"""The element around a table of contents."""
TAGS = {NOTE: "Note", "code": "Code", "pre": "P", "sup": "Span"}
"""Of elements for which WeasyPrint has none."""
LEVEL = 6
"""Of compression: the highest takes twice the time for one byte in a hundred."""
POINT = 0.75
"""Points in a CSS pixel."""


def finish(document: Any, pdf: Any, name: str) -> None:
    """Completes the tags of a PDF that WeasyPrint made of `document`; `name` is what errors call it.

    Raises RenderError where a formula has no words; of other pictures WeasyPrint complains itself.
    """
    _name_links(document)
    tree = _Tree(pdf, name)
    tree.complete()
    tree.set_apart_what_is_not_in_it()
    identify(pdf)
    decimal = pydyf.Dictionary({"S": "/D"})
    pdf.catalog["PageLabels"] = pydyf.Dictionary({"Nums": pydyf.Array([0, decimal])})


def _name_links(document: Any) -> None:
    """A link is called what stands in it, not what it leads to."""
    for page in document.pages:
        for box in page._page_box.descendants():
            if box.link_annotation and box.element is not None:
                words = " ".join("".join(box.element.itertext()).split())
                if words:
                    box.link_annotation["Contents"].string = words


@contextmanager
def tagged() -> Iterator[None]:
    """While a PDF is written: TAGS are known, and an element of the structure knows the page's (`html`).

    What the page hides from a screen reader is left out of the structure.
    """
    from weasyprint.pdf import tags

    plain, build = tags._get_pdf_tag, tags._build_box_tree

    def built(box: Any, *rest: Any) -> Iterator[Any]:
        for element in build(box, *rest):
            own = getattr(box, "_box", box).element
            if not hasattr(element, "html"):  # else of a box within, as the body's is
                element.html = own
            if own is None or own.get("aria-hidden") != "true":
                yield element

    tags._get_pdf_tag = lambda tag: TAGS.get(tag) or plain(tag)
    tags._build_box_tree = built
    try:
        yield
    finally:
        tags._get_pdf_tag, tags._build_box_tree = plain, build


class _Tree:
    """The structure tree, walked once from its root; what is not met there is not part of the text."""

    def __init__(self, pdf: Any, name: str) -> None:
        self.pdf, self.name = pdf, name
        self.met: set[int] = set()
        self.names: dict[str, Any] = {}
        """Elements that have a name, by it."""
        self.joined: dict[bytes, Any] = {}
        """Of a link's later lines, by reference: its first, which they became part of."""
        self.root = self.at(pdf.catalog["StructTreeRoot"])

    def at(self, reference: bytes) -> Any:
        """The object that a reference names."""
        return self.pdf.objects[int(reference.split()[0])]

    def children(self, element: Any) -> Iterator[Any]:
        """Structure elements directly under one."""
        for child in element.get("K", ()):
            if isinstance(child, bytes):
                target = self.at(child)
                if target.get("Type") == "/StructElem":
                    yield target

    def complete(self) -> None:
        """Every element in reading order, its parent before it."""
        todo = [(child, "", self.root) for child in reversed([*self.children(self.root)])]
        tables = []
        while todo:
            element, within, parent = todo.pop()
            self.met.add(element.number)
            self._join(element)
            if _attribute(element, "role") == "img":
                element["ActualText"] = pydyf.String(_attribute(element, "aria-label"))
            kind = element["S"]
            if kind == "/Figure":
                self._picture(element)
            elif kind in ("/TH", "/TD"):
                self._cell(element, within)
            elif kind == "/Div" and parent["S"] == "/L":
                self._definition(element)
            elif kind == "/L":
                self._list(element, within)
            elif kind == "/Note":
                self._note(element, parent)
            elif kind == "/Table":
                tables.append(element)
            place = kind if kind in ("/THead", "/TBody") else CONTENTS if _is(element, CONTENTS) else within
            todo += [(child, place, element) for child in reversed([*self.children(element)])]
        for table in tables:
            self._groups(table)
        self._register()

    def _join(self, element: Any) -> None:
        """What goes on is one: a link on the next line, anything on the next page; a repeated head goes."""
        kept: list[Any] = []
        heads = set()
        for child in element.get("K", ()):
            before, more = (self._element(kid) for kid in (kept[-1] if kept else None, child))
            own = getattr(more, "html", None)
            if own is not None and more["S"] == "/THead":
                if id(own) in heads:
                    continue
                heads.add(id(own))
            if own is not None and getattr(before, "html", None) is own and _goes_on(before, more):
                self.joined[child] = before
                self._take_in(before, more)
            else:
                kept.append(child)
        if "K" in element:
            element["K"] = pydyf.Array(kept)

    def _element(self, child: Any) -> Any:
        """What a child is, if it is an element of the structure."""
        found = self.at(child) if isinstance(child, bytes) else {}
        return found if found.get("Type") == "/StructElem" else None

    def _take_in(self, element: Any, other: Any) -> None:
        """What stands in another element stands in this one, at its end."""
        for child in self.children(other):
            child["P"] = element.reference
        for child in other["K"]:
            if isinstance(child, int) and element["Pg"] != other["Pg"]:
                child = pydyf.Dictionary({"Type": "/MCR", "Pg": other["Pg"], "MCID": child})
            element["K"].append(child)

    def _picture(self, element: Any) -> None:
        if "Alt" not in element:  # WeasyPrint complains of it, and names the picture
            return
        words = element["Alt"].string.strip()
        if words.startswith(FORMULA.strip()):
            words = words.removeprefix(FORMULA.strip()).strip()
            element["S"] = "/Formula"
            element["Alt"].string = words
        if not words:
            raise RenderError(f"{self.name}: a formula has no words. Give it an alternative text.")
        page = self.at(element["Pg"])
        height = float(page["MediaBox"][3])
        left, top, right, bottom = (POINT * float(side) for side in element["A"]["BBox"])
        box = (left, height - bottom, right, height - top)
        element["A"]["BBox"] = pydyf.Array([round(side, 2) for side in box])

    def _cell(self, element: Any, within: str) -> None:
        """Scope instead of a list of headers, since ids of heads repeated on a page would not be unique."""
        about = element.get("A")
        if about is None:  # the anonymous box inside of a cell
            return
        about.pop("Headers", None)
        element.pop("ID", None)
        if element["S"] == "/TH":
            about["Scope"] = "/Row" if within == "/TBody" and "ColSpan" not in about else "/Column"
        elif len(about) == 1:
            del element["A"]

    def _definition(self, element: Any) -> None:
        """Term and text, each in a list item of its own, become the label and the body of one."""
        items = list(self.children(element))
        if [item["S"] for item in items] != ["/LI", "/LI"]:
            return
        element["S"] = "/LI"
        for item, kind in zip(items, ("/Lbl", "/LBody"), strict=True):
            for body in self.children(item):
                body["S"] = "/NonStruct"
            item["S"] = kind

    def _list(self, element: Any, within: str) -> None:
        """Columns of a list are one list; one of the contents is a table of contents."""
        columns = list(self.children(element))
        if columns and all(column["S"] == "/L" for column in columns):
            element["K"] = pydyf.Array()
            for column in columns:
                self._take_in(element, column)
        if within == CONTENTS:
            element["S"] = "/TOC"
            for item in self.children(element):
                item["S"] = "/TOCI"
                for body in self.children(item):
                    body["S"] = "/Reference"

    def _note(self, element: Any, parent: Any) -> None:
        """A name of its own; its number is its label; it is read after its paragraph, not amid a sentence."""
        self._name("note", element)
        mark = next(self.children(element))
        mark["S"] = "/Lbl"
        parent["K"].remove(element.reference)
        parent["K"].append(element.reference)

    def _name(self, kind: str, element: Any) -> Any:
        number = 1 + sum(name.startswith(kind) for name in self.names)
        self.names[f"{kind}-{number}"] = element
        element["ID"] = pydyf.String(f"{kind}-{number}")
        return element["ID"]

    def _groups(self, table: Any) -> None:
        """Where rows of a table have a head of their own in it, a cell names its heads.

        By scope alone it would have its group's and none above: what stands between is another group.
        """
        parts = [
            (part["S"], [*self.children(row)]) for part in self.children(table) for row in self.children(part)
        ]
        if not any(_attribute(cell, "scope") == "rowgroup" for _, cells in parts for cell in cells):
            return
        above: dict[int, list[Any]] = {}
        group: dict[int, Any] = {}
        for part, cells in parts:
            column = 0
            own: list[Any] = []
            for cell in cells:
                span = int(cell.get("A", {}).get("ColSpan", 1))
                about = cell.setdefault("A", pydyf.Dictionary({"O": "/Table"}))
                columns = range(column, column + span)
                if part == "/TBody" and cell["S"] == "/TD":
                    heads = [head for index in columns for head in above.get(index, ())]
                    about["Headers"] = pydyf.Array([*heads, *group.values(), *own])
                elif cell["S"] == "/TH":
                    name = self._name("head", cell)
                    if part == "/THead":
                        for index in columns:
                            above.setdefault(index, []).append(name)
                    elif _attribute(cell, "scope") == "rowgroup":
                        group[column] = name
                    else:
                        own.append(name)
                column += span

    def _register(self) -> None:
        """The table of names, and links that were joined in the table of parents."""
        if self.names:
            pairs = [
                part
                for name in sorted(self.names)
                for part in (pydyf.String(name), self.names[name].reference)
            ]
            self.root["IDTree"] = pydyf.Dictionary({"Names": pydyf.Array(pairs)})
        numbers = self.at(self.root["ParentTree"])["Nums"]
        for index in range(1, len(numbers), 2):
            found = numbers[index]
            if isinstance(found, list):
                found[:] = [self._present(one) for one in found]
            else:
                numbers[index] = self._present(found)

    def _present(self, reference: bytes) -> bytes:
        found = self.joined.get(reference)
        return reference if found is None else bytes(found.reference)

    def set_apart_what_is_not_in_it(self) -> None:
        """Running heads and what the page hides become artifacts; elements that nothing reaches go."""
        numbers = self.at(self.root["ParentTree"])["Nums"]
        parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
        for reference in self.pdf.page_references:
            page = self.at(reference)
            of_page = parents[page["StructParents"]]
            outside = {
                i: "/Layout" if self._is_hidden(self.at(r)) else "/Pagination"
                for i, r in enumerate(of_page)
                if self.at(r).number not in self.met
            }
            for i in outside:
                of_page[i] = b"null"
            written = self.at(page["Contents"]).stream
            for i, entry in enumerate(written):
                if isinstance(entry, dict) and entry.get("MCID") in outside:
                    artifact = pydyf.Dictionary({"Type": outside[entry["MCID"]]})
                    written[i - 1 : i + 1] = ["/Artifact", artifact]
        for element in self.pdf.objects:
            tagged = isinstance(element, pydyf.Dictionary) and element.get("Type") == "/StructElem"
            if tagged and element.number not in self.met:
                element.clear()

    def _is_hidden(self, element: Any) -> bool:
        """Whether the page hides it, or an element around it, from a screen reader."""
        while "P" in element:
            if _attribute(element, "aria-hidden") == "true":
                return True
            element = self.at(element["P"])
        return False


def _goes_on(before: Any, more: Any) -> bool:
    """Whether two elements made of one of the page are its parts, and not one the line of the other."""
    return bool(before["S"] == more["S"] and (before["S"] == "/Link" or before["Pg"] != more["Pg"]))


def _attribute(element: Any, name: str) -> str:
    """Of the page's element that one of the structure was made of; empty where there is none."""
    html = getattr(element, "html", None)
    return "" if html is None else str(html.get(name, ""))


def _is(element: Any, tag: str) -> bool:
    html = getattr(element, "html", None)
    return html is not None and html.tag == tag


def compress(pdf: Any) -> None:
    """Every stream is compressed once, here: pydyf would do it twice, the second time for a checksum."""
    for found in pdf.objects:
        if isinstance(found, pydyf.Stream) and found.compress:
            written = pydyf.Stream(found.stream).data
            content = written[written.index(b"stream\n") + len(b"stream\n") : -len(b"\nendstream")]
            found.stream = [zlib.compress(content, LEVEL)]
            found.extra = {**found.extra, "Filter": "/FlateDecode"}
            found.compress = False
