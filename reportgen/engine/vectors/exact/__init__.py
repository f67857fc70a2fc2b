"""Exact moments of an estimator, where all that its noise can be is a list short enough to sum over."""

from __future__ import annotations

from reportgen.engine.vectors.exact.moments import Exact, exact_moments

__all__ = ["Exact", "exact_moments"]
