"""The engine: draws, moments in η, exact pushforward to φ, and the stopping rule."""

from __future__ import annotations

from reportgen.measure.meter import MeasureProgress, measure

__all__ = ["MeasureProgress", "measure"]
