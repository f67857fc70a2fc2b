"""The report: findings and figures as an HTML page and a PDF, with the evidence beside and inside them."""

from __future__ import annotations

from reportgen.report.render import render
from reportgen.report.sections import SECTIONS, Section

__all__ = ["SECTIONS", "Section", "render"]
