"""Finds a declaration: a file, or an experiment of the gallery by its name."""

from __future__ import annotations

from pathlib import Path

from reportgen.declaration.complaints import suggestion
from reportgen.errors import UsageError
from reportgen.resources import gallery


def gallery_names() -> tuple[str, ...]:
    """Names of the experiments that come with reportgen."""
    return tuple(sorted(path.stem for path in gallery().glob("*.yaml")))


def find(name_or_path: str | Path) -> Path:
    """The file meant by a path or a gallery name. Raises UsageError where there is neither."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = gallery_names()
    if str(name_or_path) in names:
        return gallery() / f"{name_or_path}.yaml"
    if path.is_dir():
        raise UsageError(
            f"{name_or_path}: needs a YAML file or a gallery name, got a folder. {suggestion('', names)}"
        )
    raise UsageError(
        f"{name_or_path}: no such file, and no experiment of the gallery. {suggestion(path.stem, names)} "
        "`reportgen list` shows the gallery, `reportgen init` writes a new experiment."
    )
