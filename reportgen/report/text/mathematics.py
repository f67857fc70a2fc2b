"""Formulas in each medium: inline SVG with shared outlines on screen, images on paper."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup, escape

from reportgen.errors import RenderError
from reportgen.figures.drafting.style import INK
from reportgen.report.pdf.tagging import DEPTH, FORMULA, SOURCE
from reportgen.report.text import formulas
from reportgen.report.text.formulas import Formula

Medium = Literal["screen", "paper"]

SYMBOLS = "fzqxK"
"""Letters that are set as formulas if they are alone in a sentence."""
_SYMBOL = re.compile(rf"\b[{SYMBOLS}]\b")
_GLYPH = re.compile(r'<path d="[^"]*"/>')


@dataclass
class Mathematics:
    """The formulas of one document."""

    medium: Medium
    images: dict[str, bytes]
    """On paper: the images that the text uses, by address; filled in here."""
    glyphs: dict[str, str] = field(default_factory=dict)
    """On screen: the outlines of which formulas consist, with their ids."""

    def inline(self, name: str) -> Markup:
        """An inline formula, by its name in `formulas.TEXT`."""
        return self._drawn(formulas.named(name))

    def symbols(self, text: str) -> Markup:
        """Text with its one-letter symbols set as formulas."""
        return Markup(_SYMBOL.sub(lambda found: self.inline(found[0]), str(escape(text))))

    def displayed(self, source: str | Formula) -> Markup:
        """A displayed formula, given by name or itself; without a drawing (a new estimator's), its LaTeX."""
        if isinstance(source, str):
            return self._drawn(formulas.named(source))
        if formulas.is_drawn(source):
            return self._drawn(source)
        return Markup('<code class="latex">{}</code>').format(source.latex)

    def outlines(self) -> Markup:
        """The outlines of which formulas on screen consist."""
        outlines = (path.replace("<path", f'<path id="{name}"') for path, name in self.glyphs.items())
        opening = '<svg class="glyphs" aria-hidden="true" width="0" height="0">'
        return Markup(f"{opening}<defs>{''.join(outlines)}</defs></svg>")

    def _drawn(self, formula: Formula) -> Markup:
        drawn = formulas.drawn(formula)
        require_words(f"formula {formula.latex!r}", drawn.spoken)
        style = f"width:{drawn.width:g}ex;height:{drawn.height:g}ex;vertical-align:{-drawn.depth:g}ex"
        if self.medium == "screen":
            opening = Markup('<svg class="m" role="img" aria-label="{}" style="{}" {}="{}"')
            shared = _GLYPH.sub(lambda found: f'<use href="#{self._glyph(found[0])}"/>', drawn.svg)
            return opening.format(drawn.spoken, style, SOURCE, formula.latex) + Markup(
                shared.removeprefix("<svg").replace(' xmlns="http://www.w3.org/2000/svg"', "")
            )
        address = f"formula/{hashlib.sha256(formula.key.encode()).hexdigest()[:16]}.svg"
        self.images[address] = drawn.svg.replace("currentColor", INK).encode()
        opening = Markup('<img class="m" src="reportgen:{}" alt="{}" style="{}"')
        copied = Markup(' {}="{}" {}="{:.3g}">').format(
            SOURCE, formula.latex, DEPTH, drawn.depth / drawn.height
        )
        return opening.format(address, FORMULA + drawn.spoken, style) + copied

    def _glyph(self, path: str) -> str:
        """Id of a glyph's outline, which is in the page once and used wherever it occurs."""
        return self.glyphs.setdefault(path, f"glyph-{len(self.glyphs)}")


def require_words(what: str, words: str) -> None:
    """Raises RenderError if a picture has no alternative text."""
    if not words.strip():
        raise RenderError(f"report: {what} has no words for who cannot see it. Give it an alternative text.")
