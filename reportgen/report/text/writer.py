"""Sections → text of the document: templates with their formulas, figures, references and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, Template, TemplateError
from jinja2.bccache import Bucket
from markupsafe import Markup

from reportgen.errors import RenderError
from reportgen.figures import Drawing
from reportgen.findings.marks import plain
from reportgen.glyphs import spelt
from reportgen.report.pdf.whole import require_targets
from reportgen.report.text import figure_data, model_words, outlines, words
from reportgen.report.text.bibliography import REFERENCES, reference
from reportgen.report.text.heads import headed
from reportgen.report.text.links import linked
from reportgen.report.text.long_tables import broken
from reportgen.report.text.long_words import breakable
from reportgen.report.text.mathematics import Mathematics, Medium, require_words
from reportgen.report.text.numbering import Numbering
from reportgen.report.text.section import Section
from reportgen.report.text.ties import kept, whole
from reportgen.resources import templates

Sections = Sequence[tuple[Section, Mapping[str, Any]]]
"""Each with what its template is filled in with."""

LEAD = (
    "likelihood_by_model",
    "variance_over_training",
    "variance_against_setting",
    "signal_against_num_samples",
    "variance_against_num_samples",
    "variance_by_layer",
    "work",
)
"""Figures that answer the question of an experiment, the best first."""

_JOINED = re.compile(
    r'\(?(?:<img class="m"[^>]*>|<svg class="m"[^>]*>(?:<(?!/svg)[^>]*>)*</svg>)(?:[,.;:)]+|th\b)'
)
"""A formula in the line, and what belongs to it: a parenthesis before it, the punctuation after it."""


class _Compiled(BytecodeCache):
    """Compiled templates of this process: one compilation serves screen and paper."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = _Compiled()


@dataclass
class Writer:
    """Writes sections for one medium. Formulas and figures are inline SVG on the screen, images on paper."""

    medium: Medium
    drawings: Mapping[str, Drawing]
    numbering: Numbering = field(default_factory=Numbering)
    images: dict[str, bytes] = field(default_factory=dict)
    """On paper: the images that the text asks for, by address."""
    mathematics: Mathematics = field(init=False)
    named: set[str] = field(default_factory=set)
    """Sources whose authors the text has named."""
    placed: set[str] = field(default_factory=set)
    """Figures that stand on the first page."""
    notes: list[Markup] = field(default_factory=list)
    """On the screen: the footnotes of the section being written."""

    def __post_init__(self) -> None:
        self.mathematics = Mathematics(self.medium, self.images)

    def environment(self) -> Environment:
        """Jinja2, strict: an undefined name is an error, and everything is escaped."""
        environment = Environment(
            loader=FileSystemLoader(templates()),
            undefined=StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            bytecode_cache=COMPILED,
            finalize=self._printed,
        )
        environment.globals.update(
            paper=self.medium == "paper",
            math=self.mathematics.inline,
            equation=self.equation,
            glyph_outlines=self.mathematics.outlines,
            cite=self.cite,
            figure=self.figure,
            lead_figure=self.lead_figure,
            has_figure=self.has_figure,
            leads=self.leads,
            caption=self.caption,
            ref=self.ref,
            short_ref=self.short_ref,
            anchor=self.anchor,
            footnote=self.footnote,
            has_section=lambda name: self.numbering.has("section", name),
            bibliography=self.bibliography,
            verdict=words.verdict,
            marked=model_words.marked,
        )
        environment.filters.update(words.FILTERS, printed=self._printed, symbols=self.mathematics.symbols)
        return environment

    def _printed(self, value: Any) -> Any:
        """What a template fills in; on paper with the letters that its fonts lack spelt out."""
        return spelt(value) if self.medium == "paper" and type(value) is str else value

    def equation(self, source: Any, name: str | None = None) -> Markup:
        """A displayed formula; numbered where it has a name. `source`: a name, or a Formula.

        A Formula that was not drawn, such as a new estimator's, shows its LaTeX.
        """
        drawn = self.mathematics.displayed(source)
        if name is None:
            return Markup('<div class="equation"><div class="formula">{}</div></div>').format(drawn)
        number = self.numbering.number("equation", name)
        return Markup(
            '<div class="equation" id="eq-{}"><div class="formula">{}</div>'
            '<div class="number">({})</div></div>'
        ).format(name, drawn, number)

    def cite(self, *keys: str, bare: bool = False) -> Markup:
        """Sources in the text: "(Williams, 1992)", or with `bare` "Williams (1992)".

        Three authors are named the first time, and are the first of them and others after it.
        """
        parts = []
        for key in keys:
            source = reference(key)
            self.numbering.cite(key)
            short = (source.brief if key in self.named else source.short).replace(" &", "\u00a0&")
            self.named.add(key)
            text = f"{short}\u00a0({source.year})" if bare else f"{short},\u00a0{source.year}"
            parts.append(Markup('<a class="cite" href="#ref-{}">{}</a>').format(key, text))
        joined = Markup("; ").join(parts)
        return joined if bare else Markup("({})").format(joined)

    def figure(self, name: str) -> Markup:
        """A figure with its number and caption; nothing where it was not drawn."""
        drawing = self.drawings.get(name)
        if drawing is None or name in self.placed:
            return Markup("")
        require_words(f"figure {name!r}", drawing.alt)
        number = self.numbering.number("figure", name)
        if self.medium == "screen":
            image = Markup('<div class="drawing">{}</div>').format(Markup(drawing.inline))
            data = figure_data.block(name, number, drawing.table)
        else:
            address = f"figures/{name}.svg"
            self.images[address] = drawing.svg
            image = Markup('<img class="drawing" src="reportgen:{}" alt="{}">').format(address, drawing.alt)
            data = Markup("")
        return Markup(
            '<figure id="fig-{}" class="column">{}<figcaption><b>Figure {}.</b> {}</figcaption></figure>{}'
        ).format(name, image, number, words.tied(drawing.caption), data)

    def lead_figure(self) -> Markup:
        """The first page's figure: the first of LEAD that was drawn, and not shown again where it belongs."""
        name = next((name for name in LEAD if name in self.drawings), None)
        if name is None:
            return Markup("")
        shown = self.figure(name)
        self.placed.add(name)
        return shown

    def leads(self, name: str) -> bool:
        """Whether a figure stands on the first page."""
        return name in self.placed

    def has_figure(self, name: str) -> bool:
        """Whether a figure was drawn."""
        return name in self.drawings

    def caption(self, name: str, text: str | Markup) -> Markup:
        """The caption of a table, numbered."""
        number = self.numbering.number("table", name)
        tied = text if isinstance(text, Markup) else words.tied(text)
        return Markup('<caption id="tab-{}"><b>Table {}.</b> {}</caption>').format(name, number, tied)

    def ref(self, kind: str, name: str, capital: bool = False) -> Markup:
        """A link to a section, figure, table or equation: "figure 3"."""
        prefix = {"section": "", "figure": "fig-", "table": "tab-", "equation": "eq-"}[kind]
        number = self.numbering.of(kind, name)
        text = f"{kind} ({number})" if kind == "equation" else f"{kind} {number}"
        text = text.replace(" ", "\u00a0")
        return Markup('<a href="#{}{}">{}</a>').format(prefix, name, text.capitalize() if capital else text)

    def anchor(self, address: str, what: str) -> Markup:
        """A link to the place, to be copied; beside its heading, whose name it is no part of."""
        return Markup('<a class="anchor" href="#{}" aria-label="Link to {}">#</a>').format(address, what)

    def footnote(self, name: str, caller: Callable[[], Markup]) -> Markup:
        """An aside that a template calls: in the margin on paper, at the section's foot on the screen."""
        number = self.numbering.number("footnote", name)
        if self.medium == "paper":
            mark = Markup('<sup class="note-number"{1}>{0}</sup>')
            said = Markup(' role="img" aria-label="note {}"').format(number)
            note = Markup('<small class="footnote">{}\u2009{}</small>').format(
                mark.format(number, ""), caller()
            )
            return mark.format(number, said) + note
        back = Markup('<a href="#to-note-{}" aria-label="Back to note {} in the text">{}</a>').format(
            name, number, number
        )
        self.notes.append(Markup('<p id="note-{}">{}{}</p>').format(name, back, caller()))
        return Markup('<a class="call" id="to-note-{}" href="#note-{}" aria-label="Note {}">{}</a>').format(
            name, name, number, number
        )

    def short_ref(self, kind: str, name: str) -> Markup:
        """A link in a table to a section or, under a head that says so, to an equation: "§ 3", "(3)"."""
        number = self.numbering.of(kind, name)
        if kind == "equation":
            return Markup('<a href="#eq-{}">({})</a>').format(name, number)
        return Markup('<a href="#{}" class="nowrap">§\u202f{}</a>').format(name, number)

    def bibliography(self) -> list[tuple[str, Any]]:
        """What the text cites, in the order of authors."""
        return sorted(
            ((key, REFERENCES[key]) for key in self.numbering.cited),
            key=lambda pair: (pair[1].authors.casefold(), pair[1].year),
        )

    def page(self, template: str, sections: Sections, **shared: Any) -> str:
        """The whole document. Unless the writer was given its numbering, it is filled in twice."""
        if not self.numbering.final:
            self.numbering = numbered(sections, self.drawings, **shared)
        environment = self.environment()
        with _errors_placed():
            front, bodies = self._parts(environment, sections, shared)
            whole = environment.get_template(template)
            text = self._finished(whole.render({**shared, "front": front, "sections": bodies}))
        return outlines.share(text) if self.medium == "screen" else text

    def single(self, template: str, **context: Any) -> str:
        """A document of one template, without sections and references."""
        with _errors_placed():
            return self._finished(self.environment().get_template(template).render(context))

    def _finished(self, text: str) -> str:
        text = whole(_trimmed(headed(text)))
        if self.medium == "paper":
            text = kept(breakable(broken(text)))
        require_targets(text, "report.html" if self.medium == "screen" else "report.pdf")
        return text

    def _parts(
        self, environment: Environment, sections: Sections, shared: Mapping[str, Any]
    ) -> tuple[Markup, list[tuple[dict[str, str], str, Markup]]]:
        """The first page, filled in first since its figure is figure 1; then each section with its number."""
        front = self._numbers(environment.get_template("front.html").render(shared))
        return front, [
            (
                {"id": section.id, "title": context.get("title", section.title)},
                self.numbering.of("section", section.id),
                self._section(environment.get_template(f"sections/{section.id}.html"), {**shared, **context}),
            )
            for section, context in sections
        ]

    def _section(self, template: Template, context: Mapping[str, Any]) -> Markup:
        """A section's text, and on the screen its footnotes."""
        self.notes = []
        text = template.render(context)
        if self.notes:
            text += f'<div class="footnotes" role="group" aria-label="Notes">{"".join(self.notes)}</div>'
        return self._numbers(text)

    def _numbers(self, text: str) -> Markup:
        """Numbers as links to their rows, on the screen; a formula in one line with the comma after it.

        A browser breaks the line between the two where only the comma has no room, whatever character joins
        them. WeasyPrint breaks it after a text's leading comma, however much more of the text has room,
        where the formula after the text has none.
        """
        numbers = linked if self.medium == "screen" else plain
        return Markup(_JOINED.sub(r'<span class="nowrap">\g<0></span>', numbers(text)))


def numbered(sections: Sections, drawings: Mapping[str, Drawing], **shared: Any) -> Numbering:
    """The numbers of a document of these sections, so that a reference may point forward.

    They are the same on screen and paper, and found by filling the sections in once.
    """
    writer = Writer("paper", drawings)
    for index, (section, _) in enumerate(sections, start=1):
        writer.numbering.set("section", section.id, str(index))
    with _errors_placed():
        writer._parts(writer.environment(), sections, shared)
    return writer.numbering.second_pass()


@contextmanager
def _errors_placed() -> Iterator[None]:
    """What Jinja2 cannot fill in becomes a RenderError with its template and line."""
    try:
        yield
    except TemplateError as error:
        where = f"{getattr(error, 'name', None) or 'templates'}:{getattr(error, 'lineno', '')}"
        raise RenderError(f"{where}: cannot be filled in: {error.message}. Mend the template.") from error


def _trimmed(text: str) -> str:
    return re.sub(r"[ \t]+\n", "\n", text)
