"""Reports without their slow parts, for tests of everything else about reports."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from reportgen.report.pdf.layout import Layout, Resources, lay_out
from reportgen.report.style import font_files

SHEET = '<html lang="en"><head><title>Blank</title></head><body></body></html>'


def blank_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the PDF one empty sheet with the report's attachments; the HTML page stays the same."""

    def blank(sections: Any, shared: Any, drawings: Any, source: Any, *_: Any) -> Layout:
        return lay_out(SHEET, Resources(font_files(), {}), source.stamp)

    # By its name: the package's `render` is the function.
    monkeypatch.setattr(import_module("reportgen.report.render"), "pdf_layout", blank)


def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves figures out of the PDF and of the page, which keeps its text and its tables."""
    monkeypatch.setattr("reportgen.report.together.FIGURES", {})


QUICK = f"""
import sys
sys.path.append({str(Path(__file__).resolve().parents[1])!r})
from pytest import MonkeyPatch
from tests.blank_paper import blank_paper, no_figures
blank_paper(MonkeyPatch()), no_figures(MonkeyPatch())
from reportgen.cli import main
main(sys.argv[1:])
"""


def quick_program(*arguments: str, before: str = "") -> list[str]:
    """The command line in a process of its own, with blank reports; the code `before` is run first."""
    return [sys.executable, "-c", before + QUICK, *arguments]
