"""The report: findings and figures as an HTML page and a PDF, with their evidence beside and inside them."""

from __future__ import annotations

from reportgen.report.entry import Entry, entry
from reportgen.report.evidence import KINDS as EVIDENCE
from reportgen.report.figure_sheets import figure_sheets
from reportgen.report.render import render
from reportgen.report.sections import SECTIONS, Section
from reportgen.report.summary import render_summary

__all__ = ["EVIDENCE", "SECTIONS", "Entry", "Section", "entry", "figure_sheets", "render", "render_summary"]
