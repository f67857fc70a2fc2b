"""reportgen from Python: load an experiment and run it, or measure one model in a notebook cell."""

from __future__ import annotations

from reportgen.api.experiments import load, run
from reportgen.api.measurement import Measurement
from reportgen.api.measuring import measure
from reportgen.api.results import Results

__all__ = ["Measurement", "Results", "load", "measure", "run"]
