"""A report's figures as single PDFs: what the report shows, on a sheet of its size, with its words."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pikepdf
import pytest

from reportgen import cli
from reportgen.errors import RenderError, UsageError
from reportgen.report import figure_sheets
from reportgen.report.files import write
from tests.accessibility import elements, faults
from tests.synthetic import synthetic_drawings

SHOWN = ("work", "noise_in_image")
"""One of lines and letters alone, and one with pictures of pixels."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "mine"
    drawings = synthetic_drawings()
    write(folder, {f"figures/{name}.svg": drawings[name].svg for name in SHOWN})
    return folder


@pytest.fixture(scope="module")
def sheets(report: Path) -> dict[str, bytes]:
    return figure_sheets(report)


def drawn(pdf: pikepdf.Pdf) -> str:
    """Every operator of the page, and of what it draws."""
    (page,) = pdf.pages
    streams = [page.Contents, *(x for x in page.Resources.XObject.values() if x.Subtype == "/Form")]
    return " ".join(
        str(operator) for stream in streams for _, operator in pikepdf.parse_content_stream(stream)
    )


@pytest.mark.parametrize("name", SHOWN)
def test_a_sheet_is_the_figure_of_the_report(report: Path, sheets: dict[str, bytes], name: str) -> None:
    root = ElementTree.fromstring((report / "figures" / f"{name}.svg").read_bytes())
    with pikepdf.open(BytesIO(sheets[name])) as pdf:
        (page,) = pdf.pages
        width, height = (float(root.attrib[side].removesuffix("pt")) for side in ("width", "height"))
        assert [float(x) for x in page.MediaBox] == pytest.approx([0, 0, width, height], abs=0.01)
        (figure,) = [element for element, _ in elements(pdf) if str(element.S) == "/Figure"]
        assert str(figure.Alt) == root.attrib["aria-label"] and not faults(pdf)
        assert str(pdf.docinfo.Title) == f"mine: {name}"
        assert not page.Resources.get("/Font", {})
        paths = [e for e in root.iter() if e.tag.rpartition("}")[2] in ("use", "path")]
        assert len(re.findall(r"\b[fSBb]\b\*?", drawn(pdf))) >= len(paths) / 2 > 20
        pictures = sum(e.tag.endswith("}image") for e in root.iter())
        images = [x for x in pdf.objects if isinstance(x, pikepdf.Stream) and x.get("/Subtype") == "/Image"]
        assert bool(images) == bool(pictures) == (name == "noise_in_image")


def test_the_same_figures_give_the_same_bytes(
    report: Path, sheets: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "mine"
    write(elsewhere, {f"figures/{n}.svg": (report / "figures" / f"{n}.svg").read_bytes() for n in SHOWN})
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert figure_sheets(Path(), ["work"]) == {"work": sheets["work"]}


def test_what_is_no_figure_of_the_report_is_one_line(report: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as unknown:
        figure_sheets(report, ["work", "variance"])
    assert str(unknown.value) == (
        f"{report / 'figures'}: must hold variance as SVG, but does not. There are noise_in_image, work."
    )
    with pytest.raises(
        UsageError, match=r"must hold a figure as SVG, but does not. Name the folder of a report"
    ):
        figure_sheets(tmp_path)
    for content in ("", "<svg>", "<svg xmlns='http://www.w3.org/2000/svg' width='9pt' height='9pt'/>"):
        write(tmp_path, {"figures/odd.svg": content.encode()})
        with pytest.raises(RenderError, match=r"odd\.svg: must be a figure as a report has it, but: "):
            figure_sheets(tmp_path)


def test_they_are_written_beside_the_report_s_own_or_where_one_says(
    report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*arguments: Any) -> int:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["figures", *map(str, arguments)])
        return int(stopped.value.code or 0)

    assert call(report, "work", "--output", tmp_path / "paper") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'paper' / 'work.pdf'}\n"
    assert [path.name for path in (tmp_path / "paper").iterdir()] == ["work.pdf"]
    assert call(report, "--quiet") == 0 and capsys.readouterr().out == ""
    assert {path.name for path in (report / "figures").glob("*.pdf")} == {f"{name}.pdf" for name in SHOWN}
    assert call(report, "other") == 2
