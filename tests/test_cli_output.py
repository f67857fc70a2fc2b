"""Where output goes: streams that are closed, full, or lack characters; paths that cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from reportgen.cli import entry as cli
from reportgen.cli.printing import print_lines
from reportgen.cli.verify import TEMPORARY, _place
from reportgen.errors import UnwritableError, UsageError
from reportgen.report.files import write
from reportgen.store.files import process_tag

TINY = """\
experiment: tiny
problem: {model: conjugate}
estimators: [score_function, pathwise]
measure: {precision: 20%, budget: 4e3, min_replicates: 200}
"""


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The single line with which a command is refused."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    line, rest = capsys.readouterr().err.split("\n")
    assert rest == ""
    return line


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("buffered", ["", "1"])
def test_an_output_that_cannot_be_written_is_one_line(buffered: str) -> None:
    command = f"{sys.executable} -m reportgen"
    environment = {**os.environ, "PYTHONUNBUFFERED": buffered}
    for asked in ("schema", "--version"):
        done = subprocess.run(
            ["sh", "-c", f"{command} {asked} > /dev/full"], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 2
        assert done.stderr == (
            "error: standard output: cannot be written (No space left on device). "
            "Make room, send it elsewhere, or use --quiet.\n"
        )
    quiet = subprocess.run(["sh", "-c", f"{command} check nofile --quiet 2> /dev/full"], env=environment)
    assert quiet.returncode == 2


@pytest.mark.long
def test_streams_that_are_closed_from_the_start_are_no_defect(tiny: Path) -> None:
    """Nor does a file of the store take their place."""
    run = f"{sys.executable} -m reportgen run tiny.yaml --executor serial"
    assert subprocess.run(["sh", "-c", f"{run} <&- >&- 2>&-"]).returncode == 0
    check = f"{sys.executable} -m reportgen check tiny.yaml"
    done = subprocess.run(["sh", "-c", f"{check} >&-"], capture_output=True, text=True)
    assert done.returncode == 0 and "Traceback" not in done.stderr


@pytest.mark.parametrize("letters", ["latin-1", "ascii"])
def test_letters_that_the_output_lacks_are_spelt_out(letters: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for asked in (["list"], ["schema"], ["list", "--json"], ["doctor", "--quiet"]):
        written = BytesIO()
        monkeypatch.setattr(sys, "stdout", TextIOWrapper(written, encoding=letters, errors="strict"))
        with pytest.raises(SystemExit) as end:
            cli.main(asked)
        assert end.value.code in (0, 1), asked
        if "--json" in asked:
            assert "’" in json.dumps(json.loads(written.getvalue().decode(letters)), ensure_ascii=False)


@pytest.mark.parametrize("steering", ["\n", "\r", "\x1b[2J", "\x9b2J", "\u202e", "\u200f", "\u061c"])
def test_text_out_of_a_file_makes_no_line_and_steers_no_terminal(
    steering: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verdict could be forged so, or a command to the CI system that reads along."""
    print_lines([f"run 1{steering}::error::identical"])
    assert capsys.readouterr().out == f"run 1{ascii(steering)[1:-1]}::error::identical\n"


def test_a_name_that_is_too_long_is_told(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = "a" * 5000
    for asked in (["check", long], ["report", "tiny.yaml", "--output", long], ["compare", long, "b"]):
        line = said(capsys, *asked)
        assert line.startswith("error: aaa")
        assert line.endswith(": cannot be used (File name too long). Name another place.")


def test_a_pipe_is_not_called_missing(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.yaml")
    assert said(capsys, "check", "pipe.yaml") == (
        "error: pipe.yaml: needs a YAML file, got a pipe or a device. Save it as a file first."
    )


def test_a_setting_that_is_no_text_is_told_as_that(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(capsys, "check", "tiny.yaml", "--set", "title=\udcff")
    assert line.endswith(": holds a character that is no text. Remove it.")


def test_an_output_that_cannot_be_one_is_told_before_anything_is_measured(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("taken").write_text("a file")
    assert said(capsys, "report", "tiny.yaml", "--output", "taken", "--quiet") == (
        "error: taken/.store: cannot be written (Not a directory). Choose another folder with --output."
    )
    Path("output").mkdir()
    Path("output/tiny").write_text("a file")
    assert said(capsys, "report", "tiny.yaml") == (
        "error: output/tiny: must be the report's folder, but is a file. "
        "Move it, or choose another folder with --output."
    )
    assert not any(Path("output/.store").glob("measurement/*"))


def test_a_folder_in_the_place_of_a_file_leaves_all_files_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    (tmp_path / "a.csv").write_text("old")
    with pytest.raises(UnwritableError) as refused:
        write(tmp_path, {"a.csv": b"new", "report.html": b"page"})
    assert str(refused.value) == (
        f"{tmp_path}/report.html: cannot be written (Is a directory). Choose another folder with --output."
    )
    assert (tmp_path / "a.csv").read_text() == "old" and len(list(tmp_path.iterdir())) == 2


def test_a_link_in_the_place_of_a_folder_is_not_cleared(tmp_path: Path) -> None:
    """A report that somebody sent may have one to anywhere."""
    kept = tmp_path / "of the user" / "old.svg"
    kept.parent.mkdir()
    kept.write_text("kept")
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "figures").symlink_to(kept.parent)
    with pytest.raises(
        UnwritableError, match=r"report/figures: cannot be written \(is a link, must be a fold"
    ):
        write(folder, {"a.csv": b"new", "figures/new.svg": b"new"}, replacing=("figures/*.svg",))
    assert [path.name for path in folder.iterdir()] == ["figures"]
    assert list(kept.parent.iterdir()) == [kept]


def test_verify_without_a_temporary_folder_names_two_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
    said = r"^verify: needs a temporary folder .*TMPDIR, or .* --output DIR"
    with pytest.raises(UsageError, match=said), _place(None):
        pass


def test_the_second_run_of_a_verification_that_was_killed_goes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"{TEMPORARY}abc.{process_tag().replace(f'.{os.getpid()}.', f'.{10**9}.')}"
    (left / ".store").mkdir(parents=True)
    with _place(None) as one, _place(None) as other:
        assert {path.name for path in tmp_path.iterdir()} == {one.name, other.name}
    assert not list(tmp_path.iterdir())
