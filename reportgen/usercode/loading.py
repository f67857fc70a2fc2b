"""Runs a user's own code. Callers must have permission; nothing else in the project runs it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from reportgen.errors import CellError, ReportgenError
from reportgen.usercode.places import noted, place_of
from reportgen.usercode.reference import Reference
from reportgen.usercode.source import Source
from reportgen.usercode.told import told

MOST_NAMES = 8
"""Most names of a file that are listed if one is missing."""


@contextmanager
def importable(*sources: Source) -> Iterator[None]:
    """Inside it, files beside the sources can be imported, prints go to standard error, and `faults_told`."""
    roots = [str(source.root) for source in sources]
    sys.path[:0] = reversed(roots)
    try:
        with redirect_stdout(sys.stderr), faults_told(*sources):
            yield
    finally:
        for root in roots:
            sys.path.remove(root)


@contextmanager
def faults_told(*sources: Source) -> Iterator[None]:
    """Turns any exception of the sources' code into a CellError with type, message, file and line.

    An attempt to end the program becomes one too. An exception with notes was raised by something
    that the first source returned, even if it passed no line of the sources.
    """
    try:
        yield
    except (ReportgenError, KeyboardInterrupt, GeneratorExit):
        raise
    except SystemExit as error:
        where = place_of(error, sources) or sources[0].file.name
        raise CellError(f"{where}: must return, it ended the program. Raise an exception instead.") from error
    except BaseException as error:  # asyncio and test frameworks have others that end no program
        place = place_of(error, sources) or (sources[0].file.name if noted(error) else None)
        if place is None:
            raise
        raise CellError(f"{place}: {noted(error)}{type(error).__name__}: {told(error)}") from error


def load_object(reference: Reference, source: Source) -> object:
    """Runs the file anew and returns the object of that name. Call it inside `importable`."""
    own = {_identity(file) for file in source.files}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and _identity(file) in own:
            del sys.modules[name]  # it may be of an older version, if the process has run cells before
    importlib.invalidate_caches()
    module = _run_file(source) if source.module is None else importlib.import_module(source.module)
    try:
        return getattr(module, reference.name)
    except AttributeError:
        raise CellError(
            f"{reference}: needs something called {reference.name} in {reference.place}, found no such name. "
            f"{_near(reference.name, module)}"
        ) from None


def _identity(file: str | Path) -> tuple[int, int] | str:
    """Identifies a file, however its path is written; the path itself if there is no file.

    It makes one system call, since it is called for thousands of modules.
    """
    try:
        found = os.stat(file)
    except OSError:
        return str(file)
    return found.st_dev, found.st_ino


def _near(name: str, module: ModuleType) -> str:
    """A suggestion for an unknown name: one like it, else the first names that there are."""
    public = [
        each for each, held in vars(module).items() if each[0] != "_" and not isinstance(held, ModuleType)
    ]
    near = get_close_matches(name, public, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    shown = ", ".join(public[:MOST_NAMES]) + (" …" if len(public) > MOST_NAMES else "")
    return f"It has {shown}." if public else "Define it."


def _run_file(source: Source) -> ModuleType:
    name = source.file.stem
    if name in sys.modules:
        name = f"{name}_of_the_declaration"  # the file has the name of a module that is in use
    spec = spec_from_file_location(name, source.file)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
