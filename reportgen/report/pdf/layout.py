"""HTML → PDF by WeasyPrint, with every silent failure turned into an error.

If an image, an anchor, a font or a glyph is missing, WeasyPrint logs it and goes
on. Here its log is read, and any message in it stops the report. It does not
notice a truncated picture, a drawing that refers to a missing part, or text set
in a font of the machine; these are checked here. Nothing is fetched: the
document's images are data, and its fonts come from the templates.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from reportgen.errors import MissingRequirementError, RenderError
from reportgen.libraries import files_first
from reportgen.locked import as_locked, locked
from reportgen.report.pdf import tagging
from reportgen.report.pdf.columns import equal_columns
from reportgen.report.pdf.compression import compress
from reportgen.report.pdf.floats import floats
from reportgen.report.pdf.groups import repeated_groups
from reportgen.report.pdf.lines import full_lines
from reportgen.report.pdf.notes import whole_notes
from reportgen.report.pdf.remembering import remembered_lines
from reportgen.report.pdf.vector import read as read_drawing
from reportgen.report.pdf.whole import png_fault, require_targets

SCHEME = "reportgen:"
"""Addresses of the document's own images and fonts."""
VARIANT = "pdf/a-3a"
RASTER = "data:image/png"
"""Prefix of a picture made of pixels; figures have no other kind."""
OWN = "Reportgen"
"""Prefix of the names of the document's own fonts."""
HARMLESS = "Using fontTools instead of HarfBuzz-Subset"
"""Prefix of WeasyPrint's warning that other code subsets fonts: the PDF is sound, but its bytes differ.
The report's provenance says which code it was."""

_DATE_LOCK = threading.Lock()


@dataclass(frozen=True)
class Attachment:
    """A file embedded in the PDF."""

    name: str
    content: bytes | Callable[[Sequence[str]], bytes]
    """Its bytes, or a function that makes them from the SHA-256 of each page's content stream."""
    description: str
    media: str = "application/octet-stream"
    """Media type, which WeasyPrint would take from the machine's own tables."""
    relationship: str = "Data"
    """Relationship to the document, by a name of ISO 32000-2, 7.11.3."""


@dataclass(frozen=True)
class Resources:
    """Resources that the document may ask for, by address without the scheme."""

    files: Mapping[str, Path]
    images: Mapping[str, bytes]
    document: str = "report.pdf"
    """Name of the document in errors."""

    def read(self, name: str) -> tuple[bytes, str]:
        """Content and media type of an address. Raises RenderError for one outside the document."""
        if name in self.images:
            return self.images[name], "image/svg+xml"
        if name in self.files:
            return self.files[name].read_bytes(), "font/ttf"
        raise RenderError(f"{self.document}: asks for {name!r}, which is not part of it. Mend the template.")


class _Heard(logging.Handler):
    """Keeps WeasyPrint's warnings and errors."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not str(record.msg).startswith(HARMLESS):
            self.messages.append(record.getMessage())


@contextmanager
def _listening() -> Iterator[_Heard]:
    heard = _Heard()
    loggers = [logging.getLogger(name) for name in ("weasyprint", "fontTools")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(heard)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
    try:
        yield heard
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(heard)
            logger.setLevel(level)
            logger.propagate = propagate


@contextmanager
def _fixed_date(when: datetime) -> Iterator[None]:
    """Context in which font subsets carry this date instead of the current one."""
    with _DATE_LOCK:
        before = os.environ.get("SOURCE_DATE_EPOCH")
        os.environ["SOURCE_DATE_EPOCH"] = str(int(when.timestamp()))
        try:
            yield
        finally:
            if before is None:
                del os.environ["SOURCE_DATE_EPOCH"]
            else:
                os.environ["SOURCE_DATE_EPOCH"] = before


def require_weasyprint() -> Any:
    """Imports WeasyPrint; raises MissingRequirementError if its libraries are missing.

    It also raises for any other release than the locked one, since layout and tags change undocumented
    internals.
    """
    try:
        with warnings.catch_warnings(), files_first():
            # On import it warns if HarfBuzz-Subset is missing, which `reportgen doctor` reports too, and if
            # the machine has no fonts, none of which is used here.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", "No fonts configured", UserWarning)
            import pydyf
            import weasyprint
    except OSError as error:
        raise MissingRequirementError(
            "report.pdf: needs the Pango libraries for WeasyPrint, found none. "
            "Install libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0 (Debian), then render again."
        ) from error
    for package, found in (("weasyprint", weasyprint.__version__), ("pydyf", pydyf.__version__)):
        if not as_locked(package, found):
            wanted = locked()[package]
            raise MissingRequirementError(
                f"report.pdf: needs {package} {wanted}, found {found}. Run: pip install {package}=={wanted}"
            )
    return weasyprint


@contextmanager
def _guarded(name: str, when: datetime) -> Iterator[None]:
    """Turns WeasyPrint's warnings and failures into a RenderError."""
    from weasyprint.urls import FatalURLFetchingError

    with _listening() as heard, _fixed_date(when), warnings.catch_warnings():
        # WeasyPrint leaves its colour profile to be closed by the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            yield
        except (FatalURLFetchingError, RecursionError) as error:
            raise RenderError(f"{name}: cannot be laid out: {error or type(error).__name__}.") from error
    if heard.messages:
        more = f" (and {len(heard.messages) - 1} more)" if len(heard.messages) > 1 else ""
        raise RenderError(f"{name}: would come out incomplete: {heard.messages[0]}{more}. Mend the template.")


@dataclass(frozen=True)
class Layout:
    """A document laid out on its pages, not yet written."""

    document: Any
    name: str
    """Name of the document in errors."""
    when: datetime

    @property
    def pages(self) -> int:
        """Number of pages."""
        return len(self.document.pages)

    def pdf(self, attachments: tuple[Attachment, ...] = ()) -> bytes:
        """PDF/A-3a and PDF/UA-1 with these files attached. Raises as `lay_out` does."""
        weasyprint = require_weasyprint()
        self.document.metadata.attachments = [
            weasyprint.Attachment(
                file_obj=BytesIO(a.name.encode() if callable(a.content) else a.content),
                name=a.name,
                description=a.description,
                created=self.when,
                modified=self.when,
                relationship=a.relationship,
            )
            for a in attachments
        ]
        with _guarded(self.name, self.when), tagging.tagged():
            return bytes(
                self.document.write_pdf(
                    pdf_variant=VARIANT,
                    finisher=lambda document, pdf: self._finish(document, pdf, attachments),
                )
            )

    def _finish(self, document: Any, pdf: Any, attachments: Sequence[Attachment]) -> None:
        _require_own_fonts(pdf, self.name)
        tagging.finish(document, pdf, self.name)
        _finish_files(pdf, attachments)
        compress(pdf)


def _require_notes(document: Any, asked: int, name: str) -> None:
    boxes = (box for page in document.pages for box in page._page_box.descendants())
    drawn = len({id(box.element) for box in boxes if box.element_tag == tagging.NOTE})
    if drawn != asked:
        raise RenderError(f"{name}: has {asked} notes, of which {drawn} are drawn. Mend the template.")


def _finish_files(pdf: Any, attachments: Sequence[Attachment]) -> None:
    """Sets media types as declared, lists each associated file once, and fills in those made from pages."""
    embedded = [item for item in pdf.objects if getattr(item, "extra", {}).get("Type") == "/EmbeddedFile"]
    for stream, attachment in zip(embedded, attachments, strict=True):
        stream.extra["Subtype"] = f"/{attachment.media.replace('/', '#2f')}"
        if callable(attachment.content):
            made = attachment.content(_page_sums(pdf))
            stream.stream = [made]
            stream.extra["Params"]["Size"] = len(made)
            checksum = hashlib.md5(made, usedforsecurity=False).hexdigest()
            stream.extra["Params"]["CheckSum"] = f"<{checksum}>"
    if "AF" in pdf.catalog:
        listed = pdf.catalog["AF"]
        listed[:] = dict.fromkeys(listed)


def _page_sums(pdf: Any) -> list[str]:
    """SHA-256 of each page's content stream before compression."""
    import pydyf

    sums = []
    for number in pdf.pages["Kids"][::3]:
        stream = pdf.objects[int(pdf.objects[number]["Contents"].split()[0])]
        content = pydyf.Stream(stream.stream).data.partition(b"\nstream\n")[2].removesuffix(b"\nendstream")
        sums.append(hashlib.sha256(content).hexdigest())
    return sums


@contextmanager
def _as_a_paper() -> Iterator[None]:
    """All changes to WeasyPrint that apply while it lays out a document."""
    with repeated_groups(), floats(), remembered_lines(), full_lines(), whole_notes(), equal_columns():
        yield


def lay_out(html: str, resources: Resources, when: datetime) -> Layout:
    """Lays out a document; its bytes depend only on the arguments and the versions of libraries.

    Raises `RenderError` if anything would be missing from the document, and
    `MissingRequirementError` as `require_weasyprint` does.
    """
    weasyprint = require_weasyprint()
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class OwnFiles(URLFetcher):  # type: ignore[misc]
        """Serves data: and the report's own addresses; anything else ends the rendering."""

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith("data:"):
                answer = super().fetch(url, headers)
                if url.startswith(RASTER):
                    content = answer.read()
                    if fault := png_fault(content):
                        raise FatalURLFetchingError(f"the picture {url[:40]}… is damaged: {fault}")
                    return URLFetcherResponse(url, content, {"Content-Type": RASTER.removeprefix("data:")})
                return answer
            if url.startswith(SCHEME):
                content, media_type = resources.read(url.removeprefix(SCHEME))
                return URLFetcherResponse(url, content, {"Content-Type": media_type})
            raise FatalURLFetchingError(f"refused {url}")

    for name, content in resources.images.items():
        require_targets(content.decode(), f"{resources.document}: {name}")
    images = {name: read_drawing(content) for name, content in resources.images.items()}
    drawn = {SCHEME + name: image for name, image in images.items() if image is not None}
    with _guarded(resources.document, when), _as_a_paper():
        document = weasyprint.HTML(
            string=html, base_url=SCHEME + "report", url_fetcher=OwnFiles(allowed_protocols=("data",))
        ).render(pdf_variant=VARIANT, cache=drawn)
    _require_notes(document, html.count(f"<{tagging.NOTE} "), resources.document)
    return Layout(document, resources.document, when)


def _require_own_fonts(pdf: Any, name: str) -> None:
    for found in pdf.objects:
        if isinstance(found, dict) and found.get("Type") == "/FontDescriptor":
            font = str(found["FontName"]).strip("/'").rpartition("+")[2]
            if not font.startswith(OWN):
                raise RenderError(
                    f"{name}: text is set in {font}, a font of this machine. Set it in one of {OWN}’s, or "
                    "choose characters that they have."
                )
