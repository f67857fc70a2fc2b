"""Whatever would be missing from a report stops it, and its place is named; an existing report stays."""

from __future__ import annotations

import base64
import builtins
import importlib
import os
import resource
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from reportgen.errors import MissingRequirementError, RenderError, UnwritableError
from reportgen.figures import draw, work
from reportgen.figures.drafting import style as figure_style
from reportgen.figures.drafting.table import Column, Table
from reportgen.report import style
from reportgen.report.files import STAGING, clear, write
from reportgen.report.pdf.layout import Resources, lay_out, require_weasyprint
from reportgen.report.pdf.whole import png_fault, require_targets
from reportgen.report.style import font_faces, font_files
from reportgen.report.text.writer import Writer
from reportgen.resources import templates
from reportgen.store.files import process_tag

WHEN = datetime(2025, 11, 23, 20, 0, tzinfo=UTC)
XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" {XLINK} viewBox="0 0 9 9">{{}}</svg>'
Files = dict[str, Path]


def picture() -> bytes:
    """A PNG of noise."""
    pixels = np.random.default_rng(3).integers(0, 256, (40, 40), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def inline(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def made(body: str, svg: str = "", files: Files | None = None, rules: str = "") -> bytes:
    style = f'{font_faces("paper")} html {{ font-family: "Reportgen Serif" }} {rules}'
    page = f'<html lang="en"><head><title>t</title><style>{style}</style></head><body>{body}</body></html>'
    images = {"figures/a.svg": svg.encode()} if svg else {}
    return lay_out(page, Resources(font_files() if files is None else files, images), WHEN).pdf()


DRAWN = '<p><img alt="a" src="reportgen:figures/a.svg"></p>'


def test_a_whole_picture_passes() -> None:
    assert made(f'<p><img alt="a" src="{inline(picture())}"></p>').startswith(b"%PDF")
    image = f'<image width="9" height="9" xlink:href="{inline(picture())}"/>'
    assert made(DRAWN, SVG.format(image)).startswith(b"%PDF")


def test_a_damaged_picture_stops_the_report() -> None:
    half = picture()[: len(picture()) // 2]
    with pytest.raises(RenderError, match=r"report\.pdf: .*image/png.* is damaged: cut short"):
        made(f'<p><img alt="a" src="{inline(half)}"></p>')
    with pytest.raises(RenderError, match=r"report\.pdf: .*figures/a\.svg"):
        made(DRAWN, SVG.format(f'<image width="9" height="9" xlink:href="{inline(half)}"/>'))


def test_every_kind_of_damage_to_a_png_is_seen() -> None:
    whole = picture()
    at = whole.index(b"IDAT")
    flipped = bytearray(whole)
    flipped[at + 30] ^= 1
    short = zlib.compress(b"\0" * 100)[:-4]
    body = b"IDAT" + short
    honest = (  # every checksum is right, and the pixels end early
        whole[: at - 4]
        + len(short).to_bytes(4)
        + body
        + zlib.crc32(body).to_bytes(4)
        + whole[whole.index(b"IEND") - 4 :]
    )
    assert png_fault(whole) == ""
    assert png_fault(whole[:-12]) == png_fault(whole[: at + 50]) == png_fault(honest) == "cut short"
    assert png_fault(bytes(flipped)) == "chunk IDAT does not match its checksum"
    assert png_fault(b"GIF89a") == "not a PNG"


@pytest.mark.parametrize(
    ("svg", "said"),
    [
        ("<svg", "figures/a.svg"),
        (SVG.format('<path d="M0 0L9 9"'), "figures/a.svg"),
        (SVG.format('<use xlink:href="#gone"/>'), "leads to #gone"),
        (SVG.format('<path d="M0 0L9 9" clip-path="url(#gone)"/>'), "leads to #gone"),
    ],
)
def test_a_broken_drawing_stops_the_report(svg: str, said: str) -> None:
    with pytest.raises(RenderError, match=r"^report\.pdf: ") as caught:
        made(DRAWN, svg)
    assert said in str(caught.value)


def test_a_dead_link_stops_the_page_on_screen_too() -> None:
    require_targets('<a href="#a"></a><p id="a"></p>', "report.html")
    with pytest.raises(RenderError, match=r"^report\.html: leads to #b, which is not in it"):
        require_targets('<a href="#b"></a><p id="a"></p>', "report.html")
    with pytest.raises(RenderError, match=r"^report\.html: leads to #nowhere"):
        Writer("screen", {})._finished('<p><a href="#nowhere">there</a></p>')


def spoilt_font(tmp_path: Path, spoil: Callable[[Path], Any]) -> Files:
    files = dict(font_files())
    copy = tmp_path / "font.ttf"
    shutil.copy(files["fonts/reportgen-serif-regular.ttf"], copy)
    spoil(copy)
    return files | {"fonts/reportgen-serif-regular.ttf": copy}


def test_a_missing_or_damaged_font_stops_the_report(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="Reportgen Serif"):
        made("<p>text</p>", files=spoilt_font(tmp_path, Path.unlink))
    with pytest.raises(RenderError, match="Reportgen Serif"):
        made("<p>text</p>", files=spoilt_font(tmp_path, lambda path: os.truncate(path, 20_000)))


def test_a_font_of_the_machine_stops_the_report() -> None:
    with pytest.raises(RenderError, match=r"report\.pdf: text is set in .*, a font of this machine"):
        made("<p>text</p>", rules='p { font-family: "Nonesuch", monospace }')


def test_fonts_that_are_not_installed_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = tmp_path / "templates"
    shutil.copytree(templates(), without, ignore=shutil.ignore_patterns("*sans-regular*", "node_modules"))
    monkeypatch.setattr(style, "templates", lambda: without)
    monkeypatch.setattr(figure_style, "templates", lambda: without)
    for asks in (font_files, lambda: font_faces("screen"), figure_style.families.__wrapped__):
        with pytest.raises(MissingRequirementError, match=r"reportgen-sans-regular\.\w+: needs this font"):
            asks()


def test_a_character_without_a_glyph_stops_a_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    def ink(_: Any) -> Figure:
        figure = figure_style.new_figure(40.0)
        figure.add_subplot().set_title("nat\U00013000")
        return figure

    monkeypatch.setattr(work, "data", lambda _: "some")
    monkeypatch.setattr(work, "draw", ink)
    monkeypatch.setattr(work, "table", lambda _: Table((Column("Estimator", heads=True),), ()))
    monkeypatch.setattr(work, "caption", lambda _, __: "")
    monkeypatch.setattr(work, "alt", lambda _: "words")
    with pytest.raises(RenderError, match=r"^figures/work\.svg: no font has Glyph 77824"):
        draw(None, "work")  # type: ignore[arg-type]


WITHOUT_FONTS = """
import sys
from tests.test_loud import made
sys.stdout.buffer.write(made("<p>text</p>"))
"""


def test_a_machine_without_fonts_makes_the_same_pdf(tmp_path: Path) -> None:
    empty = tmp_path / "fonts.conf"
    empty.write_text(
        f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_FONTS],
        capture_output=True,
        check=True,
        cwd=root,
        env={**os.environ, "FONTCONFIG_FILE": str(empty)},
    )
    assert done.stdout == made("<p>text</p>")
    assert done.stderr == b""


def test_a_machine_without_pango_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingRequirementError, match=r"report\.pdf: needs the Pango libraries .* Install "):
        require_weasyprint()


@pytest.mark.parametrize(("package", "wanted"), [("weasyprint", "70.0"), ("pydyf", "0.13.0")])
def test_another_release_of_what_is_changed_from_within_lays_out_nothing(
    monkeypatch: pytest.MonkeyPatch, package: str, wanted: str
) -> None:
    monkeypatch.setattr(importlib.import_module(package), "__version__", "99.1")
    told = rf"report\.pdf: needs {package} {wanted}, found 99\.1\. Run: pip install {package}=={wanted}$"
    with pytest.raises(MissingRequirementError, match=told):
        lay_out("<p>A page</p>", Resources({}, {}), datetime(2025, 1, 1, tzinfo=UTC))


def test_a_full_disk_leaves_the_older_report(tmp_path: Path) -> None:
    """The system itself refuses here, at 64 kB a file, after part of it is written."""
    old = {"report.html": b"old page", "report.pdf": b"old"}
    write(tmp_path, old)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    try:
        with pytest.raises(UnwritableError, match=r"report\.pdf: cannot be written") as caught:
            write(tmp_path, {"report.html": b"new page", "report.pdf": bytes(1_000_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.exit_code == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == old


def test_what_a_killed_process_left_beside_a_report_goes_with_the_next(tmp_path: Path) -> None:
    """What another process is still at stays."""
    left, used = tmp_path / f"{STAGING}{process_tag()}", tmp_path / f"{STAGING}{process_tag()}"
    gone = subprocess.run(
        [sys.executable, "-Sc", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    left = left.with_name(left.name.replace(f".{os.getpid()}.", f".{gone.stdout.strip()}."))
    for folder in (left, used):
        folder.mkdir()
        (folder / "report.pdf").write_bytes(b"half")
    write(tmp_path, {"report.pdf": b"whole"})
    assert {path.name for path in tmp_path.iterdir()} == {"report.pdf", used.name}
    left.mkdir()
    clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"report.pdf", used.name}


def test_a_report_that_is_killed_before_its_last_file_is_not_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last one says what the report was made from; what should have gone is gone before it."""
    write(tmp_path, {"figures/old.svg": b"old", "manifest.json": b"old"})

    def killed(self: Path, missing_ok: bool = False) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, {"figures/new.svg": b"new", "manifest.json": b"new"}, replacing=("figures/*.svg",))
    assert (tmp_path / "figures/new.svg").read_bytes() == b"new"
    assert (tmp_path / "manifest.json").read_bytes() == b"old"
