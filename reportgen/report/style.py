"""The look of every document: fonts and style sheets, for screen and paper."""

from __future__ import annotations

import base64
from pathlib import Path

from markupsafe import Markup

from reportgen.errors import MissingRequirementError
from reportgen.report.text.mathematics import Medium
from reportgen.resources import templates

FACES = (
    ("Reportgen Serif", "normal", 400, "reportgen-serif-regular"),
    ("Reportgen Serif", "italic", 400, "reportgen-serif-italic"),
    ("Reportgen Serif", "normal", 700, "reportgen-serif-bold"),
    ("Reportgen Sans", "normal", 400, "reportgen-sans-regular"),
    ("Reportgen Sans", "normal", 600, "reportgen-sans-semibold"),
    ("Reportgen Mono", "normal", 400, "reportgen-mono-regular"),
    ("Reportgen Math", "normal", 400, "reportgen-math-regular"),
)
"""Family, style, weight and file of every font."""


def sheet(medium: Medium, *more: str, rules: str = "") -> Markup:
    """A document's style: fonts, common rules, the medium's, then the sheets in `more`, then `rules`."""
    names = ("report.css", "screen.css" if medium == "screen" else "print.css", *more)
    sheets = [(templates() / name).read_text(encoding="utf-8") for name in names]
    return Markup(font_faces(medium) + "".join(sheets) + rules)


def font_faces(medium: Medium) -> str:
    """@font-face rules: embedded WOFF2 on screen, TrueType by our own address on paper."""
    rules = []
    for family, style, weight, file in FACES:
        if medium == "screen":
            content = _font(f"{file}.woff2").read_bytes()
            address = f"data:font/woff2;base64,{base64.b64encode(content).decode()}"
            form = "woff2"
        else:
            address, form = f"reportgen:fonts/{file}.ttf", "truetype"
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-style: {style}; font-weight: {weight}; '
            f'font-display: swap; src: url("{address}") format("{form}"); }}\n'
        )
    return "".join(rules)


def font_files() -> dict[str, Path]:
    """Font files by the address used on paper. Raises MissingRequirementError if one is missing."""
    return {f"fonts/{face[3]}.ttf": _font(f"{face[3]}.ttf") for face in FACES}


def _font(name: str) -> Path:
    path = templates() / "fonts" / name
    if not path.is_file():
        raise MissingRequirementError(f"{path}: needs this font, found none. Install reportgen again.")
    return path
