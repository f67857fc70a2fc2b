"""A report's PDF, read back: the files attached to it, and what is drawn and written on its pages."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, PdfReadError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from reportgen.errors import UsageError

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # read strictly, it raises what it would warn about

ELSEWHERE = frozenset({"/Parent", "/P", "/Pg", "/Obj", "/StructParents", "/StructParent", "/Dest", "/D"})
"""Entries of a page, its links and its tags that lead to other pages, or into the structure tree."""
QUIET = frozenset({
    "/AF", "/Lang", "/MarkInfo", "/Metadata", "/Names", "/Outlines", "/OutputIntents", "/PageLabels",
    "/Pages", "/StructTreeRoot", "/Type", "/Version", "/ViewerPreferences",
})  # fmt: skip
"""Entries of a document that do nothing when it is opened."""
FRAME = ("/Lang", "/Outlines", "/PageLabels", "/StructTreeRoot", "/ViewerPreferences")
"""Entries of a document that a reader sees or hears beside the pages."""
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
"""Actions that a link may have: it may lead somewhere."""
LINK = frozenset({
    "/A", "/BS", "/Border", "/Contents", "/Dest", "/F", "/H", "/P", "/Rect", "/StructParent", "/Subtype",
    "/Type",
})  # fmt: skip
"""Entries of a link that draw nothing and only lead somewhere; `/BS` and `/Border` if their width is 0."""
NAMES = ("/UF", "/F", "/DOS", "/Mac", "/Unix")
"""Keys under which a file may have a name, and contents."""
MOST_BYTES = 250_000_000
"""Most bytes of all pages and attached files, unpacked. Those of reports have some millions."""


@dataclass(frozen=True)
class Document:
    """A PDF as it is on the disk. It is made by `read` or `parse`, which read every page once."""

    path: Path
    content: bytes
    files: Mapping[str, tuple[bytes, ...]]
    """Name → contents of attached files; more than one if programs may differ in which they show."""
    sums: tuple[str, ...]
    """SHA-256 of each page's content stream, decoded."""
    notes: tuple[tuple[str, ...], ...]
    """Kinds of annotation on each page; for a link that does more than lead somewhere, with what it does."""
    acts: tuple[str, ...]
    """Parts outside the pages that do something by themselves: scripts, forms, layers."""
    frame: str
    """A digest of what is seen or heard beside the pages: outline, numbers of pages, tags."""
    about: Mapping[str, str]
    """What it says about itself: entries of its document information, ``Title``, and of its XMP metadata,
    ``XMP dc:title``."""
    _pages: tuple[Any, ...]

    def text(self, page: int) -> str:
        """The text of a page, in the order in which it was set. Raises UsageError if it is damaged."""
        with _whole(self.path):
            return str(self._pages[page].extract_text())

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """A digest of each page with its fonts, images and links; compression does not change it.

        Raises UsageError if a page is damaged.
        """
        known: dict[tuple[int, int], bytes] = {}
        with _whole(self.path):
            return tuple(_digest(page, known).hex() for page in self._pages)


def read(path: Path) -> Document:
    """Reads a PDF. Raises UsageError, in one line, if there is none that can be read."""
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
    """Reads a PDF from its bytes; `path` names it in messages."""
    with _whole(path):
        try:
            reader = PdfReader(BytesIO(content), strict=True)
            locked = reader.is_encrypted
        except (DependencyError, FileNotDecryptedError):  # a cipher that takes another package to read
            locked = True
        if not locked:
            pages = tuple(reader.pages)
            root = reader.trailer["/Root"].get_object()
            room = _Room()
            return Document(
                path,
                content,
                _files(root, room),
                tuple(_sum(page, room) for page in pages),
                tuple(_notes(page) for page in pages),
                _acts(root),
                _frame(root),
                _about(root, reader.metadata or {}),
                pages,
            )
    raise UsageError(
        f"{path}: must be a PDF that is not encrypted, but needs a password. "
        "Reports are made without; get the report as it was made."
    )


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Turns any exception of pypdf into a UsageError: anyone may have made the file."""
    try:
        yield
    except Exception as error:
        raise UsageError(
            f"{path}: must be a whole PDF, but is cut short or damaged ({_one_line(error)}). Get it again."
        ) from error


@dataclass
class _Room:
    """Limits what is unpacked: a few bytes may unpack to more than a machine's memory."""

    left: int = MOST_BYTES

    def take(self, content: bytes) -> bytes:
        """Returns the content. Raises PdfReadError if there is no room left for it."""
        self.left -= len(content)
        if self.left < 0:
            raise PdfReadError(f"it unpacks to more than {MOST_BYTES // 10**6} MB")
        return content


def _files(root: Any, room: _Room) -> dict[str, tuple[bytes, ...]]:
    """Attached files by every name that a program may show, with all contents that it may show for it."""
    named = root["/Names"].get_object().get("/EmbeddedFiles") if "/Names" in root else None
    associated = root["/AF"].get_object() if "/AF" in root else ()
    found: dict[str, dict[tuple[int, int], bytes]] = {}
    for name, item in (*_leaves(named), *(("", item) for item in associated)):
        file = item.get_object()
        held = file["/EF"].get_object()
        for place in (held.raw_get(key) for key in held):
            key = place.idnum, place.generation
            for said in {name, *(str(file[of]) for of in NAMES if of in file)} - {""}:
                contents = found.setdefault(said, {})
                if key not in contents:
                    contents[key] = room.take(place.get_object().get_data())
    return {name: tuple(contents.values()) for name, contents in found.items()}


def _leaves(tree: Any) -> Iterator[tuple[str, Any]]:
    """Names and their values in all branches of a name tree, each once."""
    waiting, seen = [tree] if tree is not None else [], set()
    while waiting:
        item = waiting.pop()
        node = item.get_object()
        if id(node) in seen:
            continue
        seen.add(id(node))
        waiting += node["/Kids"].get_object() if "/Kids" in node else ()
        names = list(node["/Names"].get_object()) if "/Names" in node else []
        yield from zip((str(name.get_object()) for name in names[::2]), names[1::2], strict=True)


def _sum(page: Any, room: _Room) -> str:
    held = page["/Contents"].get_object()
    total = hashlib.sha256()
    for number, stream in enumerate(held if isinstance(held, ArrayObject) else [held]):
        total.update(b"\n" * (number > 0) + room.take(stream.get_object().get_data()))
    return total.hexdigest()


def _notes(page: Any) -> tuple[str, ...]:
    held = page.get("/Annots")
    found = [_note(note.get_object()) for note in (held.get_object() if held else ())]
    return tuple(found + ["AA"] * ("/AA" in page))


def _note(note: Any) -> str:
    """The kind of an annotation, and what it does or has that no link of a report does or has."""
    act = note["/A"].get_object() if "/A" in note else {"/S": "/GoTo"}
    odd = {act["/S"]} - WHERE | set(act) & {"/Next"} | set(note) - LINK
    odd |= {name for name, width in _borders(note) if width != 0}
    kind = str(note["/Subtype"])[1:]
    return f"{kind} with {', '.join(sorted(str(name)[1:] for name in odd))}" if odd else kind


def _borders(note: Any) -> Iterator[tuple[str, Any]]:
    """Entries of an annotation that set a border, with its width."""
    if "/BS" in note:
        yield "/BS", note["/BS"].get_object().get("/W", 1)
    if "/Border" in note:
        yield "/Border", note["/Border"].get_object()[2].get_object()


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
    """Properties of an XMP packet and their text; a single one if it is not XML, or declares entities."""
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
    """SHA-256 of an object and all that it leads to, streams decoded; object numbers do not matter."""
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
