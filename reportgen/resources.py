"""Where the files that are not code live: page templates, the gallery, examples and the lock.

In a checkout they are in its root folder, in an installed wheel inside the package.
"""

from __future__ import annotations

from pathlib import Path

from reportgen.errors import MissingRequirementError

_PACKAGE = Path(__file__).resolve().parent


def _find(name: str) -> Path:
    for parent in (_PACKAGE, _PACKAGE.parent):
        if (parent / name).exists():
            return parent / name
    raise MissingRequirementError(
        f"reportgen: needs its own {name!r} beside or inside the package, found neither. Install it again."
    )


def templates() -> Path:
    """Folder of the Jinja2 templates and style sheets."""
    return _find("templates")


def gallery() -> Path:
    """Folder of the experiments that come with reportgen, one YAML file each."""
    return _find("experiments")


def examples() -> Path:
    """Folder of examples to start from: declarations, and the models, estimators and gradients they name."""
    return _find("examples")


def lock() -> Path:
    """requirements.lock: the exact version of every package that reportgen is made and tested with."""
    return _find("requirements.lock")
