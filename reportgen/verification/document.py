"""A report's PDF, read back: the files attached to it, and what is drawn and written on its pages."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from reportgen.errors import UsageError

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it would warn of, it raises here

ELSEWHERE = frozenset({"/Parent", "/P", "/StructParents", "/StructParent", "/Dest", "/D"})
"""Entries of a page and its links that lead to other pages, or into the structure tree."""
QUIET = frozenset({
    "/AF", "/Lang", "/MarkInfo", "/Metadata", "/Names", "/Outlines", "/OutputIntents", "/PageLabels",
    "/Pages", "/StructTreeRoot", "/Type", "/Version", "/ViewerPreferences",
})  # fmt: skip
"""Entries of a document that do nothing when it is opened."""
FRAME = ("/Lang", "/Outlines", "/PageLabels", "/ViewerPreferences")
"""Those that a reader sees beside the pages."""
SPACES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://www.aiim.org/pdfa/ns/id/": "pdfaid",
    "http://www.aiim.org/pdfua/ns/id/": "pdfuaid",
    "http://www.aiim.org/pdfa/ns/extension/": "pdfaExtension",
}
"""XML namespaces of a report's XMP metadata, by their usual prefix."""
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
WHERE = frozenset({"/URI", "/GoTo"})
"""What a link may do: lead somewhere."""


@dataclass(frozen=True)
class Document:
    """A PDF as it is on the disk. Made by `read` or `parse`, which read every page once."""

    content: bytes
    files: Mapping[str, tuple[bytes, ...]]
    """Attached files by name; more than one where a name occurs again."""
    sums: tuple[str, ...]
    """SHA-256 of each page's content stream, decoded."""
    notes: tuple[tuple[str, ...], ...]
    """Kinds of annotation on each page; of a link that does more than lead somewhere, what it does."""
    acts: tuple[str, ...]
    """What is not of its pages and does something by itself: scripts, forms, layers."""
    frame: str
    """A digest of what is seen beside the pages: outline, numbers of pages."""
    about: Mapping[str, str]
    """What it says of itself: entries of its document information, ``Title``, and of its XMP metadata,
    ``XMP dc:title``."""
    _pages: tuple[Any, ...]

    def text(self, page: int) -> str:
        """What is written on a page, in the order in which it was set."""
        return str(self._pages[page].extract_text())

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """A digest of each page with all that it draws with: fonts, images, links. Packing does not count."""
        known: dict[tuple[int, int], bytes] = {}
        return tuple(_digest(page, known).hex() for page in self._pages)


def read(path: Path) -> Document:
    """Raises UsageError, in one line, where there is no PDF that can be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path}: must be a report's PDF, but cannot be read ({error.strerror or error}). "
            "Correct the path."
        ) from error
    if not content.startswith(b"%PDF-"):
        raise UsageError(f"{path}: must be a report's PDF, but is no PDF. Name a report.pdf.")
    return parse(content, path)


def parse(content: bytes, path: Path) -> Document:
    """The same of bytes at hand; `path` stands for them in messages."""
    try:
        reader = PdfReader(BytesIO(content), strict=True)
        if not reader.is_encrypted:
            pages = tuple(reader.pages)
            root = reader.trailer["/Root"].get_object()
            return Document(
                content,
                {name: tuple(found) for name, found in reader.attachments.items()},
                tuple(hashlib.sha256(_contents(page)).hexdigest() for page in pages),
                tuple(_notes(page) for page in pages),
                _acts(root),
                _frame(root),
                _about(root, reader.metadata or {}),
                pages,
            )
    except (DependencyError, FileNotDecryptedError):  # a cipher that takes another package to read
        pass
    except Exception as error:  # whatever pypdf stumbles over, in a file that anyone may have made
        raise UsageError(
            f"{path}: must be a whole PDF, but is cut short or damaged ({_one_line(error)}). Get it again."
        ) from error
    raise UsageError(
        f"{path}: must be a PDF that is not encrypted, but needs a password. "
        "Reports are made without; get the report as it was made."
    )


def _contents(page: Any) -> bytes:
    held = page["/Contents"].get_object()
    streams = held if isinstance(held, ArrayObject) else [held]
    return b"\n".join(stream.get_object().get_data() for stream in streams)


def _notes(page: Any) -> tuple[str, ...]:
    held = page.get("/Annots")
    found = [_note(note.get_object()) for note in (held.get_object() if held else ())]
    return tuple(found + ["AA"] * ("/AA" in page))


def _note(note: Any) -> str:
    act = note.get("/A")
    does = act.get_object()["/S"] if act is not None else "/GoTo"
    odd = does not in WHERE or "/AA" in note
    return f"{note['/Subtype'][1:]} with {str(does)[1:]}" if odd else str(note["/Subtype"])[1:]


def _acts(root: Any) -> tuple[str, ...]:
    names = root["/Names"].get_object() if "/Names" in root else {}
    return tuple(str(name)[1:] for name in (*(set(root) - QUIET), *(set(names) & {"/JavaScript"})))


def _frame(root: Any) -> str:
    seen = [_digest(root.raw_get(name), {}).hex() for name in FRAME if name in root]
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def _about(root: Any, information: Mapping[str, Any]) -> dict[str, str]:
    found = {str(name)[1:]: str(information[name]) for name in information}
    if "/Metadata" in root:
        found |= {
            f"XMP {name}": text for name, text in _properties(root["/Metadata"].get_object().get_data())
        }
    return found


def _properties(packet: bytes) -> list[tuple[str, str]]:
    """Properties of an XMP packet and their text; one alone where it is no XML, or declares entities."""
    try:
        if b"<!" in packet:
            raise ElementTree.ParseError
        described = list(ElementTree.fromstring(packet).iter(f"{RDF}Description"))
    except ElementTree.ParseError:
        return [("metadata", "not readable")]
    found: dict[str, list[str]] = {}
    for one in described:
        said = [(name, text) for name, text in one.items() if not name.startswith(RDF)]
        said += [(child.tag, " ".join("".join(child.itertext()).split())) for child in one]
        for name, text in said:
            found.setdefault(_prefixed(name), []).append(text)
    return [(name, "; ".join(texts)) for name, texts in found.items()]


def _prefixed(name: str) -> str:
    space, _, own = name.rpartition("}")
    return f"{SPACES.get(space[1:], space[1:])}:{own}"


def _digest(item: Any, known: dict[tuple[int, int], bytes]) -> bytes:
    """SHA-256 of an object and all it leads to, streams decoded; numbers of objects do not count."""
    if isinstance(item, IndirectObject):
        key = (item.idnum, item.generation)
        if key not in known:
            known[key] = b"circle"
            known[key] = _digest(item.get_object(), known)
        return known[key]
    total = hashlib.sha256(type(item).__name__.encode())
    if isinstance(item, DictionaryObject):
        packed = {"/Length", "/Filter", "/DecodeParms"} if isinstance(item, StreamObject) else set()
        for name in sorted(set(item) - ELSEWHERE - packed):
            total.update(name.encode() + b"\0" + _digest(item.raw_get(name), known))
        if isinstance(item, StreamObject):
            total = hashlib.sha256(total.digest() + item.get_data())
    elif isinstance(item, ArrayObject):
        for index in range(len(item)):
            total.update(_digest(list.__getitem__(item, index), known))
    else:
        total.update(repr(item).encode())
    return total.digest()


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
