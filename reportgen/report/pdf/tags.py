"""What WeasyPrint leaves undone for PDF/UA-1 (ISO 14289-1), put into a PDF before it is written.

WeasyPrint tags a document well enough to be read aloud. Missing are the
identifier of the standard in the metadata (with the schema that PDF/A-3 wants
to know it by), page labels, the scope of header cells, formulas as formulas,
terms and definitions as pairs, footnotes as notes, links named by their words instead of their
targets, and running heads set apart from the text. Boxes of pictures are in the
wrong units.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pydyf

from reportgen.errors import RenderError

FORMULA = "formula: "
"""Before the words of a picture that is a formula; the tag takes its place."""

IDENTIFIER = """<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about=""
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file follows</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""
NOTE = "small"
"""The element that a note is."""
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
    _identify(pdf)
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
def notes_tagged() -> Iterator[None]:
    """While a PDF is written: an element of NOTE is tagged as a note, for which WeasyPrint has no tag."""
    from weasyprint.pdf import tags

    plain = tags._get_pdf_tag
    tags._get_pdf_tag = lambda tag: "Note" if tag == NOTE else plain(tag)
    try:
        yield
    finally:
        tags._get_pdf_tag = plain


class _Tree:
    """The structure tree, walked once from its root; what is not met there is not part of the text."""

    def __init__(self, pdf: Any, name: str) -> None:
        self.pdf, self.name = pdf, name
        self.met: set[int] = set()
        self.notes = 0
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
        while todo:
            element, within, parent = todo.pop()
            self.met.add(element.number)
            kind = element["S"]
            if kind == "/Figure":
                self._picture(element)
            elif kind in ("/TH", "/TD"):
                self._cell(element, within)
            elif kind == "/Div" and parent["S"] == "/L":
                self._definition(element)
            elif kind == "/Note":
                self._note(element)
            place = kind if kind in ("/THead", "/TBody") else within
            todo += [(child, place, element) for child in reversed([*self.children(element)])]

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

    def _note(self, element: Any) -> None:
        """A name of its own; the raised number that it begins with is its label."""
        self.notes += 1
        element["ID"] = pydyf.String(f"note-{self.notes}")
        mark = next(self.children(element))
        mark["S"] = "/Lbl"

    def set_apart_what_is_not_in_it(self) -> None:
        """Running heads and page numbers become artifacts; their elements, which nothing reaches, go."""
        numbers = self.at(self.root["ParentTree"])["Nums"]
        parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
        for reference in self.pdf.page_references:
            page = self.at(reference)
            of_page = parents[page["StructParents"]]
            outside = {i for i, r in enumerate(of_page) if self.at(r).number not in self.met}
            for i in outside:
                of_page[i] = b"null"
            written = self.at(page["Contents"]).stream
            for i, entry in enumerate(written):
                if isinstance(entry, dict) and entry.get("MCID") in outside:
                    written[i - 1 : i + 1] = ["/Artifact", pydyf.Dictionary({"Type": "/Pagination"})]
        for element in self.pdf.objects:
            tagged = isinstance(element, pydyf.Dictionary) and element.get("Type") == "/StructElem"
            if tagged and element.number not in self.met:
                element.clear()


def _identify(pdf: Any) -> None:
    """The identifier of PDF/UA-1 beside that of PDF/A-3."""
    metadata = pdf.objects[int(pdf.catalog["Metadata"].split()[0])]
    (packet,) = metadata.stream
    end = b"</rdf:RDF>"
    if packet.count(end) != 1:
        raise RenderError("report: the metadata that WeasyPrint wrote is not one RDF element. Its version?")
    metadata.stream = [packet.replace(end, IDENTIFIER.encode() + end)]


def compress(pdf: Any) -> None:
    """Every stream is compressed once, here: pydyf would do it twice, the second time for a checksum."""
    for found in pdf.objects:
        if isinstance(found, pydyf.Stream) and found.compress:
            written = pydyf.Stream(found.stream).data
            content = written[written.index(b"stream\n") + len(b"stream\n") : -len(b"\nendstream")]
            found.stream = [zlib.compress(content, LEVEL)]
            found.extra = {**found.extra, "Filter": "/FlateDecode"}
            found.compress = False
