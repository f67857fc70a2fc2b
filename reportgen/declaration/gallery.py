"""Finds a declaration: a file, or an experiment of the gallery by its name."""

from __future__ import annotations

from pathlib import Path

from reportgen.declaration.complaints import suggestion
from reportgen.errors import UsageError
from reportgen.resources import gallery

LONG = "long"
"""Folder inside the gallery's, of experiments that take an hour or a night; they are run by name only."""


def gallery_names() -> tuple[str, ...]:
    """Names of the experiments that come with reportgen and take minutes at most."""
    return tuple(sorted(path.stem for path in gallery().glob("*.yaml")))


def long_names() -> tuple[str, ...]:
    """Names of those that take longer."""
    return tuple(sorted(path.stem for path in (gallery() / LONG).glob("*.yaml")))


def find(name_or_path: str | Path) -> Path:
    """The file that a path or a gallery name means. Raises UsageError if there is neither."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    for folder, names in ((gallery(), gallery_names()), (gallery() / LONG, long_names())):
        if str(name_or_path) in names:
            return folder / f"{name_or_path}.yaml"
    names = (*gallery_names(), *long_names())
    if path.is_dir():
        raise UsageError(
            f"{name_or_path}: needs a YAML file or a gallery name, got a folder. "
            "Name a file in it; `reportgen list` shows the gallery."
        )
    if path.exists():
        raise UsageError(
            f"{name_or_path}: needs a YAML file, got a pipe or a device. Save it as a file first."
        )
    if path.suffix in (".yaml", ".yml") and path.stem not in names:
        raise UsageError(
            f"{name_or_path}: no such file. Correct the path; `reportgen init` writes a new experiment."
        )
    raise UsageError(
        f"{name_or_path}: no such file or gallery experiment. {suggestion(path.stem, names)} "
        "`reportgen list` shows the gallery, `reportgen init` writes a new experiment."
    )
