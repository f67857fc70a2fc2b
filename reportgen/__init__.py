"""reportgen: how noisy is this gradient estimator, really, and can I show it?

A declared experiment (YAML) becomes a measured answer and a document.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reportgen.api import Measurement as Measurement
    from reportgen.api import Results as Results
    from reportgen.api import load as load
    from reportgen.api import measure as measure
    from reportgen.api import run as run
    from reportgen.declaration import Experiment as Experiment
    from reportgen.estimators import Estimator as Estimator
    from reportgen.problems import Model as Model
    from reportgen.problems import Problem as Problem

__version__ = "0.1.0"

_FROM = {
    "load": "reportgen.api",
    "run": "reportgen.api",
    "measure": "reportgen.api",
    "Results": "reportgen.api",
    "Measurement": "reportgen.api",
    "Experiment": "reportgen.declaration",
    "Estimator": "reportgen.estimators",
    "Model": "reportgen.problems",
    "Problem": "reportgen.problems",
}
"""What the package offers, and the room each is fetched from when it is first asked for."""

__all__ = ["__version__", *_FROM]


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module 'reportgen' has no attribute {name!r}")
    return getattr(import_module(_FROM[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_FROM})


class _Package(ModuleType):
    """`reportgen.measure` is the function, also once the room of that name has been imported."""

    @property
    def measure(self) -> Any:
        return import_module("reportgen.api").measure

    @measure.setter
    def measure(self, room: ModuleType) -> None:
        """What the import of the room does; modules are found in `sys.modules` all the same."""


sys.modules[__name__].__class__ = _Package
