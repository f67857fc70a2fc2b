"""Estimates that are no numbers, and what to do about them."""

from __future__ import annotations

from reportgen.errors import CellError

MODEL_REMEDY = (
    "Look at the model at these data points; where it was trained, "
    "measure an earlier checkpoint or lower the learning_rate."
)
"""Where estimates of a known estimator are no numbers."""


def not_finite(estimates: str, remedy: str = MODEL_REMEDY) -> CellError:
    """The error that says so; `estimates` names them."""
    return CellError(f"{estimates}: needs finite estimates, found inf or nan. {remedy}")
