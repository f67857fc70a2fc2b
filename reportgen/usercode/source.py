"""Finds the file of a reference and the files beside it that it imports, by reading only: nothing is run."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from reportgen.errors import UsageError
from reportgen.usercode.reference import Reference

LIBRARIES = r"site-packages|dist-packages|python3\.\d+t?"
"""Names of folders of installed packages, and of Python's own library."""
OURS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Source:
    """Where the code of a reference is."""

    file: Path
    root: Path
    """The folder in which its absolute imports are looked up."""
    module: str | None
    """Its dotted name; None for a file."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Its file, then every file beside it (of its package) that an import statement leads to.

        These include the ``__init__.py`` of each folder on the way to a module of a package.
        """
        found: dict[Path, None] = {}
        waiting = [self.file]
        while waiting:
            file = waiting.pop()
            if file not in found:
                found[file] = None
                waiting += [*_imported(file, self._bases(file)), *self._packages(file)]
        first, *others = found
        return (first, *sorted(others))

    def holds(self, file: Path) -> bool:
        """Whether a resolved file is beside it (for an installed module, in its package) and in no library.

        No import statement need lead to it.
        """
        home = self.root
        if self.module is not None and not self._followed:
            home /= self.module.partition(".")[0]
        if not (file.is_relative_to(home) and file.is_file()) or file.is_relative_to(OURS):
            return False
        return not any(re.fullmatch(LIBRARIES, part) for part in file.relative_to(home).parts)

    def _packages(self, file: Path) -> Iterator[Path]:
        """The ``__init__.py`` of every folder between the root and a file."""
        for folder in file.parents:
            if folder == self.root or self.root not in folder.parents:
                return
            if (folder / "__init__.py").is_file():
                yield folder / "__init__.py"

    def _bases(self, file: Path) -> dict[int, Path]:
        """Number of leading dots of an import → the folder in which it is looked up."""
        levels = dict(enumerate([file.parent, *file.parent.parents][:20], start=1))
        return {0: self.root, **levels} if self._followed else levels

    @property
    def _followed(self) -> bool:
        """Whether absolute imports are followed: the user's own code is not among installed packages."""
        return not {"site-packages", "dist-packages"} & set(self.root.parts)


def locate(reference: Reference, folder: Path) -> Source:
    """The file of a reference; `folder` is that of the declaration as it was named: if the declaration is a
    link, that of the link. Raises UsageError if there is no such file.
    """
    if reference.is_file:
        file = (folder / reference.place).resolve()
        if not file.is_file():
            raise UsageError(
                f"needs the file {reference.place}, found none in {folder.absolute()}. "
                "A relative file lies beside the declaration (beside the link, where that is one)."
            )
        return Source(file, file.parent, None)
    path = [str(folder.resolve()), *sys.path]
    parts = reference.place.split(".")
    for depth, part in enumerate(parts):
        spec = PathFinder.find_spec(".".join(parts[: depth + 1]), path)
        last = depth == len(parts) - 1
        if spec is None or (last and not (spec.origin or "").endswith(".py")):
            raise UsageError(
                f"needs the Python module {reference.place}, found no source of {part} in "
                f"{folder.absolute()} or among what is installed. Install it, or name its file."
            )
        if last:
            file = Path(str(spec.origin)).resolve()
            above = depth + (file.name == "__init__.py")
            return Source(file, file.parents[above], reference.place)
        path = list(spec.submodule_search_locations or [])
    raise AssertionError("a reference has at least one part")


def _imported(file: Path, bases: dict[int, Path]) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return  # reported with its line when it is run
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names, level = [alias.name for alias in node.names], 0
        elif isinstance(node, ast.ImportFrom):
            start = [node.module] if node.module else []
            names, level = [".".join([*start, alias.name]) for alias in node.names], node.level
        else:
            continue
        if level in bases:
            for name in names:
                yield from _on_the_way(bases[level], name.split("."))


def _on_the_way(base: Path, parts: list[str]) -> Iterator[Path]:
    """The files that importing base/a/b/c runs, as far as they exist."""
    for depth in range(1, len(parts) + 1):
        stem = base.joinpath(*parts[:depth])
        for file in (stem / "__init__.py", stem.with_name(f"{stem.name}.py")):
            if file.is_file():
                yield file.resolve()
