"""reportgen: how noisy is this gradient estimator, really, and can I show it?

A declared experiment (YAML) becomes a measured answer and a document.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reportgen.api.experiments import load as load
    from reportgen.api.experiments import run as run
    from reportgen.api.gradients import measure_gradients as measure_gradients
    from reportgen.api.measurement import Measurement as Measurement
    from reportgen.api.measuring import measure as measure
    from reportgen.api.results import Results as Results
    from reportgen.declaration import Experiment as Experiment
    from reportgen.estimators import Estimator as Estimator
    from reportgen.problems import Model as Model
    from reportgen.problems import Problem as Problem

__version__ = "0.1.0"

_FROM = {
    "load": "reportgen.api.experiments",
    "run": "reportgen.api.experiments",
    "measure": "reportgen.api.measuring",
    "measure_gradients": "reportgen.api.gradients",
    "Results": "reportgen.api.results",
    "Measurement": "reportgen.api.measurement",
    "Experiment": "reportgen.declaration",
    "Estimator": "reportgen.estimators",
    "Model": "reportgen.problems",
    "Problem": "reportgen.problems",
}
"""Public names, and the module that each is imported from on first use."""

__all__ = ["__version__", *_FROM]


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module 'reportgen' has no attribute {name!r}")
    return getattr(import_module(_FROM[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
