"""What WeasyPrint leaves undone for PDF/UA-1 (ISO 14289-1), put into a PDF before it is written.

WeasyPrint tags a document well enough to be read aloud. Missing are the
identifier of the standard in the metadata (with the schema that PDF/A-3 wants
to know it by), page labels, the scope of header cells and the heads of cells under a
group's, formulas as formulas, terms and definitions as pairs, the contents as such,
footnotes as notes, read after their paragraph, links named by their words instead of their
targets, what is whole though a line or page ends in it, what a page hides from a screen reader or says
in other words (`aria-hidden`, `role="img"`), and running heads set apart from the text.
Boxes of pictures are in the wrong units.
"""

from reportgen.report.pdf.tagging.completing import FORMULA, finish
from reportgen.report.pdf.tagging.copied import DEPTH, SOURCE
from reportgen.report.pdf.tagging.page import NOTE, tagged

__all__ = ["DEPTH", "FORMULA", "NOTE", "SOURCE", "finish", "tagged"]
