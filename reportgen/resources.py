"""Where the files that are not code live: page templates and the gallery.

In a checkout they are folders at its top, in an installed wheel folders
inside the package.
"""

from __future__ import annotations

from pathlib import Path

from reportgen.errors import MissingRequirementError

_PACKAGE = Path(__file__).resolve().parent


def _folder(name: str) -> Path:
    for parent in (_PACKAGE, _PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise MissingRequirementError(
        f"reportgen: needs its folder {name!r} beside or inside the package, found neither. Install it again."
    )


def templates() -> Path:
    """Folder of the Jinja2 templates and style sheets."""
    return _folder("templates")


def gallery() -> Path:
    """Folder of the experiments that come with reportgen, one YAML file each."""
    return _folder("experiments")
