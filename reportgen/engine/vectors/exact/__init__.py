"""Exact moments of an estimator, by enumeration or quadrature, where few enough nodes suffice."""

from __future__ import annotations

from reportgen.engine.vectors.exact.moments import Exact, exact_moments

__all__ = ["Exact", "exact_moments"]
