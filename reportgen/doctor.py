"""What this machine has, what it lacks, and how to fix it.

Nothing here may need what it examines: packages are imported inside their own
check, libraries are opened as WeasyPrint would open them but without
WeasyPrint (which prints and raises if one is missing), and a check that raises
becomes a line of the answer.
"""

from __future__ import annotations

import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reportgen.cores import usable_cores
from reportgen.errors import ReportgenError
from reportgen.libraries import LIBRARIES, Library, numbers
from reportgen.locked import as_locked, locked
from reportgen.memory import memory_limit
from reportgen.resources import templates

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from reportgen.datasets.inspection import Found

State = Literal["ok", "missing", "wrong", "optional"]

OLDEST_PYTHON = (3, 11)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LEAST_MEMORY = 2**30
LEAST_DISK = 200 * 2**20
"""Bytes below which an experiment is likely to end early."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked for."""

    name: str
    state: State
    """``ok``; ``missing`` or ``wrong``: must be fixed; ``optional``: absent or not known, and not needed."""
    found: str
    remedy: str = ""
    """What to do; empty if nothing, or if `found` says it already."""

    @property
    def ok(self) -> bool:
        """Whether nothing has to be fixed."""
        return self.state in ("ok", "optional")

    def __str__(self) -> str:
        advice = f" → {self.remedy}" if self.remedy else ""
        return f"{self.state:<9}{self.name:<27}{self.found}{advice}"


def examine(output: Path = Path("output")) -> list[Check]:
    """Runs every check, in the order in which a new machine is set up. Changes nothing; raises nothing."""
    examinations: list[tuple[str, Callable[[], list[Check]]]] = [
        ("Python", _python),
        ("packages", _packages),
        ("torch at work", _torch),
        *((library.name, lambda library=library: [_library(library)]) for library in LIBRARIES),
        ("fonts", _fonts),
        ("data set digits", _digits),
        ("other data sets", _other_datasets),
        ("output folder", lambda: [_output(output)]),
        ("cores", _cores),
        ("memory", _memory),
        ("git", _git),
        ("browser", _browser),
    ]
    return [check for name, examination in examinations for check in _guarded(name, examination)]


def _guarded(name: str, examination: Callable[[], list[Check]]) -> list[Check]:
    try:
        return examination()
    except ModuleNotFoundError as error:
        package = {"sklearn": "scikit-learn"}.get(str(error.name), str(error.name))
        return [Check(name, "missing", f"needs {package}, not installed", f"pip install {package}")]
    except ReportgenError as error:
        return [Check(name, "missing", str(error), "")]
    except Exception as error:  # a broken installation can raise anything; the other checks go on
        return [Check(name, "wrong", f"{type(error).__name__}: {error}".splitlines()[0], "install it again")]


def _python() -> list[Check]:
    found = f"{platform.python_version()} ({platform.machine()}, {platform.system()})"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return [Check("Python", "ok", found)]
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return [Check("Python", "wrong", found, f"install Python {wanted} or later")]


def _packages() -> list[Check]:
    try:
        requirements = metadata.requires("reportgen") or []
    except metadata.PackageNotFoundError:
        return [
            Check(
                "packages",
                "optional",
                "reportgen is not installed, so what it requires is not known",
                "pip install .",
            )
        ]
    from packaging.requirements import Requirement

    wanted = map(Requirement, requirements)
    return [_package(one) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]


def _package(requirement: Requirement) -> Check:
    name, wanted = requirement.name, str(requirement.specifier)
    title, remedy = f"package {name}", f"pip install {shlex.quote(name + wanted)}"
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Check(title, "missing", f"not installed, needs {wanted}", remedy)
    if not requirement.specifier.contains(found, prereleases=True):
        return Check(title, "wrong", f"{found}, needs {wanted}", remedy)
    tested = "" if as_locked(name, found) else f", tested with {locked()[name]}"
    return Check(title, "ok", f"{found}{tested}")


def _torch() -> list[Check]:
    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    found = f"{torch.__version__}, CPU capability {capability}, {torch.get_num_threads()} threads"
    return [Check("torch at work", "ok", found)]


def _library(library: Library) -> Check:
    opened = library.open()
    remedy = f"sudo apt-get install {library.debian}"
    if sys.platform == "darwin":
        remedy = f"brew install {library.homebrew}"
    if opened is None:
        if library.required:
            return Check(library.name, "missing", "not found; no PDF can be written", remedy)
        return Check(library.name, "optional", "not found; PDFs are valid, but their bytes differ", remedy)
    version = library.version(opened)
    if version and library.oldest and numbers(version) < library.oldest:
        wanted = ".".join(map(str, library.oldest))
        return Check(library.name, "wrong", f"{version}, needs {wanted} or later", remedy)
    return Check(library.name, "ok", version or "found")


def _fonts() -> list[Check]:
    folder = templates() / "fonts"
    print_fonts = sorted(folder.glob("*.ttf"))
    remedy = "install reportgen again"
    if not print_fonts:
        return [Check("fonts", "missing", f"none in {folder}", remedy)]
    damaged = [path.name for path in print_fonts if path.read_bytes()[:4] != b"\x00\x01\x00\x00"]
    page_fonts = [path.with_suffix(".woff2") for path in print_fonts]
    damaged += [path.name for path in page_fonts if not path.is_file() or path.read_bytes()[:4] != b"wOF2"]
    if damaged:
        return [Check("fonts", "wrong", f"missing or damaged in {folder}: {', '.join(damaged)}", remedy)]
    return [Check("fonts", "ok", f"{len(print_fonts)} faces, for page and print")]


def _digits() -> list[Check]:
    from reportgen.datasets import load

    data = load("digits")
    return [
        Check("data set digits", "ok", f"{len(data.train)} + {len(data.test)} images, {data.digest[:12]}")
    ]


def _other_datasets() -> list[Check]:
    """Compares their files with the SHA-256 known for each; reads no images."""
    from reportgen.datasets import DATASETS
    from reportgen.datasets.inspection import inspect

    return [_files(inspect(source, contents=False)) for source in DATASETS.values() if source.layouts]


def _files(found: Found) -> Check:
    source, name = found.source, f"data set {found.source.name}"
    if found.state == "absent":
        remedy = f"{source.command}, or set REPORTGEN_DATA to the folder that holds {source.folder.name}/"
        return Check(name, "optional", f"not in {source.folder}", remedy)
    if found.state == "damaged":
        return Check(name, "wrong", found.fault.removeprefix(f"{name}: "))
    sure = all(file.known == "published" for file in found.files)
    recorded = all(file.known != "not known" for file in found.files)
    how = "as published" if sure else "as first fetched" if recorded else "SHA-256 not known"
    return Check(name, "ok", f"in {source.folder}, {how}")


def _output(output: Path) -> Check:
    """Tries to make an unnamed temporary file in the folder, or in the nearest folder above that exists."""
    name = "output folder"
    remedy = "make it writable, or name another: --output FOLDER"
    place = next(folder for folder in (output.absolute(), *output.absolute().parents) if folder.exists())
    if not place.is_dir():
        return Check(name, "wrong", f"{place} is a file", "name another: --output FOLDER")
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        return Check(name, "wrong", f"{place} cannot be written ({error.strerror})", remedy)
    found = f"{output}, {free / 2**30:.1f} GiB free"
    if free < LEAST_DISK:
        return Check(name, "wrong", found, "free some space, or name another: --output FOLDER")
    return Check(name, "ok", found)


def _cores() -> list[Check]:
    return [Check("cores", "ok", f"{usable_cores()} usable")]


def _memory() -> list[Check]:
    total = memory_limit()
    if total is None:
        return [Check("memory", "optional", "not known on this system")]
    found = f"{total / 2**30:.1f} GiB"
    if total < LEAST_MEMORY:
        return [Check("memory", "wrong", found, "use --jobs 1, and a smaller measure.images")]
    return [Check("memory", "ok", found)]


def _git() -> list[Check]:
    remedy = "install git, so that a report can name the commit it came from"
    try:
        done = subprocess.run(["git", "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return [Check("git", "optional", "not found", remedy)]
    return [Check("git", "ok", done.stdout.strip().removeprefix("git version "))]


def browser() -> str | None:
    """The browser that the tests of the page use; None if there is none."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def _browser() -> list[Check]:
    found = browser()
    if found:
        return [Check("browser", "ok", found)]
    remedy = "sudo apt-get install chromium"
    if sys.platform == "darwin":
        remedy = "brew install --cask google-chrome, and put its program on the PATH as google-chrome"
    return [Check("browser", "optional", "not found; tests that open the page in it are skipped", remedy)]
