"""Names of estimators, objectives, settings and axes in figures, and labels at the ends of lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from textwrap import wrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.text import Annotation

from reportgen.declaration.claims.tests import scalar_text
from reportgen.estimators import ESTIMATORS
from reportgen.figures.drafting.marking import mark
from reportgen.figures.drafting.points import marker_size
from reportgen.figures.drafting.style import LEADING, PAPER, SMALL, Look, leading, settle
from reportgen.figures.drafting.table import Column
from reportgen.figures.drafting.ticks import plain
from reportgen.findings.series import is_number
from reportgen.objectives import OBJECTIVES

End = tuple[float, float, str, Look]
"""Where a line ends (x and y in data), its name and its look."""


LINE = 3.1
"""Height of one text line in a row's name, mm."""


def short_title(label: str, estimator: str) -> str:
    """The name of an estimator in a figure.

    A label that the declaration chose is used as it is, with a capital. Otherwise it
    is the title without parentheses; if that has two parts ("Score function, optimal
    constant baseline"), it is the second if the title is long, else the first.
    """
    if estimator in ESTIMATORS and label == f"{estimator} antithetic":
        return f"{short_title(estimator, estimator)}, antithetic"
    if estimator in ESTIMATORS and (found := temperature(label, estimator)):
        return f"{short_title(estimator, estimator)}, τ\u00a0=\u00a0{found}"
    if label != estimator or estimator not in ESTIMATORS:
        return _begun(label if label != estimator else label.replace("_", " "))
    title = re.sub(r"\s*\([^)]*\)", "", ESTIMATORS[estimator].title)
    head, _, tail = title.partition(", ")
    return _begun(tail if tail and len(title) > 24 else head)


def _begun(text: str) -> str:
    """With a capital first letter, unless that is Greek: a symbol, of which Φ is not φ."""
    return text if "α" <= text[:1] <= "ω" else text[:1].upper() + text[1:]


def temperature(label: str, estimator: str) -> str:
    """“0.1” or “10⁻⁷” for a label that names the estimator and its temperature; empty for any other."""
    named, _, told = label.partition(" at ")
    try:
        return plain(float(told)) if named == estimator else ""
    except ValueError:
        return ""


def wrapped(text: str, width: int = 25, lines: int = 3) -> str:
    """A label broken into at most `lines` lines; what does not fit ends in an ellipsis.

    Lines are as even as their number allows, unless one ends with a comma. Words are not broken at hyphens
    unless one is longer than a line.
    """
    longest = max((len(word) for word in text.split(" ")), default=0)
    parts = wrap(text, width, break_on_hyphens=longest > width)
    if len(parts) > lines:
        parts = [*parts[: lines - 1], parts[lines - 1][: width - 1].rstrip() + "…"]
    elif not any(part.endswith(",") for part in parts):
        narrower = (wrap(text, each, break_on_hyphens=False) for each in range(longest, width))
        parts = next((even for even in narrower if len(even) == len(parts)), parts)
    return "\n".join(parts)


def row_height(titles: Sequence[str], least: float) -> float:
    """Height of a row, mm, at which names of several lines do not touch; at least `least`."""
    return max(least, *(LINE * (title.count("\n") + 1) for title in titles))


def objective_title(objective: str) -> str:
    """The name of an objective in a figure."""
    return OBJECTIVES[objective].title if objective in OBJECTIVES else objective.replace("_", " ")


def spread(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Centres closest to `wanted` (least squares) at which items of `sizes` do not overlap.

    Items keep their order. If they do not all fit between `low` and `high`, they
    extend equally beyond both. The method is pooling of adjacent violators: the
    offsets of touching items are fixed, so the solution is an isotonic
    regression.
    """
    if not wanted:
        return []
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    offsets = [0.0]
    for before, after in pairwise(order):
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


SETTINGS = {
    "problem.latent": ("latent units d", "the number of latent units d"),
    "train.num_samples": ("k", "k, the samples of a training step"),
    "train.objective": ("trained as", "the training objective"),
    "train.after.num_samples": ("k before", "k, the samples of the training before"),
    "train.after.objective": ("trained before as", "the objective of the training before"),
}
"""Settings with special names: on an axis, and in a sentence."""
TRAINED_AS = {"elbo": "VAE", "elbo_analytic_kl": "VAE, analytic KL", "iwae": "IWAE"}
"""Names of models by their training objective, as in Burda et al. (2016)."""


def setting_title(path: str, *, long: bool = False) -> str:
    """The name of a swept setting on an axis, or with `long` in a sentence."""
    if path.startswith("problem.arguments."):
        return path.rpartition(".")[2]
    name = path.rpartition(".")[2].replace("_", " ")
    return SETTINGS.get(path, (name, name if len(name) == 1 else f"the {name}"))[long]


def value_title(path: str, value: Any, among: Sequence[Any] = ()) -> str:
    """A setting's value in the reader's terms: “VAE”, “2 layers”, “100 + 50”, “1500”.

    Stochastic layers are counted if the count alone distinguishes the values in `among`.
    """
    if path.startswith("train.") and path.endswith(".objective"):
        return TRAINED_AS.get(str(value), str(value))
    if isinstance(value, list | tuple):
        lengths = [len(other) if isinstance(other, list | tuple) else 1 for other in among]
        if path == "problem.latent" and len(set(lengths)) == len(lengths) > 1:
            return f"{len(value)} layer{'s' * (len(value) != 1)}"
        inner = " + " if path == "problem.latent" else "–"
        return inner.join(value_title(path, item) for item in value)
    return plain(value) if is_number(value) else scalar_text(value)


def named_setting(path: str, value: Any, among: Sequence[Any] = ()) -> str:
    """A setting's value, preceded by its name unless the value explains itself: “cosine”, “VAE”, “k 5”."""
    title = value_title(path, value, among)
    plain_words = isinstance(value, str) or (path == "problem.latent" and "layer" in title)
    return title if plain_words else f"{setting_title(path)} {title}"


def signal_axis(tall: float) -> str:
    """Name of a signal-to-noise axis, on two lines if the figure, `tall` mm high, is too low for one."""
    return "signal-to-noise ratio\nof one estimate" if tall < 58 else "signal-to-noise ratio of one estimate"


def variance_axis(objective: str) -> str:
    """Name of the axis of total variance, whose unit is the objective's squared, since φ has none."""
    unit = OBJECTIVES[objective].unit if objective in OBJECTIVES else ""
    return f"total variance, {unit}²" if unit else "total variance"


def variance_column(objective: str, name: str = "Total variance") -> Column:
    """The column of total variance in a table, with that unit."""
    unit = OBJECTIVES[objective].unit if objective in OBJECTIVES else ""
    return Column(name, f"{unit}²" if unit else "")


def end_labels(ax: Axes, ends: Sequence[End], series: Sequence[str]) -> None:
    """Names lines at their right ends; `series` holds the series of each line.

    Text is in ink, after the line's mark and a thin leader from the line's end,
    so that nothing depends on telling colours apart. Labels are spread along the
    axes' height so that none touch; a figure too low for all of them grows. Call
    it last, since it computes the figure's layout and keeps it.
    """
    end_labels_of_panels([(ax, ends, series)])


def end_labels_of_panels(panels: Sequence[tuple[Axes, Sequence[End], Sequence[str]]]) -> None:
    """`end_labels` for several panels of one figure, whose layout leaves room for all labels."""
    figure = panels[0][0].get_figure(root=True)
    assert figure is not None
    names = [[_name(ax, text) for _, _, text, _ in ends] for ax, ends, _ in panels]
    sizes = [[_height(name) + 3.0 for name in one] for one in names]
    if (tallest := max(map(sum, sizes))) > figure.bbox.height:
        figure.set_figheight(tallest / 72)
    settle(figure)
    for (ax, ends, series), one, high in zip(panels, names, sizes, strict=True):
        _place(ax, ends, series, one, high)


def _name(ax: Axes, text: str) -> Annotation:
    return ax.annotate(
        text,
        (1, 0.5),
        xycoords="axes fraction",
        xytext=(20, 0),
        textcoords="offset points",
        fontsize=SMALL,
        va="center",
        ha="left",
        linespacing=leading(text),
        annotation_clip=False,
    )


def _height(name: Annotation) -> float:
    """Height of a label, whose lines are as close as LEADING sets them."""
    whole = name.get_window_extent().height
    return whole if "\n" in name.get_text() else LEADING * whole


def _place(
    ax: Axes,
    ends: Sequence[End],
    series: Sequence[str],
    names: Sequence[Annotation],
    sizes: Sequence[float],
) -> None:
    """Places labels at their heights, with marks and leaders, once the layout is settled."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    box, whole = ax.get_window_extent(), figure.bbox
    wanted = [float(ax.transData.transform((x, y))[1]) for x, y, _, _ in ends]
    low, high = max(whole.y0, box.y0 - 20), min(whole.y1, box.y1 + 8)
    if sum(sizes) > high - low:
        low, high = whole.y0, whole.y1
    centres = spread(wanted, sizes, low, high)
    for (x, y, _, look), whose, name, centre in zip(ends, series, names, centres, strict=True):
        height = (centre - box.y0) / box.height
        name.xy = (1, height)
        start = ax.transAxes.inverted().transform(ax.transData.transform((x, y)))
        ends_here = x >= max(end[0] for end in ends)
        right = [1 + offset / box.width for offset in (9, 13, 15.5)]
        if ends_here:  # a line that ends early is identified by its mark; a leader would cross others
            (leader,) = ax.plot(
                [start[0] + 5 / box.width, *right[:2]],
                [start[1], height, height],
                color=look.colour,
                linewidth=0.6,
                alpha=0.75,
                transform=ax.transAxes,
                clip_on=False,
                zorder=2,
            )
            mark(leader, "leader", whose)
        (key,) = ax.plot(
            [right[2]],
            [height],
            marker=look.marker,
            markersize=marker_size(look, 4.6),
            color=look.colour,
            markeredgecolor=PAPER,
            transform=ax.transAxes,
            clip_on=False,
            linestyle="none",
        )
        mark(key, "label", whose)
        mark(name, "label", whose)
