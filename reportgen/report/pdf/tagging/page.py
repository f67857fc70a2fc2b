"""Links elements of the structure to the HTML elements that they are made from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NOTE = "small"
"""HTML element of a note."""
CONTENTS = "nav"
"""HTML element around a table of contents."""
TAGS = {NOTE: "Note", "code": "Code", "pre": "P", "sup": "Span"}
"""Tags of HTML elements for which WeasyPrint has none."""


@contextmanager
def tagged() -> Iterator[None]:
    """Context for writing a PDF, with TAGS known and each element's HTML element kept as `html`.

    What the page hides from screen readers is left out of the structure.
    """
    from weasyprint.pdf import tags

    plain, build = tags._get_pdf_tag, tags._build_box_tree

    def built(box: Any, *rest: Any) -> Iterator[Any]:
        for element in build(box, *rest):
            own = getattr(box, "_box", box).element
            if not hasattr(element, "html"):  # else set by an inner box, as for the body
                element.html = own
            if own is None or own.get("aria-hidden") != "true":
                yield element

    tags._get_pdf_tag = lambda tag: TAGS.get(tag) or plain(tag)
    tags._build_box_tree = built
    try:
        yield
    finally:
        tags._get_pdf_tag, tags._build_box_tree = plain, build


def attribute(element: Any, name: str) -> str:
    """An attribute of the HTML element; empty if there is none."""
    html = getattr(element, "html", None)
    return "" if html is None else str(html.get(name, ""))


def is_contents(element: Any) -> bool:
    """Whether it is made from the HTML element around a table of contents."""
    html = getattr(element, "html", None)
    return html is not None and html.tag == CONTENTS
