"""Reports without what takes their time, for tests of what stands around a report."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from reportgen.report.pdf.layout import Layout, Resources, lay_out
from reportgen.report.style import font_files

SHEET = '<html lang="en"><head><title>Blank</title></head><body></body></html>'


def blank_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """The PDF is one empty sheet, with the report's attachments; the page is as ever."""

    def blank(sections: Any, shared: Any, drawings: Any, source: Any, *_: Any) -> Layout:
        return lay_out(SHEET, Resources(font_files(), {}), source.stamp)

    # By its name: the package's `render` is the function.
    monkeypatch.setattr(import_module("reportgen.report.render"), "pdf_layout", blank)


def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn, in the PDF or on the page, which keeps its text and its tables."""
    monkeypatch.setattr("reportgen.report.together.FIGURES", {})
