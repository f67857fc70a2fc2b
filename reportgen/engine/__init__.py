"""The engine: draws, moments in η or layer by layer, the exact pushforward to φ, and the stopping rule."""

from __future__ import annotations

from reportgen.engine.measurement import measure
from reportgen.engine.progress import MeasureProgress

__all__ = ["MeasureProgress", "measure"]
