"""Draws the pictures of README.md and docs/gallery.md again, from finished reports.

    reportgen report burda2016 burda2016_table1_smoke
    python docs/pictures.py output

Needs poppler's pdftoppm, and chromium for the page on a dark screen.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pypdf
from PIL import Image

DOCS = Path(__file__).resolve().parent
NAMES = ("burda2016", "burda2016_table1_smoke")
COMMAND = f"reportgen report {' '.join(NAMES)}"
COLOURS = 160
WINDOW = (1280, 860)
PAGES = (
    ("first-page", "burda2016", "Contents", -1, 88),
    ("training", "burda2016", "Total variance relative to the reference", 0, 70),
    ("why", "burda2016", "What closes the gap between", 0, 70),
    ("noise", "burda2016", "Estimates of the gradient in one weight", 0, 70),
    ("claims", "burda2016", "The claims, one by one", 0, 70),
    ("models", "burda2016_table1_smoke", "Test likelihood and active units of", 0, 70),
)
"""Picture, experiment, words on its page (the last that has them), pages after those, dots an inch."""


def page_with(pdf: Path, words: str) -> int:
    """Number of the last page whose text has these words, from 1."""
    texts = [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(pdf).pages]
    found = [number for number, text in enumerate(texts, start=1) if words in text]
    if not found:
        raise SystemExit(f"{pdf}: needs a page with {words!r}, found none. Mend PAGES.")
    return found[-1]


def small(source: Path, target: Path) -> None:
    """The picture with few colours, as text and lines have."""
    with Image.open(source) as picture:
        flat = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        flat.save(target, optimize=True)
    print(f"{target.relative_to(DOCS.parent)}  {target.stat().st_size / 1000:.0f} kB")


def main(output: Path) -> None:
    """Draws all."""
    with tempfile.TemporaryDirectory() as scratch:
        drawn = Path(scratch) / "page"
        for name, experiment, words, after, dots in PAGES:
            pdf = output / experiment / "report.pdf"
            number = str(max(1, page_with(pdf, words) + after))
            subprocess.run(
                ["pdftoppm", "-r", str(dots), "-f", number, "-l", number, "-singlefile", "-png", pdf, drawn],
                check=True,
            )
            small(drawn.with_suffix(".png"), DOCS / f"{name}.png")
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        if browser is None:
            raise SystemExit("docs/dark.png: needs chromium, found none. Install it.")
        shot = Path(scratch) / "dark.png"
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--no-first-run", "--disable-background-networking", "--disable-sync", "--disable-quic"),
                *(f"--user-data-dir={scratch}/profile", "--blink-settings=preferredColorScheme=0"),
                *(f"--window-size={WINDOW[0]},{WINDOW[1]}", f"--screenshot={shot}"),
                (output / "burda2016" / "report.html").resolve().as_uri(),
            ],
            check=True,
            capture_output=True,
        )
        small(shot, DOCS / "dark.png")


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) == 2 else "output")
    missing = [pdf for name in NAMES if not (pdf := place / name / "report.pdf").is_file()]
    if missing:
        raise SystemExit(f"{missing[0]}: needs this report, found none. Run `{COMMAND}` first.")
    main(place)
