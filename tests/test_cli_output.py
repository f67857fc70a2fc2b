"""Where the program's words go: streams that are closed, full, or have few letters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TINY = """\
experiment: tiny
problem: {model: conjugate}
estimators: [score_function, pathwise]
measure: {precision: 20%, budget: 4e3, min_replicates: 200}
"""


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
    for asked in ("list --json", "schema", "--version"):
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


def test_streams_that_are_closed_from_the_start_are_no_defect(tiny: Path) -> None:
    command = f"{sys.executable} -m reportgen report tiny.yaml --jobs 1"
    assert subprocess.run(["sh", "-c", f"{command} <&- >&- 2>&-"]).returncode == 0
    assert (tiny.parent / "output" / "tiny" / "report.pdf").is_file()
    done = subprocess.run(["sh", "-c", f"{command} >&-"], capture_output=True, text=True)
    assert done.returncode == 0 and "Traceback" not in done.stderr


@pytest.mark.parametrize("letters", ["latin-1", "ascii"])
def test_letters_that_the_output_lacks_are_spelt_out(letters: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": letters}
    for asked in (["list"], ["schema"], ["list", "--json"], ["doctor", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "reportgen", *asked], capture_output=True, env=environment
        )
        assert done.returncode in (0, 1), asked
        assert b"Traceback" not in done.stderr
        if "--json" in asked:
            assert "’" in json.dumps(json.loads(done.stdout.decode(letters)), ensure_ascii=False)
