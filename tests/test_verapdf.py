"""What veraPDF says of the PDFs; skipped where it is not installed (`make verapdf` installs it and asks)."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pikepdf
import pytest

from reportgen.report import entry, render_summary
from reportgen.report.render import render
from tests import verapdf
from tests.accessibility import elements
from tests.crafted import crafted, experiment
from tests.synthetic import synthetic_findings
from tests.synthetic_models import models, two_layers
from tests.test_report import WHEN

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        verapdf.missing() is not None,
        reason=f"veraPDF is not here, and judges the PDFs: {verapdf.missing()}",
    ),
]


def no_words(pdf: pikepdf.Pdf) -> None:
    del next(element for element, _ in elements(pdf) if element.S == "/Figure")["/Alt"]


def no_language(pdf: pikepdf.Pdf) -> None:
    del pdf.Root["/Lang"]


def no_colours(pdf: pikepdf.Pdf) -> None:
    del pdf.Root["/OutputIntents"]


def unassociated(pdf: pikepdf.Pdf) -> None:
    for attached in pdf.Root.AF:
        del attached["/AFRelationship"]


SPOILT: dict[Callable[[pikepdf.Pdf], None], tuple[str, ...]] = {
    no_words: ("ua1 7.3-1",),
    no_language: ("ua1 7.2-",),
    no_colours: ("3a 6.2.10-", "3a 6.2.4.3-"),
    unassociated: ("3a 6.8-",),
}
"""What is removed from a file, and the rules that it then breaks."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Name → what veraPDF says about each kind of PDF, spoilt ones included: Java starts only once."""
    folder = tmp_path_factory.mktemp("verapdf")
    render(synthetic_findings(), folder / "flagship", timestamp=WHEN)
    render(models(two_layers(), images=3000), folder / "models", timestamp=WHEN, paper="letter")
    claims = entry(crafted(experiment("variance_ratio(score_function, pathwise) > 1")))
    render_summary((claims,), folder / "summary", exit_code=0, command="reportgen report")
    files = {
        "flagship": folder / "flagship" / "report.pdf",
        "models": folder / "models" / "report.pdf",
        "summary": folder / "summary" / "summary.pdf",
    }
    for spoil in SPOILT:
        files[spoil.__name__] = folder / f"{spoil.__name__}.pdf"
        with pikepdf.open(files["models"]) as pdf:
            spoil(pdf)
            pdf.save(files[spoil.__name__])
    said = verapdf.faults(*files.values())
    return {name: said[str(path)] for name, path in files.items()}


@pytest.mark.parametrize("name", ["flagship", "models", "summary"])
def test_both_standards_are_kept(answers: dict[str, list[str]], name: str) -> None:
    assert answers[name] == []


@pytest.mark.parametrize("spoil", SPOILT, ids=operator.attrgetter("__name__"))
def test_a_spoilt_file_is_found(answers: dict[str, list[str]], spoil: Callable[[pikepdf.Pdf], None]) -> None:
    found = answers[spoil.__name__]
    assert found and all(any(fault.startswith(rule) for rule in SPOILT[spoil]) for fault in found), found
    assert all(any(fault.startswith(rule) for fault in found) for rule in SPOILT[spoil]), found
