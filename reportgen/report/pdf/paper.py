"""Sizes of paper that a PDF can be set for; the text block is as wide on each."""

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

On the lower sheet the first figure is drawn smaller, to stand on the first page there too.
"""
SHEETS = {A4: ("A4", "A3", "A2"), "letter": ("letter", "ledger", "17in 22in")}
"""Paper → what a summary stands on, the smallest on which it is one page."""
