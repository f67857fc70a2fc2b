"""What matplotlib measures of words, evenly and once.

A release of matplotlib that may measure otherwise than those known is left to itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib import text

KNOWN = ((3, 10), (3, 11))
"""Releases of matplotlib that measure with what is named here."""
MEASURE = "_get_text_metrics_with_cache"
"""What matplotlib measures a line of a label with."""
PLACE = "_get_layout"
"""What it places the lines of a label with, all of them about one point."""


@contextmanager
def even_lines() -> Iterator[None]:
    """While it lasts, lines of a label stand equally far apart, whatever letters are in them.

    Given a spacing, matplotlib centres the ink of every line in its share of the height: a line with
    a descender or a parenthesis stands closer to the one above. Here each has the ink of a bar, which is
    as high and as deep as any letter.
    """
    if not _is_known():
        yield
        return
    plain = getattr(text, MEASURE)

    def measured(renderer: Any, words: str, *others: Any, **more: Any) -> tuple[float, float, float]:
        width, high, low = plain(renderer, words, *others, **more)
        _, whole, below = plain(renderer, "|", *others, **more)
        above, below = max(high - low, whole - below), max(low, below)
        return width, above + below, below

    setattr(text, MEASURE, measured)
    try:
        yield
    finally:
        setattr(text, MEASURE, plain)


@contextmanager
def measured_once() -> Iterator[None]:
    """While it lasts, labels that are alike are measured once.

    A layout that leaves room for every label, and the drawing after it, measure each of them seven times.
    """
    if not _is_known():
        yield
        return
    plain = getattr(text.Text, PLACE)
    known: dict[tuple[Any, ...], Any] = {}

    def placed(label: Any, renderer: Any) -> Any:
        if label.get_wrap():  # its lines end where the figure does
            return plain(label, renderer)
        alike = (
            label.get_text(),
            hash(label.get_fontproperties()),
            label.get_figure(root=True).dpi,
            label.get_usetex(),
            label.get_parse_math(),
            label._linespacing,
            label._get_multialignment(),
            label.get_rotation(),
            label.get_rotation_mode(),
            label.get_horizontalalignment(),
            label.get_verticalalignment(),
            type(getattr(renderer, "_renderer", renderer)),
        )
        if alike not in known:
            known[alike] = plain(label, renderer)
        return known[alike]

    setattr(text.Text, PLACE, placed)
    try:
        yield
    finally:
        setattr(text.Text, PLACE, plain)


def _is_known() -> bool:
    return matplotlib.__version_info__[:2] in KNOWN
