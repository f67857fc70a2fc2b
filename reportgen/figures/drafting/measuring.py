"""Changes how matplotlib measures text: even line spacing, and each label only once.

Releases of matplotlib other than the known ones may measure differently and are left unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib import text

KNOWN = ((3, 10), (3, 11))
"""Releases of matplotlib that measure text with the functions named here."""
MEASURE = "_get_text_metrics_with_cache"
"""The function with which matplotlib measures one line of a label."""
PLACE = "_get_layout"
"""The method with which it lays out the lines of a label relative to one point."""


@contextmanager
def even_lines() -> Iterator[None]:
    """Within this context, lines of a label are evenly spaced, whatever letters they contain.

    Given a spacing, matplotlib centres the ink of every line in its share of the height, so a line with a
    descender or a parenthesis would be closer to the one above. Here each line is measured as if it
    contained a vertical bar, which is as high and as deep as any letter.
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
    """Within this context, identical labels are measured only once.

    The layout, which leaves room for every label, and the drawing after it would measure each seven times.
    """
    if not _is_known():
        yield
        return
    plain = getattr(text.Text, PLACE)
    known: dict[tuple[Any, ...], Any] = {}

    def placed(label: Any, renderer: Any) -> Any:
        if label.get_wrap():  # its line breaks depend on the figure
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
