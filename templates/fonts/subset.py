"""Makes the fonts beside this file from their upstream releases. A maintainers' tool; reports do not run it.

    python templates/fonts/subset.py FOLDER

FOLDER holds the TrueType files named in `SOURCES`, as their projects publish
them (STIX Two 2.13, Source Sans 3.052, Source Code Pro 2.042). The subsets
keep Latin, Greek, punctuation and mathematics, drop hints, and get names of
their own: the licence (SIL OFL 1.1, in this folder) reserves the original
ones for unchanged fonts, and a font of the same name on a reader's machine
must not be taken for ours.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

SOURCES: dict[str, tuple[str, str, str]] = {
    "STIXTwoText-Regular": ("Reportgen Serif", "Regular", "text"),
    "STIXTwoText-Italic": ("Reportgen Serif", "Italic", "text"),
    "STIXTwoText-Bold": ("Reportgen Serif", "Bold", "text"),
    "SourceSans3-Regular": ("Reportgen Sans", "Regular", "text"),
    "SourceSans3-Semibold": ("Reportgen Sans", "SemiBold", "text"),
    "SourceCodePro-Regular": ("Reportgen Mono", "Regular", "text"),
    "STIXTwoMath": ("Reportgen Math", "Regular", "math"),
}

RANGES: dict[str, tuple[tuple[int, int], ...]] = {
    "text": (
        (0x20, 0x7E), (0xA0, 0x17F), (0x1FC, 0x1FF), (0x218, 0x21B), (0x2C6, 0x2DD), (0x300, 0x30C),
        (0x370, 0x3FF), (0x1E9E, 0x1E9E), (0x2000, 0x206F), (0x2070, 0x209C), (0x20AC, 0x20AC),
        (0x2100, 0x214F), (0x2150, 0x215F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF),
        (0x2713, 0x2717),
    ),
    "math": (
        (0x20, 0x20), (0x2016, 0x2016), (0x20D0, 0x20D7), (0x2100, 0x214F), (0x2190, 0x21D5), (0x2200, 0x22FF),
        (0x2308, 0x230B), (0x25A0, 0x25FF), (0x27E8, 0x27E9), (0x1D53C, 0x1D53C),
    ),
}  # fmt: skip

FEATURES = ("kern", "mark", "mkmk", "ccmp", "locl", "liga", "onum", "pnum", "lnum", "tnum", "case", "sups", "subs")


def rename(font: TTFont, family: str, style: str) -> None:
    """Gives a font the names that the style sheets use."""
    names = font["name"]
    full = f"{family} {style}"
    new = {1: family, 2: style, 3: full, 4: full, 6: full.replace(" ", "")}
    for record in list(names.names):
        if record.nameID in new:
            names.setName(new[record.nameID], record.nameID, record.platformID, record.platEncID, record.langID)
        elif record.nameID not in (0, 5, 13, 14):
            names.removeNames(nameID=record.nameID)


def make(source: Path, family: str, style: str, kind: str, folder: Path) -> None:
    """Writes one subset as TrueType, for PDFs and figures, and as WOFF2, for pages."""
    font = TTFont(source, recalcTimestamp=False)
    options = Options()
    options.layout_features = list(FEATURES)
    options.hinting = False
    options.legacy_kern = False
    options.glyph_names = False
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.drop_tables += ["DSIG", "MATH", "FFTM", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5", "VTTB", "meta"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[c for low, high in RANGES[kind] for c in range(low, high + 1)])
    subsetter.subset(font)
    rename(font, family, style)
    name = f"{family} {style}".replace(" ", "-").lower()
    font.save(folder / f"{name}.ttf")
    font.flavor = "woff2"
    font.save(folder / f"{name}.woff2")


def main(arguments: list[str]) -> int:
    """Makes every font in `SOURCES` from the given folder."""
    if len(arguments) != 1:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    here = Path(__file__).resolve().parent
    for stem, (family, style, kind) in SOURCES.items():
        make(Path(arguments[0]) / f"{stem}.ttf", family, style, kind, here)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
