"""The error for estimates that are inf or nan."""

from __future__ import annotations

from reportgen.errors import CellError

MODEL_REMEDY = (
    "Look at the model at these data points; where it was trained, "
    "measure an earlier checkpoint or lower the learning_rate."
)
"""The remedy if the estimator is a built-in one."""


def not_finite(estimates: str, remedy: str = MODEL_REMEDY) -> CellError:
    """The error; `estimates` names the estimates."""
    return CellError(f"{estimates}: needs finite estimates, found inf or nan. {remedy}")
