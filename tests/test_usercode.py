"""A user's own code: found and hashed by reading only, loaded anew, its faults reported with their line."""

from __future__ import annotations

import hashlib
import sys
from importlib import import_module
from pathlib import Path

import pytest

import reportgen
from reportgen.errors import CellError, UsageError
from reportgen.usercode import Reference, UserCode, importable, load_object, place_of
from reportgen.usercode.source import Source, locate

EFFECT = "from pathlib import Path\nPath({marker!r}).write_text('ran')\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def digest(folder: Path, text: str) -> str:
    return UserCode.read([text], folder).digests[text]


def loaded(folder: Path, text: str) -> object:
    reference = Reference.parse(text)
    assert reference is not None
    source = locate(reference, folder)
    with importable(source):
        return load_object(reference, source)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("my_vae.py:build", ("my_vae.py", "build")),
        ("a folder/my-vae.py:build", ("a folder/my-vae.py", "build")),
        ("package.module:build", ("package.module", "build")),
        ("my_vae.py", None),
        ("my_vae.py:", None),
        ("my-vae:build", None),
        ("my_vae.py:build()", None),
        ("os.system('x'):y", None),
    ],
)
def test_references_are_files_or_modules_and_a_name(text: str, parts: tuple[str, str] | None) -> None:
    found = Reference.parse(text)
    assert (None if found is None else (found.place, found.name)) == parts


def test_the_digest_of_one_file_is_its_sha256(tmp_path: Path) -> None:
    write(tmp_path, one="import json\nx = 1\n")
    assert digest(tmp_path, "one.py:x") == hashlib.sha256((tmp_path / "one.py").read_bytes()).hexdigest()
    assert digest(tmp_path, str(tmp_path / "one.py") + ":x") == digest(tmp_path, "one.py:x")


@pytest.mark.parametrize("statement", ["import layers", "from layers import y", "def f():\n  import layers"])
def test_the_digest_covers_what_is_imported_from_beside_it(tmp_path: Path, statement: str) -> None:
    write(
        tmp_path, one=f"{statement}\nx = 1\n", layers="import deep\ny = 1\n", deep="z = 1\n", other="w = 1\n"
    )
    before = digest(tmp_path, "one.py:x")
    write(tmp_path, other="w = 2\n")
    assert digest(tmp_path, "one.py:x") == before
    write(tmp_path, deep="z = 2\n")
    changed = digest(tmp_path, "one.py:x")
    assert changed != before
    elsewhere = write(
        tmp_path / "elsewhere", **{path.stem: path.read_text() for path in tmp_path.glob("*.py")}
    )
    assert digest(elsewhere, "one.py:x") == changed  # no path of the machine is in it


def test_a_module_is_found_and_hashed_without_running_its_packages(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    effect = EFFECT.format(marker=str(marker))
    write(tmp_path, own__sub__model=effect + "from . import part\nx = 1\n", own__sub__part=effect)
    (tmp_path / "own" / "__init__.py").write_text(effect)
    (tmp_path / "own" / "sub" / "__init__.py").write_text(effect)
    before = digest(tmp_path, "own.sub.model:x")
    (tmp_path / "own" / "sub" / "part.py").write_text(effect + "# edited\n")
    assert digest(tmp_path, "own.sub.model:x") != before
    assert not marker.exists()
    assert loaded(tmp_path, "own.sub.model:x") == 1
    assert marker.exists()


def test_the_packages_of_a_module_are_part_of_its_digest(tmp_path: Path) -> None:
    write(tmp_path, own__sub__model="from . import SIZE\nx = SIZE\n")
    (tmp_path / "own" / "__init__.py").write_text("")
    (tmp_path / "own" / "sub" / "__init__.py").write_text("SIZE = 1\n")
    before = digest(tmp_path, "own.sub.model:x")
    (tmp_path / "own" / "sub" / "__init__.py").write_text("SIZE = 2\n")
    edited = digest(tmp_path, "own.sub.model:x")
    (tmp_path / "own" / "__init__.py").write_text("import os\n")
    assert len({before, edited, digest(tmp_path, "own.sub.model:x")}) == 3


@pytest.mark.parametrize(
    ("text", "said"), [("none.py:x", "needs the file none.py"), ("no_such.module:x", "no source of no_such")]
)
def test_missing_code_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        digest(tmp_path, text)


def test_edited_code_is_loaded_as_it_is_now_and_so_is_what_it_imports(tmp_path: Path) -> None:
    write(tmp_path, edited_one="import edited_layers\nx = edited_layers.y\n", edited_layers="y = 1\n")
    assert loaded(tmp_path, "edited_one.py:x") == 1
    write(tmp_path, edited_layers="y = 20\n")
    assert loaded(tmp_path, "edited_one.py:x") == 20


def test_edited_code_is_known_by_whatever_path_it_was_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, link = tmp_path / "place", tmp_path / "link"
    write(place, linked_one="import linked_layers\nx = linked_layers.y\n", linked_layers="y = 1\n")
    link.symlink_to(place)
    monkeypatch.syspath_prepend(str(link))
    assert import_module("linked_layers").y == 1
    write(place, linked_layers="y = 20\n")
    assert loaded(place, "linked_one.py:x") == 20


def test_a_file_called_like_a_module_in_use_does_not_take_its_place(tmp_path: Path) -> None:
    before = sys.modules["json"]
    write(tmp_path, json="x = 1\n")
    assert loaded(tmp_path, "json.py:x") == 1
    assert sys.modules["json"] is before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\nraise ValueError('no\\n such thing')\n", r"own_fault.py:2: ValueError: no such thing"),
        ("def build(:\n", r"own_fault.py:1: SyntaxError: "),
        ("import sys\nsys.exit(3)\n", r"own_fault.py:2: must return, it ended the program"),
        ("import json\njson.loads('{')\n", r"own_fault.py:2: JSONDecodeError: "),
        ("y = 1\n", r"something called x in own_fault.py, found no such name\. It has y\."),
    ],
)
def test_faults_are_told_with_the_line_of_their_code(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, own_fault=text)
    with pytest.raises(CellError, match=said) as error:
        loaded(tmp_path, "own_fault.py:x")
    assert "\n" not in str(error.value) and str(tmp_path) not in str(error.value)


def test_a_fault_of_ours_is_not_called_theirs(tmp_path: Path) -> None:
    write(tmp_path, fine="x = 1\n")
    reference = Reference.parse("fine.py:x")
    assert reference is not None
    source = locate(reference, tmp_path)
    with pytest.raises(ZeroDivisionError) as error, importable(source):
        _ = 1 // 0
    assert place_of(error.value, [source]) is None
    assert str(source.root) not in sys.path


def test_files_beside_it_are_the_users_and_libraries_are_not(tmp_path: Path) -> None:
    inside = ("near.py", "lib/deep.py", ".venv/lib/python3.11/json.py", ".venv/lib/site-packages/torch/nn.py")
    for name in (*inside, "site-packages/own/model.py", "site-packages/own/part.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    file = Source(tmp_path / "near.py", tmp_path, None)
    assert [file.holds(tmp_path / name) for name in inside] == [True, True, False, False]
    assert not file.holds(tmp_path / "<string>")
    installed = tmp_path / "site-packages"
    module = Source(installed / "own" / "model.py", installed, "own.model")
    assert module.holds(installed / "own" / "part.py") and not module.holds(tmp_path / "near.py")
    package = Path(reportgen.__file__).resolve().parent
    assert not Source(package.parent / "mine.py", package.parent, None).holds(package / "errors.py")


def test_code_that_changed_since_its_digest_is_not_run(tmp_path: Path) -> None:
    write(tmp_path, one="x = 1\n")
    code = UserCode.read(["one.py:x"], tmp_path)
    assert code.source("one.py:x").file == (tmp_path / "one.py").resolve()
    write(tmp_path, one="x = 2\n")
    with pytest.raises(CellError, match=r"was changed\. Run again"):
        code.source("one.py:x")
    (tmp_path / "one.py").unlink()
    with pytest.raises(CellError, match=r"^one\.py:x: must stay .* found none\. Run again") as gone:
        code.source("one.py:x")
    assert str(tmp_path) not in str(gone.value), "a record, and so a report, says it"


def test_what_it_prints_goes_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, loud="print('hello')\nx = 1\n")
    loaded(tmp_path, "loud.py:x")
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err == "hello\n"
