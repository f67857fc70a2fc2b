"""Figures: one file each, one line each in this table.

A figure's module has ``data(findings)``, what is drawn as plain numbers or
None where there is nothing to draw; ``draw(data)``, the ink; ``table(data)``,
the same numbers a row a mark; and ``sketch(findings)``, all of it with a
caption and an alternative text made from the numbers. To add one, write such a file and add its line.
"""

from __future__ import annotations

from collections.abc import Callable

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

FIGURES: dict[str, Callable[[Findings], Sketch | None]] = {
    "variance_over_training": variance_over_training.sketch,
    "variance_over_training_by_objective": by_objective.sketch,
    "variance_by_layer": variance_by_layer.sketch,
    "variance_against_num_samples": variance_against_num_samples.sketch,
    "gap_waterfall": gap_waterfall.sketch,
    "additive_constant": additive_constant.sketch,
    "variance_against_setting": variance_against_setting.sketch,
    "work": work.sketch,
    "unbiasedness": unbiasedness.sketch,
    "noise_split": noise_split.sketch,
    "coordinate_distribution": coordinate_distribution.sketch,
    "noise_in_image": noise_in_image.sketch,
    "weight_histogram": weight_histogram.sketch,
    "signal_to_noise": signal_to_noise.sketch,
    "signal_against_num_samples": signal_against_num_samples.sketch,
    "learning_curve": learning_curve.sketch,
    "likelihood_by_model": likelihood_by_model.sketch,
    "learning_curves": learning_curves.sketch,
    "bound_against_k": bound_against_k.sketch,
    "unit_activity": unit_activity.sketch,
    "model_images": model_images.sketch,
    "signal_by_model": signal_by_model.sketch,
}


def draw(findings: Findings, name: str) -> Drawing | None:
    """Draws the figure `name` of the table; None where the findings hold nothing for it.

    Raises `UsageError` for a name that is not in the table.
    """
    if name not in FIGURES:
        raise UsageError(
            f"figures: needs one of {', '.join(FIGURES)}, found {name!r}. Use a name of that list."
        )
    with house_style(name):
        sketch = FIGURES[name](findings)
        return None if sketch is None else save(sketch, name)


__all__ = ["FIGURES", "Drawing", "Sketch", "Table", "draw"]
