"""The axes of every array of a record, by name; `records` says what the arrays and their axes mean."""

from __future__ import annotations

from collections.abc import Mapping

from reportgen.store.records import HISTOGRAM_BINS, QUANTILES, T_STEPS, WEIGHT_BINS

MEASURED = {
    "variance": "A I G",
    "variance_without": "A I S G",
    "squared_norm": "A I G",
    "squared_norm_without": "A I S G",
    "projection": "A I",
    "projection_without": "A I S",
    "batch_squared_norm": "A",
    "batch_squared_norm_without": "A S",
    "batch_squared_norm_raw": "A",
    "directional_ratio": "A I",
    "directional_ratio_without": "A I S",
    "image_dot": "A I",
    "image_squared_norm_raw": "A I",
    "bias_statistic": "A I",
    "bias_dimension": "A I",
    "bias_p_value": "A I",
    "detectable_bias": "A I",
    "coordinate_quantiles": "A G Q",
    "coordinate_quantiles_without": "A S G Q",
    "coordinate_histogram": "A bins",
    "coordinate_lower": "A 2 T",
}
"""Arrays that every measurement has for its arms …"""
COUNTED = {"coordinate_count": "G", "coordinate_dead": "G"}
"""… and for its groups."""
EXACT = {
    "exact_variance": "A I G",
    "exact_squared_norm": "A I G",
    "exact_bias_squared": "A I G",
    "bias_squared": "A I G",
    "bias_squared_without": "A I S G",
}
"""Arrays of a measurement with exact answers: all of them are there, or none."""
OF_FIRST_LAYER = {
    "pixels": "I H W",
    "units": "U",
    "unit_pixels": "A U H W",
    "weight": "4",
    "weight_mean": "A",
    "weight_variance": "A",
    "weight_drawn": "A 2",
    "weight_counts": "A counts",
}
"""Arrays of a layer that sees the images themselves."""
SELDOM = {"halved_scale": "2", "serial_dependence": "A"}
"""Arrays of measurements of a user's own code."""
JUDGED = {
    "bounds": "I C",
    "unit_variance": "U",
    "unit_variance_without": "S U",
    "samples": "samples p",
    "originals": "shown p",
    "reconstructions": "shown p",
}
"""Arrays that every judgement has."""
FIXED = {"Q": len(QUANTILES), "T": len(T_STEPS), "bins": HISTOGRAM_BINS, "counts": WEIGHT_BINS + 2}
"""Axes of the same size in every record."""


def shape_of(axes: str, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The shape of an array with these axes: a number is its own size, names are looked up."""
    return tuple(int(axis) if axis.isdigit() else sizes[axis] for axis in axes.split())
