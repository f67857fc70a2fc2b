"""Figures: one file each, one line each in this table.

A figure's module has ``data(findings)``, the plain numbers that are drawn, or None
if there is nothing to draw; ``draw(data)``, the drawing; ``table(data)``, the same
numbers with one row per mark; and texts made from the numbers:
``caption(findings, data)`` and the alternative text ``alt(data)``. To add a figure,
write such a file and add its line.
"""

from __future__ import annotations

from typing import Any, Protocol

from matplotlib.figure import Figure

from reportgen.errors import UsageError
from reportgen.figures import (
    additive_constant,
    by_objective,
    coordinate_distribution,
    gap_waterfall,
    noise_in_image,
    noise_split,
    signal_against_num_samples,
    signal_to_noise,
    unbiasedness,
    variance_against_num_samples,
    variance_against_setting,
    variance_by_layer,
    variance_over_training,
    weight_histogram,
    work,
)
from reportgen.figures.drafting.drawing import Drawing, Sketch, save
from reportgen.figures.drafting.style import house_style
from reportgen.figures.drafting.table import Table
from reportgen.figures.models import (
    bound_against_k,
    learning_curve,
    learning_curves,
    likelihood_by_model,
    signal_by_model,
    unit_activity,
)
from reportgen.figures.models import images as model_images
from reportgen.findings import Findings


class FigureModule(Protocol):
    """What a figure's module provides; its `data` are meant only for its own functions."""

    def data(self, findings: Findings) -> Any:
        """The plain numbers that are drawn; None if there is nothing to draw."""
        ...

    def draw(self, data: Any) -> Figure:
        """The drawing."""
        ...

    def table(self, data: Any) -> Table:
        """The same numbers, one row per mark."""
        ...

    def caption(self, findings: Findings, data: Any) -> str:
        """What is drawn, and what can be seen in it."""
        ...

    def alt(self, data: Any) -> str:
        """The figure in words."""
        ...


FIGURES: dict[str, FigureModule] = {
    "variance_over_training": variance_over_training,
    "variance_over_training_by_objective": by_objective,
    "variance_by_layer": variance_by_layer,
    "variance_against_num_samples": variance_against_num_samples,
    "gap_waterfall": gap_waterfall,
    "additive_constant": additive_constant,
    "variance_against_setting": variance_against_setting,
    "work": work,
    "unbiasedness": unbiasedness,
    "noise_split": noise_split,
    "coordinate_distribution": coordinate_distribution,
    "noise_in_image": noise_in_image,
    "weight_histogram": weight_histogram,
    "signal_to_noise": signal_to_noise,
    "signal_against_num_samples": signal_against_num_samples,
    "learning_curve": learning_curve,
    "likelihood_by_model": likelihood_by_model,
    "learning_curves": learning_curves,
    "bound_against_k": bound_against_k,
    "unit_activity": unit_activity,
    "model_images": model_images,
    "signal_by_model": signal_by_model,
}


def sketched(findings: Findings, name: str) -> Sketch | None:
    """The figure `name` of the table with its texts, not yet saved; call it within `house_style(name)`.

    None if the findings hold nothing for it.
    """
    figure = FIGURES[name]
    data = figure.data(findings)
    if data is None:
        return None
    return Sketch(figure.draw(data), figure.caption(findings, data), figure.alt(data), figure.table(data))


def draw(findings: Findings, name: str) -> Drawing | None:
    """Draws the figure `name` of the table; None if the findings hold nothing for it.

    Raises `UsageError` for a name that is not in the table.
    """
    if name not in FIGURES:
        raise UsageError(
            f"figures: needs one of {', '.join(FIGURES)}, found {name!r}. Use a name of that list."
        )
    with house_style(name):
        drawn = sketched(findings, name)
        return None if drawn is None else save(drawn, name)


__all__ = ["FIGURES", "Drawing", "Sketch", "Table", "draw", "sketched"]
