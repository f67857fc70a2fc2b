"""The numbers behind a figure, in the page: a table below it that opens, and a file to save."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from markupsafe import Markup

from reportgen.figures import Table
from reportgen.figures.drafting.table import Cell, Form
from reportgen.figures.drafting.ticks import plain
from reportgen.findings import Estimate, prose
from reportgen.report.text import words

MET = "met"
MOST = 1000
"""The most cells of a table that the page shows; of a larger one, the beginning."""
LARGEST = 100_000
"""The most letters of a file that the page embeds; a larger one is only named."""
SAFE = ",:;()[]/-."
"""Punctuation that need not be escaped in a data address."""


def block(name: str, number: str, table: Table) -> Markup:
    """The closed table of a figure with its number, and beside it the same as CSV in full precision."""
    kept = max(MOST // len(table.columns), 1)
    beginning = f", the first {prose.count(kept)} rows" if len(table.rows) > kept else ""
    text = quote(table.csv, safe=SAFE)
    if len(text) > LARGEST:
        file = Markup('<span class="file">all of it in figures/{}.csv</span>').format(name)
    else:
        file = Markup(
            '<a download="{0}.csv" aria-label="The data of figure {1} as CSV"'
            ' href="data:text/csv;charset=utf-8,{2}">CSV</a>'
        ).format(name, number, text)
    return Markup(
        '<div class="figure-data" id="data-{0}"><details><summary>The data of figure {1}{4}</summary>'
        '<div class="scroll" tabindex="0" role="group" aria-label="Table of figure {1}">'
        '<table aria-label="The data of figure {1}">\n{2}</table></div></details>'
        "{3}</div>"
    ).format(name, number, _rows(replace(table, rows=table.rows[:kept])), file, beginning)


def _rows(table: Table) -> Markup:
    columns = [_Columns(table, index) for index in range(len(table.columns))]
    head = Markup("").join(one.headings() for one in columns)
    lines = (
        Markup("<tr>{}</tr>").format(
            Markup("").join(one.cells(cell) for one, cell in zip(columns, row.cells, strict=True))
        )
        for row in table.rows
    )
    body = words.decimals(Markup("\n").join(lines))
    # Most cells are numbers, which the style sheet therefore takes as the default, to save bytes.
    body = Markup(
        str(body)
        .replace('<td class="n">', "<td>")
        .replace('<span class="unseen" aria-hidden="true">', "<i>")
        .replace("</span>", "</i>")
    )
    return Markup("<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n").format(head, body)


class _Columns:
    """The cells of a figure's column in the page: beside an estimate is its interval.

    Replicates follow if any are known, and the status if the precision was not met everywhere.
    """

    def __init__(self, table: Table, index: int) -> None:
        cells = table.column(index)
        estimates = [cell for cell in cells if isinstance(cell, Estimate)]
        self.column = table.columns[index]
        self.estimated = bool(estimates)
        self.numbers = all(isinstance(cell, int | float | Estimate | None) for cell in cells)
        self.replicates = any(one.replicates for one in estimates)
        self.status = any(one.status != MET for one in estimates)

    def headings(self) -> Markup:
        """Headings of all its cells."""
        found = [(self.column.heading, not self.numbers)]
        found += [("95% interval", False)] * self.estimated
        found += [("Replicates", False)] * self.replicates
        found += [("Status", True)] * self.status
        return Markup("").join(
            Markup('<th scope="col"{}>{}</th>').format(Markup(' class="w"') if text else "", heading)
            for heading, text in found
        )

    def cells(self, cell: Cell) -> Markup:
        """The cells of one row."""
        text = _text(cell, self.column.form)
        if self.column.heads:
            return Markup('<th scope="row">{}</th>').format(text)
        if not self.numbers:
            return Markup('<td class="w">{}</td>').format(text)
        found = cell if isinstance(cell, Estimate) else None
        html = Markup('<td class="n">{}</td>').format(text)
        if self.estimated:
            sure = found is None or not found.has_interval or prose.is_point(found)
            html += Markup("<td>{}</td>").format(
                "" if sure or found is None else _interval(found, self.column.form)
            )
        if self.replicates:
            html += Markup("<td>{}</td>").format(prose.count(found.replicates) if found else "")
        if self.status:
            html += Markup('<td class="w">{}</td>').format(found.status if found else "")
        return html


def _interval(found: Estimate, form: Form) -> str:
    return prose.share_interval(found) if form == "percent" else prose.interval(found)


def _text(cell: Cell, form: Form) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Estimate):
        if not cell.available:
            return words.DASH
        return prose.share_value(cell) if form == "percent" else prose.value_of(cell)
    if isinstance(cell, int):
        return prose.count(cell)
    if cell != cell:
        return words.DASH
    if form == "percent":
        return prose.percent(cell)
    if form == "nats":
        return prose.fixed(cell, 2)
    if form == "p":
        return prose.p_number(cell)
    if form == "number" or (cell and not 1e-4 <= abs(cell) < 1e6):
        return prose.number(cell)
    return plain(cell)
