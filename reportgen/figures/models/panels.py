"""One panel per training objective, two side by side, on one scale."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reportgen.figures.drafting.labels import wrapped
from reportgen.figures.drafting.style import new_figure

ACROSS = 2
"""Panels in a row, each with room for the names of its lines on its right."""
ALONE, EACH, MORE = 53.0, 38.0, 14.0
"""Heights, mm: of a figure with one panel, of each row of several panels, and of what is around the rows."""
NAME = 18
"""Most letters in a line of a name if panels share the width."""


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels with shared axes, labelled only at the outer ones."""
    rows = -(-count // ACROSS)
    figure = new_figure(ALONE if count == 1 else MORE + EACH * rows)
    grid = figure.subplots(rows, min(count, ACROSS), sharex=True, sharey=True, squeeze=False)
    axes: list[Axes] = list(grid.flat)
    for ax in axes[count:]:
        ax.remove()
    axes[0].yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    for index, ax in enumerate(axes[:count]):
        if index % ACROSS:
            ax.spines["left"].set_visible(False)
            ax.tick_params(axis="y", left=False)
        ax.tick_params(axis="x", labelbottom=is_lowest(index, count))
    return figure, axes[:count]


def is_lowest(index: int, count: int) -> bool:
    """Whether no panel is below this one."""
    return index + ACROSS >= count


def name(title: str, count: int) -> str:
    """A line's name, wrapped if panels are side by side."""
    return title if count == 1 else wrapped(title, NAME)
