"""The doctor: finds what is there, names what is not, and works on the barest machine."""

from __future__ import annotations

import builtins
import ctypes
import ctypes.util
import gzip
import hashlib
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from reportgen import doctor
from reportgen.datasets import DATASETS, mnist
from reportgen.doctor import Check, examine
from reportgen.errors import MissingRequirementError
from reportgen.libraries import HARFBUZZ, LIBRARIES, Library, files_first, font_subsetter
from reportgen.report.pdf.layout import require_weasyprint

PACKAGE = Path(doctor.__file__).parent


def found(name: str, output: Path) -> Check:
    (check,) = [check for check in examine(output) if check.name == name]
    return check


def refuse(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Make these packages, and all inside them, impossible to import."""
    real = builtins.__import__

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] in packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest, **more)

    for module in [m for m in sys.modules if m.partition(".")[0] in packages]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(builtins, "__import__", importing)


def raising(error: Exception) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


def test_here_nothing_is_to_be_mended(tmp_path: Path) -> None:
    checks = examine(tmp_path)
    assert [str(check) for check in checks if not check.ok] == []
    names = [check.name for check in checks]
    assert len(names) == len(set(names))
    wanted = {"Python", "package torch", "torch at work", "Pango", "fonts", "data set mnist", "memory", "git"}
    assert wanted <= set(names)


def test_one_line_says_state_name_finding_and_remedy() -> None:
    check = Check("Pango", "missing", "not found", "sudo apt-get install libpango-1.0-0")
    assert " ".join(str(check).split()) == "missing Pango not found → sudo apt-get install libpango-1.0-0"
    assert not check.ok
    assert not Check("Pango", "wrong", "1.40").ok
    assert Check("git", "optional", "not found").ok
    assert "→" not in str(Check("git", "ok", "2.39.5"))


def test_without_any_package_it_still_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for module in [m for m in sys.modules if m.startswith("reportgen.datasets")]:
        monkeypatch.delitem(sys.modules, module)
    refuse(monkeypatch, "torch", "numpy", "weasyprint", "sklearn", "scipy", "matplotlib")
    monkeypatch.setattr(metadata, "version", raising(metadata.PackageNotFoundError("gone")))
    checks = {check.name: check for check in examine(tmp_path)}
    assert checks["package torch"].state == "missing"
    pin = next(r for r in metadata.requires("reportgen") or [] if r.startswith("torch"))
    assert checks["package torch"].remedy == f"pip install {shlex.quote(pin)}"
    torch = checks["torch at work"]
    assert (torch.state, torch.found) == ("missing", "needs torch, not installed")
    digits = checks["data set digits"]
    assert (digits.state, digits.remedy) == ("missing", "pip install numpy")
    assert checks["output folder"].state == "ok"


def test_a_torch_that_does_not_load_is_wrong_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def importing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "torch":
            raise OSError("libtorch_cpu.so: cannot open shared object file\nand more")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    check = found("torch at work", tmp_path)
    assert check.state == "wrong"
    assert check.found == "OSError: libtorch_cpu.so: cannot open shared object file"


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("2.13.0", "2.13.0"),
        ("2.13.0+cpu", "2.13.0+cpu"),
        ("2.9.1+cu128", "2.9.1+cu128, tested with 2.13.0"),
        ("2.6.0", "2.6.0, tested with 2.13.0"),
        ("2.12.0rc1", "2.12.0rc1, tested with 2.13.0"),
        ("2.13.0.1", ""),
        ("2.14.0", ""),
        ("2.5.10", ""),
        ("2.6.0rc1", ""),
        ("2.6.0.dev20250101+cpu", ""),
        ("2.6.0a0+git12", ""),
    ],
)
def test_versions_are_held_against_what_is_required(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, found: str
) -> None:
    requirements = ["torch<=2.13.0,>=2.6", "fonttools[woff] (==4.68)", "x==1; extra == 'dev'", "rich<15.0"]
    monkeypatch.setattr(metadata, "requires", lambda _: requirements)
    versions = {"torch": version, "fonttools": "4.68.0", "rich": "15.0.0"}
    monkeypatch.setattr(metadata, "version", lambda name: versions[name])
    checks = {check.name: check for check in examine(tmp_path) if check.name.startswith("package ")}
    assert set(checks) == {"package torch", "package fonttools", "package rich"}
    assert checks["package fonttools"] == Check("package fonttools", "ok", "4.68.0")
    rich = Check("package rich", "wrong", "15.0.0, needs <15.0", "pip install 'rich<15.0'")
    assert checks["package rich"] == rich
    wrong = f"{version}, needs <=2.13.0,>=2.6"
    assert checks["package torch"] == (
        Check("package torch", "ok", found)
        if found
        else Check("package torch", "wrong", wrong, "pip install 'torch<=2.13.0,>=2.6'")
    )


def test_uninstalled_pins_are_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(metadata, "requires", raising(metadata.PackageNotFoundError("reportgen")))
    assert found("packages", tmp_path).state == "optional"


@pytest.mark.parametrize(
    ("system", "command", "package"),
    [("linux", "sudo apt-get install", "debian"), ("darwin", "brew install", "homebrew")],
)
def test_libraries_that_are_not_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, command: str, package: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(ctypes, "CDLL", raising(OSError("no such file")))
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    checks = {check.name: check for check in examine(tmp_path)}
    for library in LIBRARIES:
        check = checks[library.name]
        assert check.state == ("missing" if library.required else "optional")
        assert check.remedy == f"{command} {getattr(library, package)}"


def test_a_library_under_the_linkers_name_alone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: f"/lib/{name}" if name == "pango" else None)

    def opening(name: str) -> str:
        asked.append(name)
        if name == "/lib/pango":
            return "opened"
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", opening)
    assert Library("Pango", "libpango.so.0 pango", "", "").open() == "opened"  # type: ignore[comparison-overlap]
    assert asked == ["libpango.so.0", "/lib/pango"]


def test_weasyprint_opens_the_same_files_without_asking_the_linker(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = ctypes.util.find_library

    def opened(library: Library) -> ctypes.CDLL | None:
        """The library that WeasyPrint's own order of names finds."""
        for name in library.spellings.split():
            for path in (name if "." in name else None, ctypes.util.find_library(name)):
                with suppress(OSError):
                    if path is not None:
                        return ctypes.CDLL(path)
        return None

    own = [opened(library) for library in LIBRARIES]
    with files_first():
        with monkeypatch.context() as alone:
            alone.setattr(subprocess, "Popen", raising(AssertionError("a process was started")))
            files = [opened(library) if library.file() else None for library in LIBRARIES]
            assert sys.platform != "linux" or ctypes.util.find_library("harfbuzz-vector") is None
        monkeypatch.setattr(Library, "file", lambda self: None)
        assert ctypes.util.find_library("gobject-2.0") == plain("gobject-2.0")
    assert ctypes.util.find_library is plain
    handles = [
        (mine and mine._handle, theirs and theirs._handle) for mine, theirs in zip(files, own, strict=True)
    ]
    assert any(mine for mine, _ in handles)
    assert all(mine in (None, theirs) for mine, theirs in handles)


def test_two_threads_that_look_for_libraries_leave_the_search_as_it_was() -> None:
    plain, inside, leave = ctypes.util.find_library, threading.Event(), threading.Event()

    def other() -> None:
        with files_first():
            inside.set()
            leave.wait(9.0)

    thread = threading.Thread(target=other)
    with files_first():
        thread.start()
        assert not inside.wait(0.1), "one after the other"
    leave.set()
    thread.join()
    assert inside.is_set() and ctypes.util.find_library is plain


@pytest.mark.parametrize(("version", "state"), [("1.40.1", "wrong"), ("1.44.0", "ok"), ("2.0.0", "ok")])
def test_an_old_pango_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, state: str
) -> None:
    monkeypatch.setattr(Library, "version", lambda self, _: version if self.name == "Pango" else None)
    assert found("Pango", tmp_path).state == state


def test_libraries_are_those_weasyprint_opens() -> None:
    source = Path(str(metadata.distribution("weasyprint").locate_file("weasyprint/text/ffi.py"))).read_text()
    for library in LIBRARIES:
        assert all(f"'{name}'" in source for name in library.spellings.split()), library.name
    assert source.count("_dlopen(\n") == len(LIBRARIES) + 1  # it may also use harfbuzz-vector


def test_fonts_missing_or_damaged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "templates", lambda: tmp_path)
    assert found("fonts", tmp_path).state == "missing"
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "serif.ttf").write_bytes(b"\x00\x01\x00\x00 glyphs")
    check = found("fonts", tmp_path)
    assert check.state == "wrong"
    assert "serif.woff2" in check.found
    (tmp_path / "fonts" / "serif.woff2").write_bytes(b"wOF2 glyphs")
    assert found("fonts", tmp_path).state == "ok"
    (tmp_path / "fonts" / "serif.ttf").write_bytes(b"<html>")
    assert "serif.ttf" in found("fonts", tmp_path).found


def test_templates_missing_altogether(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "templates", raising(MissingRequirementError("reportgen: needs its folder")))
    check = found("fonts", tmp_path)
    assert (check.state, check.found) == ("missing", "reportgen: needs its folder")


def test_a_data_set_absent_damaged_sound_and_of_unknown_sha256(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path))
    check = found("data set mnist", tmp_path)
    assert check.state == "optional"
    assert str(tmp_path / "mnist") in check.found
    assert check.remedy.startswith("reportgen data fetch mnist, or set REPORTGEN_DATA to the folder")
    (tmp_path / "mnist").mkdir()
    content = gzip.compress(b"images", mtime=0)
    for name in mnist.SHA256:
        (tmp_path / "mnist" / name).write_bytes(content)
    check = found("data set mnist", tmp_path)
    assert check.state == "wrong"
    assert hashlib.sha256(content).hexdigest()[:12] in check.found
    assert "\n" not in check.found and "reportgen data fetch mnist" in check.found
    (layout,) = mnist.SOURCE.layouts
    known = tuple(replace(file, sha256=hashlib.sha256(content).hexdigest()) for file in layout.files)
    sound = replace(mnist.SOURCE, layouts=(replace(layout, files=known),))
    monkeypatch.setitem(DATASETS, "mnist", sound)
    assert found("data set mnist", tmp_path).state == "ok"
    assert found("data set mnist", tmp_path).found.endswith("as published")

    (tmp_path / "omniglot").mkdir()
    (tmp_path / "omniglot" / "chardata.mat").write_bytes(content)
    assert found("data set omniglot", tmp_path).found.endswith("SHA-256 not known")
    record = hashlib.sha256(content).hexdigest()
    (tmp_path / "omniglot" / "chardata.mat.sha256").write_text(f"{record}  chardata.mat\n")
    assert found("data set omniglot", tmp_path).found.endswith("as first fetched")
    (tmp_path / "omniglot" / "chardata.mat").write_bytes(content + b"!")
    check = found("data set omniglot", tmp_path)
    assert check.state == "wrong" and "recorded at the first fetch" in check.found
    (tmp_path / "omniglot" / "chardata.mat.sha256").write_text("nothing")
    assert "must start with a SHA-256" in found("data set omniglot", tmp_path).found


def test_output_is_tried_and_nothing_is_left(tmp_path: Path) -> None:
    assert found("output folder", tmp_path / "not" / "yet").state == "ok"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    for place in ("file", "file/inside"):
        check = found("output folder", tmp_path / place)
        assert check.state == "wrong"
        assert "is a file" in check.found
        assert "--output" in check.remedy


def test_output_that_cannot_be_written_or_is_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(doctor, "LEAST_DISK", 2**80)
        assert found("output folder", tmp_path).state == "wrong"
    refused = raising(PermissionError(13, "Permission denied"))
    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refused)
    check = found("output folder", tmp_path)
    assert check.state == "wrong"
    assert check.found == f"{tmp_path} cannot be written (Permission denied)"


def test_old_python_little_memory_no_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))
    monkeypatch.setattr(doctor, "memory_limit", lambda: 2**28)
    monkeypatch.setenv("PATH", str(tmp_path))
    checks = {check.name: check for check in examine(tmp_path)}
    assert (checks["Python"].state, checks["Python"].remedy) == ("wrong", "install Python 99.0 or later")
    assert (checks["memory"].state, checks["memory"].found) == ("wrong", "0.2 GiB")
    assert checks["git"].state == "optional"
    assert checks["browser"].state == "optional"
    monkeypatch.setattr(doctor, "memory_limit", lambda: None)
    assert found("memory", tmp_path).state == "optional"


def test_cores_that_may_be_used_are_counted_in_one_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 4, 5}, raising=False)
    assert found("cores", tmp_path) == Check("cores", "ok", "3 usable")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert found("cores", tmp_path) == Check("cores", "ok", "1 usable")
    asking = {
        path.name for path in PACKAGE.rglob("*.py") if re.search(r"getaffinity|cpu_count", path.read_text())
    }
    assert asking == {"cores.py"}


def test_it_knows_what_cuts_fonts_as_weasyprint_does(monkeypatch: pytest.MonkeyPatch) -> None:
    require_weasyprint()
    from weasyprint.text import ffi

    harfbuzz = bool(ffi.harfbuzz_subset) and bool(ffi.harfbuzz.hb_version_atleast(4, 1, 0))
    assert font_subsetter() == ("HarfBuzz" if harfbuzz else "fontTools")
    monkeypatch.setattr(Library, "open", lambda self: object())
    for version, cutter in (("2.7.4", "fontTools"), ("4.1.0", "HarfBuzz"), ("10.0.1", "HarfBuzz")):
        monkeypatch.setattr(Library, "version", lambda *_, version=version: version)
        assert font_subsetter() == cutter
    monkeypatch.setattr(Library, "open", lambda self: object() if self is HARFBUZZ else None)
    assert font_subsetter() == "fontTools"
