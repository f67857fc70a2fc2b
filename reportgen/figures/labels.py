"""Words beside lines: short titles, and labels at line ends that do not touch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from reportgen.estimators import ESTIMATORS
from reportgen.figures.axes import marker_size
from reportgen.figures.style import INK, PAPER, SMALL, Look
from reportgen.objectives import OBJECTIVES


def short_title(label: str, estimator: str) -> str:
    """What an estimator is called in a figure.

    A label of the declaration's own is used as it stands. Otherwise the
    title, without what it has in parentheses, and of a title in two parts
    ("Score function, optimal constant baseline") the part that tells.
    """
    if label != estimator or estimator not in ESTIMATORS:
        text = label if label != estimator else label.replace("_", " ")
        return text[:1].upper() + text[1:]
    title = re.sub(r"\s*\([^)]*\)", "", ESTIMATORS[estimator].title)
    head, _, tail = title.partition(", ")
    text = tail if tail and len(title) > 24 else head
    return text[:1].upper() + text[1:]


def wrapped(text: str, width: int = 22, lines: int = 3) -> str:
    """A label broken into at most `lines` lines; what does not fit ends in an ellipsis."""
    parts = wrap(text, width, break_long_words=True)
    if len(parts) > lines:
        parts = [*parts[: lines - 1], parts[lines - 1][: width - 1].rstrip() + "…"]
    return "\n".join(parts)


def objective_title(objective: str) -> str:
    """What an objective is called in a figure."""
    return OBJECTIVES[objective].title if objective in OBJECTIVES else objective.replace("_", " ")


def spread(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Centres as close to `wanted` as can be (least squares) so that items of `sizes` do not overlap.

    Items keep their order. Where they do not all fit between `low` and
    `high` they run over at both ends alike. Pooling adjacent violators: the
    offsets of touching items are fixed, so the answer is an isotonic
    regression.
    """
    if not wanted:
        return []
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    offsets = [0.0]
    for before, after in zip(order, order[1:], strict=False):
        offsets.append(offsets[-1] + (sizes[before] + sizes[after]) / 2)
    blocks: list[tuple[float, int]] = []  # mean, count
    for position, index in enumerate(order):
        mean, count = wanted[index] - offsets[position], 1
        while blocks and blocks[-1][0] >= mean:
            other, many = blocks.pop()
            mean, count = (mean * count + other * many) / (count + many), count + many
        blocks.append((mean, count))
    flat = [mean for mean, count in blocks for _ in range(count)]
    least = low + sizes[order[0]] / 2
    most = high - sizes[order[-1]] / 2 - offsets[-1]
    if most < least:
        least = most = (least + most) / 2
    result = [0.0] * len(wanted)
    for position, index in enumerate(order):
        result[index] = min(max(flat[position], least), most) + offsets[position]
    return result


def end_labels(
    ax: Axes,
    ends: Sequence[tuple[float, float, str, Look]],
    *,
    size: float = SMALL,
    gap: float = 1.12,
) -> None:
    """Names lines at their right ends: (x, y, text, look), x and y in data.

    Text is ink, with the line's mark before it and a thin leader from the
    line's end, so that nothing depends on telling colours apart. Labels are
    spread in the axes' height until none touch. Call last: the height of the
    axes must be known.
    """
    if not ends:
        return
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    box = ax.get_window_extent()
    points = figure.dpi / 72
    sizes = [(text.count("\n") + 1) * size * gap * points + 1.2 * points for _, _, text, _ in ends]
    wanted = [float(ax.transData.transform((x, y))[1]) for x, y, _, _ in ends]
    slack = 6 * points
    centres = spread(wanted, sizes, box.y0 - slack, box.y1 + slack)
    for (x, y, text, look), centre in zip(ends, centres, strict=True):
        height = (centre - box.y0) / box.height
        start = ax.transAxes.inverted().transform(ax.transData.transform((x, y)))
        leader = [start[0] + 5 * points / box.width, 1 + 9 * points / box.width, 1 + 13 * points / box.width]
        ax.plot(leader, [start[1], height, height], color=look.colour, linewidth=0.6, alpha=0.75,
                transform=ax.transAxes, clip_on=False, zorder=2, in_layout=False)  # fmt: skip
        ax.plot([1 + 15.5 * points / box.width], [height], marker=look.marker, markersize=marker_size(look, 4.6),
                color=look.colour, markeredgecolor=PAPER, markeredgewidth=0.5, transform=ax.transAxes,
                clip_on=False, linestyle="none", in_layout=False)  # fmt: skip
        ax.add_artist(
            Annotation(text, (1, height), xycoords="axes fraction", xytext=(20, 0), textcoords="offset points",
                       fontsize=size, va="center", ha="left", color=INK, linespacing=gap, clip_on=False,
                       annotation_clip=False)  # fmt: skip
        )


def minimum(values: Sequence[float]) -> float:
    """The smallest finite value, NaN without one."""
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    return float(finite.min()) if finite.size else float("nan")
