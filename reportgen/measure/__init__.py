"""The engine: draws, moments in η or layer by layer, exact pushforward to φ, and the stopping rule."""

from __future__ import annotations

from reportgen.measure.measurement import measure
from reportgen.measure.progress import MeasureProgress

__all__ = ["MeasureProgress", "measure"]
