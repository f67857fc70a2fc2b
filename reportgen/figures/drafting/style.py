"""The look of all figures: sizes, fonts, colours, marks.

Figures are drawn at their final size, so a point here is a point on paper:
text of 8.4 pt stands beside a 9.6 pt body and captions of 8 pt. Each estimator
has a fixed colour, marker and dash pattern in every figure, whatever the order of
declaration, so that any one of the three identifies it. The colours are Okabe and
Ito's, darkened where they would fade on white; each keeps a contrast of about
3 to 1 on a white page and on a dark one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import RLock
from typing import Any, Literal
from zlib import crc32

import matplotlib
from matplotlib import font_manager
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from reportgen.errors import MissingRequirementError, RenderError
from reportgen.figures.drafting.measuring import even_lines, measured_once
from reportgen.resources import templates

MILLIMETRE = 1 / 25.4
COLUMN = 160.0
"""Width of the text column, mm; every figure is drawn and printed this wide."""
LOWEST = 46.0
"""Least height, mm, of a figure with lines."""
LEADING = 0.85
"""Line spacing inside a label, closer than between labels."""

TEXT = 8.4
SMALL = 7.8

INK = "#1b1f24"
"""Colour of text and axes, used for nothing else, so that a page can replace it by its own."""
PAPER = "#fffffe"
"""Colour behind marks, which a page can replace by its own background."""
GRID = 0.13
"""Opacity of grid lines drawn in ink."""
MUTED = 0.68
"""Opacity of secondary text drawn in ink."""

Dash = tuple[float, tuple[float, ...]] | Literal["-"]


@dataclass(frozen=True)
class Look:
    """How one estimator is drawn; any of the three distinguishes it from the others."""

    colour: str
    marker: str
    dash: Dash


LOOKS: dict[str, Look] = {
    "score_function": Look("#d55e00", "o", "-"),
    "score_function_optimal_constant": Look("#c08400", "s", (0, (6, 1.6))),
    "score_function_optimal_per_coordinate": Look("#c0669b", "D", (0, (6, 1.6, 1.2, 1.6))),
    "leave_one_out": Look("#009e73", "^", (0, (3.2, 1.4))),
    "taylor_control_variate": Look("#3698ce", "v", (0, (9, 1.6))),
    "pathwise": Look("#0072b2", "h", "-"),
    "score_function_as_printed": Look("#848a91", "X", (0, (1.2, 1.4))),
}

SPARE = (
    Look("#8466c4", "P", (0, (5, 1.2, 1.2, 1.2, 1.2, 1.2))),
    Look("#8a7a20", "<", (0, (7, 2))),
    Look("#b0524e", ">", (0, (2.2, 1.6))),
    Look("#4f8f3a", "p", (0, (10, 2, 2, 2))),
    Look("#5b7f95", "*", (0, (4, 3))),
    Look("#b36a3c", "d", (0, (1.2, 2.4))),
)
"""Looks of the other estimators, including a user's own."""

VARIANTS = ("o", "s", "D", "^", "v", "P", "X", "p", "<", ">")


def looks(estimator_of: Mapping[str, str]) -> dict[str, Look]:
    """The look of every label, given label → estimator name.

    A name outside the table gets a spare look by a checksum of the name; a
    second label of the same estimator keeps the colour but changes marker and
    dash. Only the set of labels matters, not their order.
    """
    taken: dict[str, Look] = dict(LOOKS)
    free = list(SPARE)
    for name in sorted(set(estimator_of.values()) - set(LOOKS)):
        if not free:
            free = list(SPARE)
        taken[name] = free.pop(crc32(name.encode()) % len(free))
    result: dict[str, Look] = {}
    seen: dict[str, int] = {}
    # A label equal to the estimator's name comes first, so that it keeps the estimator's own look.
    for label in sorted(estimator_of, key=lambda label: (label != estimator_of[label], label)):
        name = estimator_of[label]
        look, again = taken[name], seen.get(name, 0)
        seen[name] = again + 1
        if again:
            marker = VARIANTS[(VARIANTS.index(look.marker) if look.marker in VARIANTS else 0) + again - 10]
            look = Look(look.colour, marker, (0, (2.0 + 2 * again, 1.5, 1.0, 1.5)))
        result[label] = look
    return result


@cache
def families() -> tuple[str, ...]:
    """Font families for figures: the report's sans serif, its mathematics, then matplotlib's DejaVu.

    Font files shipped with the templates are registered here, at run time, so
    that no font of the machine is used. A glyph is taken from the first family
    that has it. Raises MissingRequirementError if a file is missing.
    """
    found = []
    for stem in ("sans-regular", "math-regular"):
        path = templates() / "fonts" / f"reportgen-{stem}.ttf"
        if not path.is_file():
            raise MissingRequirementError(f"{path}: needs this font, found none. Install reportgen again.")
        font_manager.fontManager.addfont(path)
        found.append(font_manager.FontProperties(fname=path).get_name())
    return (*found, "DejaVu Sans")


def parameters(salt: str) -> dict[str, Any]:
    """Settings of matplotlib for one figure; `salt` makes its ids distinct and reproducible."""
    return {
        "svg.hashsalt": salt,
        "svg.fonttype": "path",
        "font.family": list(families()),
        "font.size": TEXT,
        "axes.titlesize": TEXT,
        "axes.titleweight": "normal",
        "axes.titlelocation": "left",
        "axes.titlepad": 5.0,
        "axes.labelsize": TEXT,
        "axes.labelpad": 3.5,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": True,
        "axes.axisbelow": True,
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
        "text.color": INK,
        "text.parse_math": False,  # a label with dollar signs is a label
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "ytick.alignment": "center",
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "xtick.major.size": 3.0,
        "ytick.major.size": 3.0,
        "xtick.minor.size": 1.7,
        "ytick.minor.size": 1.7,
        "lines.linewidth": 1.3,
        "lines.markersize": 4.4,
        "lines.markeredgewidth": 0.5,
        "lines.dash_capstyle": "butt",
        "lines.scale_dashes": True,
        "patch.linewidth": 0.0,
        "figure.constrained_layout.h_pad": 0.03,
        "figure.constrained_layout.w_pad": 0.03,
        "figure.constrained_layout.wspace": 0.06,
        "path.simplify": True,
    }


_ALONE = RLock()
"""Held while a figure is drawn, since matplotlib's settings are shared by all threads."""


@contextmanager
def house_style(salt: str) -> Iterator[None]:
    """Context in which figures are drawn and saved in the house style, whatever a user's matplotlibrc says.

    Raises RenderError for a character that no font has, about which matplotlib would only warn.
    """
    with _ALONE, matplotlib.rc_context(), warnings.catch_warnings(), even_lines(), measured_once():
        warnings.filterwarnings("error", "Glyph .* missing from font", UserWarning)
        matplotlib.rcdefaults()
        settings: Any = parameters(salt)
        matplotlib.rcParams.update(settings)
        try:
            yield
        except UserWarning as warning:
            if not str(warning).startswith("Glyph"):
                raise
            said = str(warning).partition(" missing")[0]
            raise RenderError(
                f"figures/{salt}.svg: no font has {said}. Choose another character."
            ) from warning


def leading(words: str) -> float | None:
    """Line spacing of a label: LEADING for several lines, None for one.

    A single line without spacing takes its height from its font. With one, matplotlib would centre its ink,
    so that a label with a comma or a parenthesis would have another baseline than its neighbour.
    """
    return LEADING if "\n" in words else None


def new_figure(height: float) -> Figure:
    """An empty figure of `height` mm, as wide as the column; its layout keeps every label inside."""
    size = (COLUMN * MILLIMETRE, height * MILLIMETRE)
    figure = Figure(figsize=size, layout="constrained", dpi=72)  # as in SVG: a pixel is a point
    FigureCanvasSVG(figure)
    return figure


def height(whole: float, lines: int) -> float:
    """Height, mm, of a figure with `lines` lines: `whole` for many, less for few."""
    return max(whole * min(1.0, 0.45 + 0.18 * lines), LOWEST)


def settle(figure: Figure) -> None:
    """Computes the layout now and keeps it; otherwise matplotlib would compute it twice on saving.

    Labels of several lines get their line spacing first, wherever they are.
    """
    for label in figure.findobj(Text):
        if isinstance(label, Text) and "\n" in label.get_text():
            label.set_linespacing(LEADING)
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.execute(figure)
        figure.set_layout_engine("none")
