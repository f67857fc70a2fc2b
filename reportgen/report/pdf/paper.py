"""Paper sizes for which a PDF can be set; the text block has the same width on each."""

from __future__ import annotations

A4 = "a4"
PAGES = {
    A4: "@page { size: A4 }",
    "letter": (
        "@page { size: letter; margin: 18mm 27.95mm 15mm } "
        "@page :first { margin-top: 11mm; margin-bottom: 11mm } "
        ".front figure img.drawing { width: 144mm }"
    ),
}
"""Paper → rules after those of print.css, whose margins are A4's.

On the shorter sheet the first figure is drawn smaller, so that it still fits on the first page.
"""
SHEETS = {A4: ("A4", "A3", "A2"), "letter": ("letter", "ledger", "17in 22in")}
"""Paper → sheets for a summary, of which the smallest is used on which it is one page."""
