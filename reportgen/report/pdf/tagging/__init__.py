"""Completes a PDF for PDF/UA-1 (ISO 14289-1), before it is written, where WeasyPrint does not.

WeasyPrint tags a document well enough to be read aloud. It lacks:

- the identifier of the standard in the metadata, with the schema that PDF/A-3 requires for it; page labels;
- the scope of header cells, and headers for cells below a group's head;
- tags for formulas, for pairs of terms and definitions, for the table of contents, and for footnotes, which
  are read after their paragraph;
- names of links by their words instead of their targets;
- one element for what continues across a line or page;
- what a page hides from a screen reader or says in other words (`aria-hidden`, `role="img"`), and running
  heads marked as outside of the text.

It also gives the boxes of pictures in wrong units.
"""

from reportgen.report.pdf.tagging.completing import FORMULA, finish
from reportgen.report.pdf.tagging.copied import DEPTH, SOURCE
from reportgen.report.pdf.tagging.page import NOTE, tagged

__all__ = ["DEPTH", "FORMULA", "NOTE", "SOURCE", "finish", "tagged"]
