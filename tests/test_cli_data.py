"""`reportgen data`: what is listed, fetched and verified; exit codes, JSON, progress."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from reportgen.cli import main
from reportgen.cli.live.transfers import Lines, transfers
from reportgen.datasets import DATASETS
from reportgen.datasets.inspection import inspect
from tests.file_server import Fault, serving

FRAMES = np.random.default_rng(5).integers(0, 256, (1965, 28, 20), dtype=np.uint8)
FILE = "freyfaces/freyfaces_uint8.npy"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "data"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder that has the Frey faces (not the real ones)."""
    (tmp_path / "shelf" / "freyfaces").mkdir(parents=True)
    np.save(tmp_path / "shelf" / FILE, FRAMES)
    return tmp_path / "shelf"


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["data", *arguments])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_list_names_every_set_with_what_is_known_of_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("list") == 0
    out = capsys.readouterr().out
    assert "digits: built in. scikit-learn digits (8×8)" in out
    assert "  images   60,000 for training, 10,000 for testing, binarized at each draw" in out
    assert "  images   50,000 for training, 10,000 for testing, binary" in out
    told = " ".join(out.split())
    assert f"not in {place / 'mnist'}: train-images-idx3-ubyte.gz (its SHA-256 is published)" in told
    assert "chardata.mat (the first fetch records its SHA-256)" in told
    assert "must not be compared with published OMNIGLOT numbers" in told
    assert "cite LeCun et al. (1998), doi:10.1109/5.726791" in told
    assert max(map(len, out.splitlines())) <= 100 + len(str(place))
    assert call("list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(DATASETS)
    assert {name: row["state"] for name, row in rows.items() if name != "digits"} == dict.fromkeys(
        [name for name in DATASETS if name != "digits"], "absent"
    )
    assert (rows["digits"]["state"], rows["digits"]["folder"]) == ("built in", None)
    assert len(rows["digits"]["digest"]) == 64 and rows["mnist"]["digest"] is None
    assert rows["mnist_fixed"]["citation"].startswith("Larochelle, H., & Murray, I. (2011). The neural")
    assert rows["omniglot_derived"]["licence"] == "MIT, © 2015 Brenden Lake"
    assert call("list", "--quiet") == 0 and capsys.readouterr().out == ""


def test_fetch_then_verify_then_damage(place: Path, shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("fetch", "freyfaces", "digits", "--from", str(shelf)) == 0
    shown = capsys.readouterr()
    assert f"freyfaces: fetched in {place / 'freyfaces'}; 1,765 + 200 images, digest " in shown.out
    assert "freyfaces_uint8.npy: no SHA-256 was known; freyfaces_uint8.npy.sha256 records this" in shown.out
    assert "caution: Grey levels are taken as probabilities" in shown.out
    assert "digits: built in: inside another package, nothing to fetch" in shown.out
    assert shown.err.splitlines() == [
        "freyfaces: freyfaces_uint8.npy: 0.0 of 1.1 MB",
        "freyfaces: freyfaces_uint8.npy: 1.1 of 1.1 MB",
    ]
    assert call("fetch", "freyfaces") == 0
    assert "freyfaces: here already" in capsys.readouterr().out

    assert call("verify") == 0
    out = capsys.readouterr().out
    assert f"{place / FILE}: " in out and "as recorded at the first fetch" in out and "mnist: not here" in out
    damaged = bytearray((place / FILE).read_bytes())
    damaged[5000] ^= 1
    (place / FILE).write_bytes(damaged)
    for arguments in (["verify"], ["verify", "freyfaces", "--quiet"], ["verify", "--json"]):
        assert call(*arguments) == 2
        shown = capsys.readouterr()
        (line,) = shown.err.splitlines()
        assert line.startswith(f"error: data set freyfaces: {place / FILE} must have SHA-256")
        assert line.endswith("Delete it, then run `reportgen data fetch freyfaces`.")
    assert {row["name"]: row["state"] for row in json.loads(shown.out)}["freyfaces"] == "damaged"
    assert call("list") == 0, "a damaged set is listed as such"
    assert "freyfaces: damaged" in capsys.readouterr().out
    assert call("fetch", "freyfaces", "--from", str(shelf), "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert call("verify", "freyfaces") == 0


def test_fetch_answers_programs(place: Path, shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("fetch", "freyfaces", "--from", str(shelf), "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["state"] == "here" and row["files"][0]["path"] == str(place / FILE)
    assert row["files"][0]["known"] == "first fetch" and row["files"][0]["bytes"] == FRAMES.size + 128


@pytest.mark.long
@pytest.mark.skipif("REPORTGEN_DATA" not in os.environ, reason="REPORTGEN_DATA is not set: no MNIST")
def test_the_folder_of_another_machine_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the real files, where they are."""
    there = Path(os.environ["REPORTGEN_DATA"])
    names = [name for name, source in DATASETS.items() if inspect(source, contents=False).state == "here"]
    before = {name: DATASETS[name].load().digest for name in names}
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path))
    assert call("fetch", *names, "--from", str(there), "--json", "--quiet") == 0
    assert {row["name"]: row["digest"] for row in json.loads(capsys.readouterr().out)} == before
    assert not list(tmp_path.rglob("*.part*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fetch"], "Missing argument 'NAME…'"),
        (["fetch", "mnits"], "no data set is called 'mnits'. Use one of: digits, mnist, "),
        (["verify", "mnits"], "no data set is called 'mnits'. Use one of: digits, mnist, "),
        (["verify", "mnist"], "Run `reportgen data fetch mnist`"),
        (["fetch", "mnist", "--from", "nowhere"], "--from nowhere: no such folder"),
        (["fetch", "mnist", "--from", "."], "Put train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz"),
        (["frob"], "No such command 'frob'"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert call(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and said in line


def test_what_an_address_has_not_is_told_with_the_address(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as server:
        server.faults["mnist/train-images-idx3-ubyte.gz"] = Fault(status=500)
        assert call("fetch", "mnist", "--from", server.base) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{server.base}/mnist/train-images-idx3-ubyte.gz (HTTP 500 Internal Server Error)" in line
        assert f"{server.base}/train-images-idx3-ubyte.gz (HTTP 404 Not Found)" in line


@pytest.mark.parametrize("command", ["list", "fetch", "verify"])
def test_every_command_takes_output_and_quiet(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(command, "--help") == 0
    text = capsys.readouterr().out
    assert "--output" in text and "--quiet" in text and "--json" in text


def test_without_a_command_it_shows_the_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert call() == 2
    assert "fetch" in capsys.readouterr().err


def test_lines_tell_of_beginning_end_and_long_silence() -> None:
    now, stream = [0.0], io.StringIO()
    lines = Lines("toy", stream, clock=lambda: now[0])
    for second, done in enumerate([0, 1_000_000, 2_000_000, 3_000_000, 4_000_000]):
        now[0] = 4.0 * second
        lines("a.npy", done, 4_000_000)
    lines("b.npy", 500_000, None)
    assert stream.getvalue().splitlines() == [
        "toy: a.npy: 0.0 of 4.0 MB",
        "toy: a.npy: 3.0 of 4.0 MB",
        "toy: a.npy: 4.0 of 4.0 MB",
        "toy: b.npy: 0.5 MB",
    ]


def test_bars_on_a_terminal_and_silence_if_asked() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    with transfers("toy", quiet=False, stream=terminal) as tell:
        tell("a.npy", 0, None)
        tell("a.npy", 3_000_000, 4_000_000)
    assert "toy: a.npy" in terminal.getvalue() and "3.0 of 4.0 MB" in terminal.getvalue()
    with transfers("toy", quiet=True, stream=terminal) as tell:
        before = terminal.getvalue()
        tell("a.npy", 4_000_000, 4_000_000)
    assert terminal.getvalue() == before


def test_the_help_of_each_command_is_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--help") == 0
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]
