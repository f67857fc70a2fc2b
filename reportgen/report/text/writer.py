"""Sections → text of the document: templates with formulas, figures, references and numbers filled in."""

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
"""Sections with the contexts of their templates."""

LEAD = (
    "likelihood_by_model",
    "variance_over_training",
    "variance_against_setting",
    "signal_against_num_samples",
    "variance_against_num_samples",
    "variance_by_layer",
    "work",
)
"""Figures that answer an experiment's question, best first."""

_JOINED = re.compile(
    r'\(?(?:<img class="m"[^>]*>|<svg class="m"[^>]*>(?:<(?!/svg)[^>]*>)*</svg>)(?:[,.;:)]+|th\b)'
)
"""An inline formula with a parenthesis before it and the punctuation after it."""


class _Compiled(BytecodeCache):
    """Cache of this process's compiled templates, so that one compilation serves screen and paper."""

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
    """Writes sections for one medium. Formulas and figures are inline SVG on screen, images on paper."""

    medium: Medium
    drawings: Mapping[str, Drawing]
    numbering: Numbering = field(default_factory=Numbering)
    images: dict[str, bytes] = field(default_factory=dict)
    """On paper: the images that the text uses, by address."""
    mathematics: Mathematics = field(init=False)
    named: set[str] = field(default_factory=set)
    """Keys of sources whose authors the text has named in full."""
    placed: set[str] = field(default_factory=set)
    """Figures on the first page."""
    notes: list[Markup] = field(default_factory=list)
    """On screen: the footnotes of the section being written."""

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
        """A value as a template prints it; on paper, letters that the fonts lack are spelt out."""
        return spelt(value) if self.medium == "paper" and type(value) is str else value

    def equation(self, source: Any, name: str | None = None) -> Markup:
        """A displayed formula, numbered if `name` is given. `source` is a name in the table, or a Formula.

        A Formula without a drawing, such as a new estimator's, shows its LaTeX.
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

        Three authors are named the first time; afterwards only the first, followed by “et al.”.
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
        """A figure with its number and caption; empty if it was not drawn, or is on the first page."""
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
        """The first page's figure: the first of LEAD that was drawn, which its section then omits."""
        name = next((name for name in LEAD if name in self.drawings), None)
        if name is None:
            return Markup("")
        shown = self.figure(name)
        self.placed.add(name)
        return shown

    def leads(self, name: str) -> bool:
        """Whether a figure is on the first page."""
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
        """A link to a place, to be copied; it is beside the heading but not part of its name."""
        return Markup('<a class="anchor" href="#{}" aria-label="Link to {}">#</a>').format(address, what)

    def footnote(self, name: str, caller: Callable[[], Markup]) -> Markup:
        """A footnote from a template's call block: in the margin on paper, at the section's end on screen."""
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
        """A short link in a table to a section, or to an equation in a column for these: "§ 3", "(3)"."""
        number = self.numbering.of(kind, name)
        if kind == "equation":
            return Markup('<a href="#eq-{}">({})</a>').format(name, number)
        return Markup('<a href="#{}" class="nowrap">§\u202f{}</a>').format(name, number)

    def bibliography(self) -> list[tuple[str, Any]]:
        """The sources that the text cites, in the order of authors."""
        return sorted(
            ((key, REFERENCES[key]) for key in self.numbering.cited),
            key=lambda pair: (pair[1].authors.casefold(), pair[1].year),
        )

    def page(self, template: str, sections: Sections, **shared: Any) -> str:
        """The whole document. Unless the writer was given a final numbering, templates are rendered twice."""
        if not self.numbering.final:
            self.numbering = numbered(sections, self.drawings, **shared)
        environment = self.environment()
        with _errors_placed():
            front, bodies = self._parts(environment, sections, shared)
            whole = environment.get_template(template)
            text = self._finished(whole.render({**shared, "front": front, "sections": bodies}))
        return outlines.share(text) if self.medium == "screen" else text

    def single(self, template: str, **context: Any) -> str:
        """A document from a single template, without sections and references."""
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
        """The first page, rendered first since its figure is figure 1; then each section with its number."""
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
        """A section's text, followed on screen by its footnotes."""
        self.notes = []
        text = template.render(context)
        if self.notes:
            text += f'<div class="footnotes" role="group" aria-label="Notes">{"".join(self.notes)}</div>'
        return self._numbers(text)

    def _numbers(self, text: str) -> Markup:
        """Makes numbers links to their rows, on screen, and keeps formulas on one line with their commas.

        If only the comma does not fit, a browser would break the line between the two, whatever character
        joins them. WeasyPrint would break it after the comma that begins a text, however much more of the
        text fits, if the formula after the text does not.
        """
        numbers = linked if self.medium == "screen" else plain
        return Markup(_JOINED.sub(r'<span class="nowrap">\g<0></span>', numbers(text)))


def numbered(sections: Sections, drawings: Mapping[str, Drawing], **shared: Any) -> Numbering:
    """The numbers of a document with these sections, so that references may point forward.

    They are the same on screen and paper, and are found by rendering the sections once.
    """
    writer = Writer("paper", drawings)
    for index, (section, _) in enumerate(sections, start=1):
        writer.numbering.set("section", section.id, str(index))
    with _errors_placed():
        writer._parts(writer.environment(), sections, shared)
    return writer.numbering.second_pass()


@contextmanager
def _errors_placed() -> Iterator[None]:
    """Turns errors of Jinja2 into a RenderError with template and line."""
    try:
        yield
    except TemplateError as error:
        where = f"{getattr(error, 'name', None) or 'templates'}:{getattr(error, 'lineno', '')}"
        raise RenderError(f"{where}: cannot be filled in: {error.message}. Mend the template.") from error


def _trimmed(text: str) -> str:
    return re.sub(r"[ \t]+\n", "\n", text)
