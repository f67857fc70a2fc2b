"""The section of the report in which a claim is shown."""

from __future__ import annotations

from reportgen.declaration.claims.tests import (
    ClaimTest,
    Contrast,
    Crossing,
    EqualMeans,
    Ordering,
    Slope,
    Trend,
    curve_of,
)

SECTIONS = {
    "gap_closed": "why",
    "constant_effect": "why",
    "monte_carlo_share": "noise",
    "work_normalized_variance": "cost",
    "evaluations": "cost",
    "relative_projection": "unbiasedness",
    "cosine_to_reference": "unbiasedness",
    "bias_squared": "exact",
    "exact_bias_squared": "exact",
    "mean_squared_error": "exact",
    "exact_total_variance": "exact",
    "exact_mean_norm": "exact",
    "variance_to_exact": "exact",
    "mean_norm": "signal",
    "signal_to_noise": "signal",
    "directional_signal_to_noise": "signal",
    "coordinate_lower": "layers",
}
"""Statistic → section of the report; others are shown with variance over training, slopes with K."""


def section(test: ClaimTest) -> str:
    """Section in which a claim is shown."""
    comparison = test.comparison
    if test.of_models:
        return "models"
    if isinstance(comparison, EqualMeans):
        return "unbiasedness"
    away = any(scope.over != "checkpoint" for scope in test.scopes)
    if curve_of(comparison):
        return "settings"
    if isinstance(comparison, Ordering):
        return "settings" if away else SECTIONS.get(comparison.statistic, "training")
    assert not isinstance(comparison, Trend)
    first = comparison.left if isinstance(comparison, Contrast) else comparison.quantity
    assert not isinstance(first, Crossing)
    if isinstance(first, Slope):  # along K, whatever the setting, so it belongs with K
        return SECTIONS.get(first.of.name, "samples")
    return "settings" if away else SECTIONS.get(first.name, "training")
