"""What elements of the structure know of the page's elements that they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NOTE = "small"
"""The element that a note is."""
CONTENTS = "nav"
"""The element around a table of contents."""
TAGS = {NOTE: "Note", "code": "Code", "pre": "P", "sup": "Span"}
"""Of elements for which WeasyPrint has none."""


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


def attribute(element: Any, name: str) -> str:
    """Of the page's element; empty where there is none."""
    html = getattr(element, "html", None)
    return "" if html is None else str(html.get(name, ""))


def is_contents(element: Any) -> bool:
    """Whether it is made of the element around a table of contents."""
    html = getattr(element, "html", None)
    return html is not None and html.tag == CONTENTS
