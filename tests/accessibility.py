"""What PDF/UA-1 requires of a file's structure, as far as this program checks it; veraPDF checks the rest."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pikepdf

IDENTIFIER = "{http://www.aiim.org/pdfua/ns/id/}part"
SCHEMA = b"<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
LISTS = {
    "/L": {"/LI", "/L", "/Caption"},
    "/LI": {"/Lbl", "/LBody", "/L"},
    "/TR": {"/TH", "/TD"},
    "/TOC": {"/TOCI", "/TOC", "/Caption"},
    "/TOCI": {"/Lbl", "/Reference", "/NonStruct", "/P", "/TOC"},
}
"""Kind of element → kinds that it may contain directly."""


def elements(pdf: pikepdf.Pdf) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Every structure element in reading order, with the kinds of those around it."""
    todo: list[tuple[Any, tuple[str, ...]]] = [(pdf.Root.StructTreeRoot, ())]
    while todo:
        element, around = todo.pop()
        if "/S" in element:
            yield element, around
            around = (*around, str(element.S))
        todo += [(kid, around) for kid in reversed(kids(element)) if "/S" in kid]


def kids(element: Any) -> list[Any]:
    """Dictionaries directly under an element: elements, and references to annotations."""
    found = element.get("/K", [])
    found = list(found) if isinstance(found, pikepdf.Array) else [found]
    return [kid for kid in found if isinstance(kid, pikepdf.Dictionary)]


def faults(pdf: pikepdf.Pdf) -> list[str]:
    """Everything that is wrong with the structure, in words; empty if nothing is."""
    found = [*_document(pdf), *_content(pdf), *_names(pdf)]
    level = 0
    met_links = set()
    names = []
    for element, around in elements(pdf):
        kind = str(element.S)
        if kind[1:].startswith("H") and kind[2:].isdigit():
            if int(kind[2:]) > level + 1:
                found.append(f"heading {kind} after level {level}")
            level = int(kind[2:])
        if kind in ("/Figure", "/Formula"):
            if not str(element.get("/Alt", "")).strip():
                found.append(f"{kind} without words")
            found += _box(element)
        if kind == "/TH" and str(element.get("/A", {}).get("/Scope", "")) not in ("/Row", "/Column"):
            found.append("header cell without a scope")
        if kind == "/Table" and not any(str(e.S) == "/TH" for e in _under(element)):
            found.append("table without a header cell")
        if kind == "/Note":
            names.append(str(element.get("/ID", "")))
            if "/Lbl" not in {str(kid.S) for kid in kids(element) if "/S" in kid}:
                found.append("note without its number")
        if kind == "/Link" and "/Link" in around:
            found.append("link within a link")
        links = [kid if kid.get("/S") == "/Link" else None for kid in kids(element) if "/S" in kid]
        if any(one and other and _leads(one) == _leads(other) for one, other in pairwise(links)):
            found.append("link told line by line")
        for kid in kids(element):
            if "/S" in kid and kind in LISTS and str(kid.S) not in LISTS[kind]:
                found.append(f"{kid.S} in {kind}")
            if kid.get("/Type") == "/OBJR":
                met_links.add(kid.Obj.objgen)
                if kind != "/Link":
                    found.append(f"annotation in {kind}")
    if "" in names or len(names) > len(set(names)):
        found.append("note without a name of its own")
    for page in pdf.pages:
        for note in page.get("/Annots", []):
            words = str(note.get("/Contents", "")).strip()
            if not words or words == str(note.get("/Dest", "")) or words.startswith("#"):
                found.append("link without words")
            if note.objgen not in met_links:
                found.append("link outside of the text")
    return found


def _under(element: Any) -> Iterator[Any]:
    for kid in kids(element):
        if "/S" in kid:
            yield kid
            yield from _under(kid)


def _leads(link: Any) -> list[tuple[str, str]]:
    """Words and target of each line of a link."""
    notes = [kid.Obj for kid in kids(link) if kid.get("/Type") == "/OBJR"]
    return [(str(note.get("/Contents")), str(note.get("/Dest", note.get("/A")))) for note in notes][:1]


def _names(pdf: pikepdf.Pdf) -> Iterator[str]:
    """Elements with a name are listed by it, and a cell's heads are among them."""
    root = pdf.Root.StructTreeRoot
    listed = list(root.get("/IDTree", {}).get("/Names", []))
    names = [str(name) for name in listed[::2]]
    own = {str(element.ID): element.objgen for element, _ in elements(pdf) if "/ID" in element}
    if own != {name: one.objgen for name, one in zip(names, listed[1::2], strict=True)} or names != sorted(
        names
    ):
        yield "names that are not listed"
    for element, _ in elements(pdf):
        heads = element.get("/A", {}).get("/Headers", [])
        if {str(head) for head in heads} - own.keys():
            yield "cell with a head that is not there"


def _document(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    with pdf.open_metadata() as metadata:
        if metadata.pdfa_status != "3A":
            yield f"PDF/A {metadata.pdfa_status}"
        if metadata.get(IDENTIFIER) != "1" or SCHEMA not in root.Metadata.read_bytes():
            yield "no identifier of PDF/UA-1, or no schema of it"
        if not metadata.get("dc:title"):
            yield "no title"
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "not tagged"
    if not root.get("/ViewerPreferences", {}).get("/DisplayDocTitle"):
        yield "file name shown instead of the title"
    if not str(root.get("/Lang", "")):
        yield "no language"
    if "/PageLabels" not in root:
        yield "no page labels"
    yield from ("order of tabs" for page in pdf.pages if page.get("/Tabs") != "/S")


def _content(pdf: pikepdf.Pdf) -> Iterator[str]:
    """All that is drawn is in the structure tree or marked as an artifact."""
    reached = {element.objgen for element, _ in elements(pdf)}
    numbers = pdf.Root.StructTreeRoot.ParentTree.Nums
    parents = {int(numbers[i]): numbers[i + 1] for i in range(0, len(numbers), 2)}
    every = [one for one in pdf.objects if isinstance(one, pikepdf.Dictionary)]
    if any(one.get("/Type") == "/StructElem" and one.objgen not in reached for one in every):
        yield "element that nothing leads to"
    for page in pdf.pages:
        of_page = parents[int(page.StructParents)]
        if any(isinstance(one, pikepdf.Dictionary) and one.objgen not in reached for one in of_page):
            yield "content of an element that nothing leads to"
        within = 0
        for operands, operator in pikepdf.parse_content_stream(page, "BDC BMC EMC"):
            within += -1 if str(operator) == "EMC" else 1
            if str(operator) != "BDC":
                continue
            marked = operands[1]
            if "/MCID" in marked:
                parent = of_page[int(marked.MCID)]
                if not isinstance(parent, pikepdf.Dictionary) or parent.objgen not in reached:
                    yield f"{operator} of page {page.label} is not in the tree"
            elif operands[0] != "/Artifact" and within == 1:
                yield "content that is neither text nor artifact"
    for element, _ in elements(pdf):
        for page, number in _drawn(element):
            parent = parents[int(page.StructParents)][number]
            if not isinstance(parent, pikepdf.Dictionary) or parent.objgen != element.objgen:
                yield f"{element.S} draws what is another's"


def _drawn(element: Any) -> Iterator[tuple[Any, int]]:
    """Pages and numbers of the content directly under an element."""
    found = element.get("/K", [])
    for kid in found if isinstance(found, pikepdf.Array) else [found]:
        if isinstance(kid, int):
            yield element.Pg, kid
        elif isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/MCR":
            yield kid.Pg, int(kid.MCID)


def _box(element: Any) -> Iterator[str]:
    left, bottom, right, top = (float(side) for side in element.A.BBox)
    width, height = (float(side) for side in element.Pg.MediaBox[2:])
    if not (0 <= left < right <= width and 0 <= bottom < top <= height):
        yield f"{element.S} outside of its page"
