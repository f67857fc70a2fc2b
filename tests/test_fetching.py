"""Fetching data sets: whole and verified or not at all, whatever the connection and the disk do."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from reportgen.datasets import fetching, partial, transfer
from reportgen.datasets.fetching import fetch
from reportgen.datasets.files import File
from reportgen.datasets.inspection import inspect
from reportgen.datasets.source import Layout, Parts, Source
from reportgen.errors import DataError, MissingDataError, UsageError
from tests.file_server import Fault, FileServer, serving

IMAGES = np.random.default_rng(3).integers(0, 256, (900, 600), dtype=np.uint8)
TRAIN, TEST = 700, 200


def npy(images: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, images)
    return held.getvalue()


CONTENTS = {"toy/train.npy": npy(IMAGES[:TRAIN]), "toy/test.npy": npy(IMAGES[TRAIN:])}
"""What is published: 420 kB and 120 kB."""
SIZE = sum(map(len, CONTENTS.values()))
BIG = "toy/train.npy"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(paths: Sequence[Path]) -> Parts:
    train, test = (np.load(path, allow_pickle=False) for path in paths)
    return train, test


def toy(*bases: str, known: bool = True, layouts: tuple[Layout, ...] = ()) -> Source:
    """A data set of two files, published at each of `bases`."""
    files = tuple(
        File(path, digest(content) if known else "", tuple(f"{base}/{path}" for base in bases))
        for path, content in CONTENTS.items()
    )
    return Source(
        name="toy", title="Toys", called="toys", about="Toys.", shape=(20, 30), counts=(TRAIN, TEST),
        highest=255, binarize="each draw", citation="lecun1998", licence="none", split="As it is.",
        layouts=(*layouts, Layout(files, read)),
    )  # fmt: skip


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as served:
        served.files |= CONTENTS
        yield served


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder, no proxy between, and no pause between tries."""
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetching, "PAUSE", 0.0)
    return tmp_path / "data"


def lying(place: Path) -> dict[str, bytes]:
    """Every file under the data folder."""
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


def begun(place: Path, path: str, content: bytes, address: str, validator: str) -> None:
    """What a fetch that was killed leaves."""
    (place / path).parent.mkdir(parents=True, exist_ok=True)
    (place / f"{path}.part").write_bytes(content)
    origin = json.dumps({"address": address, "validator": validator})
    (place / f"{path}.part.json").write_text(origin)


def test_files_come_as_they_are_and_nothing_is_left_beside_them(server: FileServer, place: Path) -> None:
    source = toy(server.base)
    with pytest.raises(MissingDataError, match=r"Run `reportgen data fetch toy`"):
        source.load()
    fetched = fetch(source)
    assert fetched.state == "fetched" and lying(place) == CONTENTS
    assert np.array_equal(fetched.dataset.train * np.float32(255), IMAGES[:TRAIN].astype(np.float32))
    assert fetched.dataset.digest == source.load().digest
    asked = len(server.asked)
    assert fetch(source).state == "here already" and len(server.asked) == asked


def test_progress_rises_to_the_whole(server: FileServer) -> None:
    told: dict[str, list[tuple[int, int | None]]] = {}
    fetch(toy(server.base), tell=lambda name, done, total: told.setdefault(name, []).append((done, total)))
    assert {f"toy/{name}" for name in told} == set(CONTENTS)
    for name, news in told.items():
        size = len(CONTENTS[f"toy/{name}"])
        assert [done for done, _ in news] == sorted(done for done, _ in news)
        assert news[0] == (0, size) and news[-1] == (size, size)
    assert len(told["train.npy"]) >= 3, "between its ends too"


def test_mirrors_are_tried_in_turn(server: FileServer, place: Path) -> None:
    server.files |= {f"second/{path}": content for path, content in CONTENTS.items()}
    server.faults[BIG] = Fault(status=503)
    fetch(toy(server.base, f"{server.base}/second"))
    assert lying(place) == CONTENTS
    assert [path for path, _ in server.asked] == [BIG, f"second/{BIG}", "toy/test.npy"]


def test_a_connection_that_breaks_goes_on_where_it_broke(server: FileServer, place: Path) -> None:
    server.faults[BIG] = Fault(cut_after=100_000, cuts=3)
    fetch(toy(server.base))
    assert lying(place) == CONTENTS
    assert server.ranges(BIG) == ["", "bytes=100000-", "bytes=200000-", "bytes=300000-"]
    assert server.sent_in_all(SIZE) == SIZE, "no byte came twice"


def test_without_a_sha256_it_goes_on_only_with_the_same_version(server: FileServer, place: Path) -> None:
    server.faults[BIG] = Fault(cut_after=100_000, tag='"v1"')
    fetch(toy(server.base, known=False))
    assert server.ranges(BIG) == ["", "bytes=100000-"] and server.sent_in_all(SIZE) == SIZE
    assert lying(place)[BIG] == CONTENTS[BIG]


@pytest.mark.parametrize("tag", ["", 'W/"v1"'])
def test_without_any_name_of_the_version_it_begins_again(server: FileServer, place: Path, tag: str) -> None:
    server.faults[BIG] = Fault(cut_after=300_000, cuts=2, tag=tag)
    begun(place, BIG, b"something else", f"{server.base}/{BIG}", "")
    with pytest.raises(DataError, match="the connection broke after 300,000 of 420,128 bytes"):
        fetch(toy(server.base, known=False))
    fetch(toy(server.base, known=False))
    assert server.ranges(BIG) == ["", "", ""] and lying(place)[BIG] == CONTENTS[BIG]


def test_another_version_is_not_appended(server: FileServer, place: Path) -> None:
    server.faults[BIG] = Fault(tag='"v2"')
    begun(place, BIG, b"\0" * 100_000, f"{server.base}/{BIG}", '"v1"')
    fetch(toy(server.base, known=False))
    assert server.ranges(BIG) == ["bytes=100000-"], "asked for the rest, answered with the whole"
    assert lying(place)[BIG] == CONTENTS[BIG]


def test_a_beginning_that_was_another_files_costs_one_more_try(server: FileServer, place: Path) -> None:
    begun(place, BIG, b"\0" * 100_000, "http://elsewhere/", "")
    fetch(toy(server.base))
    assert server.ranges(BIG) == ["bytes=100000-", ""] and lying(place) == CONTENTS


def test_a_part_that_is_whole_or_too_long(server: FileServer, place: Path) -> None:
    begun(place, BIG, CONTENTS[BIG], f"{server.base}/{BIG}", '"v1"')
    server.faults[BIG] = Fault(tag='"v1"')
    fetch(toy(server.base, known=False))
    rest = SIZE - len(CONTENTS[BIG])
    assert server.ranges(BIG) == [f"bytes={len(CONTENTS[BIG])}-"] and server.sent_in_all(rest) == rest
    (place / BIG).unlink()
    (place / f"{BIG}.sha256").unlink()
    begun(place, BIG, CONTENTS[BIG] + b"more", f"{server.base}/{BIG}", '"v1"')
    with pytest.raises(DataError, match="what had come was not a part of it"):
        fetch(toy(server.base, known=False))
    fetch(toy(server.base, known=False))
    assert lying(place)[BIG] == CONTENTS[BIG]


def test_a_part_of_known_sha256_that_is_whole_is_not_asked_for(server: FileServer, place: Path) -> None:
    begun(place, BIG, CONTENTS[BIG], "", "")
    fetch(toy(server.base))
    assert server.ranges(BIG) == [] and lying(place) == CONTENTS


def test_a_server_without_ranges_or_lengths(server: FileServer, place: Path) -> None:
    server.faults[BIG] = Fault(ranges=False, cut_after=100_000, cuts=2)
    server.faults["toy/test.npy"] = Fault(length=False)
    with pytest.raises(DataError, match="the connection broke after 100,000 of 420,128 bytes"):
        fetch(toy(server.base))
    fetch(toy(server.base))
    assert server.ranges(BIG) == ["", "bytes=100000-", "bytes=100000-"]
    assert lying(place) == CONTENTS


@pytest.mark.parametrize("known", [True, False])
def test_an_answer_without_an_end_is_given_up(server: FileServer, place: Path, known: bool) -> None:
    source = toy(server.base, known=known)
    server.faults[BIG] = Fault(length=False, endless=True)
    with pytest.raises(DataError) as error:
        fetch(source)
    assert f"{server.base}/{BIG} (gives another file: 8.6 MB or more)" in str(error.value)
    assert "\n" not in str(error.value) and lying(place) == {}
    assert server.sent < 4 * source.most
    del server.faults[BIG]
    assert fetch(source).state == "fetched" and CONTENTS.items() <= lying(place).items()


@pytest.mark.parametrize("local", [True, False])
def test_a_file_that_says_it_is_too_long_is_not_begun(
    server: FileServer, place: Path, tmp_path: Path, local: bool
) -> None:
    endless = bytes(toy().most)
    server.files["toy/train.npy"] = endless
    write_to = tmp_path / "from" / "toy"
    write_to.mkdir(parents=True)
    (write_to / "train.npy").write_bytes(endless)
    with pytest.raises(DataError, match=r"train\.npy \(gives another file: 8\.6 MB or more\)"):
        fetch(toy(server.base), str(tmp_path / "from") if local else server.base)
    assert lying(place) == {} and server.sent < len(endless)


def test_a_range_that_was_not_asked_for_is_not_appended(server: FileServer, place: Path) -> None:
    begun(place, BIG, CONTENTS[BIG][:100_000], f"{server.base}/{BIG}", "")
    server.faults[BIG] = Fault(wrong_start=True)
    with pytest.raises(DataError, match="another part than was asked for"):
        fetch(toy(server.base))
    assert lying(place) == {}
    fetch(toy(server.base))
    assert lying(place) == CONTENTS


def test_a_wrong_checksum_leaves_nothing(server: FileServer, place: Path) -> None:
    server.files["toy/test.npy"] = npy(IMAGES[TRAIN:] ^ 1)
    with pytest.raises(DataError) as error:
        fetch(toy(server.base))
    message = str(error.value)
    found, wanted = digest(server.files["toy/test.npy"]), digest(CONTENTS["toy/test.npy"])
    assert f"{server.base}/toy/test.npy" in message and found[:12] in message and wanted[:12] in message
    assert "\n" not in message and not [name for name in lying(place) if name.endswith(".npy")]
    assert not [name for name in lying(place) if name.startswith("toy/test")]
    server.files |= {f"second/{path}": content for path, content in CONTENTS.items()}
    fetch(toy(server.base, f"{server.base}/second"))
    assert lying(place) == CONTENTS


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>Sign in to this network</html>", "cannot be read as Toys: "),
        (npy(IMAGES[:TRAIN, :599]), r"needs training images of shape \(700, 600\), found \(700, 599\)"),
        (npy(IMAGES[:600]), r"of shape \(700, 600\), found \(600, 600\)"),
        (npy(IMAGES[:TRAIN] / np.float32(200)), "with grey levels from 0 to 1, found 0 to 1.275"),
        (npy(np.full((TRAIN, 600), np.nan, np.float32)), "found nan to nan"),
        (npy(np.zeros((TRAIN, 600), np.uint8)), "more than one grey level, found 0 alone"),
    ],
)
def test_what_has_no_sha256_is_known_by_its_contents(
    server: FileServer, place: Path, content: bytes, said: str
) -> None:
    server.files[BIG] = content
    with pytest.raises(DataError, match=said):
        fetch(toy(server.base, known=False))
    assert lying(place) == {}


def test_the_first_fetch_is_trusted_and_later_ones_are_held_against_it(
    server: FileServer, place: Path
) -> None:
    source = toy(server.base, known=False)
    fetch(source)
    record = (place / f"{BIG}.sha256").read_text()
    assert record == f"{digest(CONTENTS[BIG])}  train.npy\n"
    assert [file.known for file in inspect(source).files] == ["first fetch"] * 2
    done = subprocess.run(
        ["sha256sum", "--check", "train.npy.sha256"], cwd=place / "toy", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

    other = IMAGES[:TRAIN] ^ 1
    (place / BIG).write_bytes(npy(other))
    found = inspect(source)
    assert found.state == "damaged" and str(place / BIG) in found.fault
    assert "as train.npy.sha256 recorded at the first fetch" in found.fault
    with pytest.raises(DataError, match="damaged or another file"):
        source.load()
    server.files[BIG] = npy(other)
    with pytest.raises(DataError, match=r"gave another file.*recorded at the first fetch"):
        fetch(source)
    server.files[BIG] = CONTENTS[BIG]
    fetch(source)
    assert lying(place)[BIG] == CONTENTS[BIG]


def test_a_damaged_file_is_mended_and_the_others_stay(server: FileServer, place: Path) -> None:
    source = toy(server.base)
    fetch(source)
    (place / BIG).write_bytes(CONTENTS[BIG][:-1])
    server.asked.clear()
    assert inspect(source, contents=False).state == "damaged"
    fetch(source)
    assert [path for path, _ in server.asked] == [BIG] and lying(place) == CONTENTS


def test_a_damaged_file_that_is_nowhere_published_is_to_be_deleted(server: FileServer, place: Path) -> None:
    packed = Layout((File("toy/packed.npz"),), read)
    source = toy(server.base, layouts=(packed,))
    (place / "toy").mkdir(parents=True)
    (place / "toy/packed.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"packed.npz cannot be read as Toys.*Delete what is wrong, then run"):
        fetch(source)
    (place / "toy/packed.npz").unlink()
    fetch(source)
    assert lying(place) == CONTENTS


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/toy", "file://{}", "file://{}/toy"])
def test_a_folder_serves_as_well(tmp_path: Path, place: Path, form: str) -> None:
    for path, content in CONTENTS.items():
        (tmp_path / "a b" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a b" / path).write_bytes(content)
    origin = form.format(tmp_path / "a b")
    fetch(toy("http://127.0.0.1:1"), origin.replace(" ", "%20") if "://" in origin else origin)
    assert lying(place) == CONTENTS


@pytest.mark.parametrize("form", ["{0}/{2}", "{0}/{2}/", "file://{0}/{2}", "{1}/{2}"])
def test_the_address_of_one_of_the_files_serves_as_well(
    server: FileServer, tmp_path: Path, place: Path, form: str
) -> None:
    for path, content in CONTENTS.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    fetch(toy("http://127.0.0.1:1"), form.format(tmp_path, server.base, BIG))
    assert lying(place) == CONTENTS
    (tmp_path / "other.txt").touch()
    with pytest.raises(UsageError, match=r"other\.txt: is not a file of the data set\. Name the folder that"):
        fetch(toy(), str(tmp_path / "other.txt"))


def test_a_folder_that_is_called_as_one_of_its_files_serves_as_well(tmp_path: Path, place: Path) -> None:
    folder = tmp_path / Path(BIG).name
    folder.mkdir()
    for path, content in CONTENTS.items():
        (folder / Path(path).name).write_bytes(content)
    fetch(toy("http://127.0.0.1:1"), str(folder))
    assert lying(place) == CONTENTS


def test_an_address_serves_as_well_with_any_of_the_layouts(server: FileServer, place: Path) -> None:
    packed = Layout((File("toy/packed.npy"),), lambda paths: _halves(np.load(paths[0])))
    fetch(toy(layouts=(packed,)), server.base)
    assert lying(place) == CONTENTS, "packed.npy is not there, so the others are taken"
    server.files = {"packed.npy": npy(IMAGES)}
    for path in CONTENTS:
        (place / path).unlink()
    fetch(toy(layouts=(packed,)), server.base)
    assert set(lying(place)) == {"toy/packed.npy", "toy/packed.npy.sha256"}


def _halves(images: np.ndarray) -> Parts:
    return images[:TRAIN], images[TRAIN:]


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ("ftp://host/data", "must be a folder, or an address with http:, https: or file:"),
        ("nowhere/at/all", "no such folder"),
        ("file:///nowhere/at/all", "no such folder"),
        (f"nowhere/{BIG}", "no such folder"),
        (f"ftp://host/{BIG}", "must be a folder, or an address with http:, https: or file:"),
        ("file://elsewhere/tmp", "no such folder"),
        ("~no such user/data", "Could not determine home directory. Name the folder or address"),
        ("http://[::1", "Invalid IPv6 URL. Name the folder or address"),
        ("a" * 300, "File name too long. Name the folder or address"),
    ],
)
def test_an_origin_that_is_none(origin: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"--from {origin}: {said}")):
        fetch(toy(), origin)


@pytest.mark.parametrize("at", ["", "/"])
def test_a_file_that_is_not_at_the_root_nor_here(at: str, place: Path) -> None:
    with pytest.raises(DataError, match=f"fetched: {at or './'}toy/train.npy "):
        fetch(toy(), at + Path(BIG).name)


def test_a_server_that_sends_one_round_in_a_circle_is_told_in_one_line(server: FileServer) -> None:
    server.faults[BIG] = Fault(circle=True)
    with pytest.raises(DataError, match=r"\(HTTP 302 .*infinite loop") as error:
        fetch(toy(server.base))
    assert "\n" not in str(error.value)


def test_of_files_to_put_there_those_that_are_there_are_not_named(tmp_path: Path, place: Path) -> None:
    (place / BIG).parent.mkdir(parents=True)
    (place / BIG).write_bytes(CONTENTS[BIG])
    with pytest.raises(DataError, match=r"\. Put test\.npy into "):
        fetch(toy(), str(tmp_path))
    assert lying(place) == {BIG: CONTENTS[BIG]}


def test_a_folder_in_a_files_place_is_told_with_the_remedy(server: FileServer, place: Path) -> None:
    source = toy(server.base)
    fetch(source)
    (place / BIG).unlink()
    (place / BIG).mkdir()
    said = (
        f"{place / BIG}: cannot be read (Is a directory). Make it readable, or delete it and fetch it again."
    )
    assert inspect(source).fault == said
    for path in ("toy/test.npy", "toy/test.npy.part"):  # with the other file there, and without
        with pytest.raises(DataError, match=f"^{re.escape(said)}$"):
            fetch(source)
        (place / path).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("suffix", "remedy"),
    [
        ("", "Make it readable, or delete it and fetch it again."),
        (".sha256", "Delete it."),
        (".part", "Delete it."),
        (".part.json", "Delete it."),
    ],
)
def test_a_pipe_in_a_files_place_is_told_and_not_waited_for(
    server: FileServer, place: Path, suffix: str, remedy: str
) -> None:
    pipe = place / f"{BIG}{suffix}"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # who opens it without looking does not wait for ever
    signal.alarm(5)  # who reads it is ended
    try:
        said = rf"^{re.escape(str(pipe))}: cannot be [a-z ]+ \(.*a pipe is in its place\)\. {remedy}$"
        with pytest.raises(DataError, match=said):
            fetch(toy(server.base, known=suffix != ".sha256"))
    finally:
        signal.alarm(0)
        os.close(end)


def test_a_device_in_the_folder_to_fetch_from_is_not_read(tmp_path: Path, place: Path) -> None:
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "train.npy").symlink_to("/dev/zero")
    with pytest.raises(DataError, match=r"train\.npy \(a device is in its place\)"):
        fetch(toy(), str(tmp_path / "shelf"))


def test_a_record_that_cannot_be_read_is_damage_whether_or_not_its_file_is_here(
    server: FileServer, place: Path
) -> None:
    source = toy(server.base, known=False)
    assert inspect(source).state == "absent"
    fetch(source)
    (place / f"{BIG}.sha256").write_bytes(b"\xff")
    said = f"{place / BIG}.sha256: cannot be read ("
    for _ in range(2):
        found = inspect(source)
        assert found.state == "damaged" and found.fault.startswith(said)
        assert found.fault.endswith("). Delete it.") and found.fault.count("Delete") == 1
        (place / BIG).unlink(missing_ok=True)


def test_offline_it_says_which_files_to_put_where(place: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(DataError) as error:
            fetch(toy(base, "http://no host"))
    message = str(error.value)
    assert message.startswith(f"data set toy: could not be fetched: {base}/{BIG} (Connection refused); ")
    assert message.endswith(
        f"(no address). Put train.npy and test.npy into {place / 'toy'}, or name a folder or address that "
        "has them: reportgen data fetch toy --from DIR_OR_URL."
    )
    assert lying(place) == {}


def test_a_full_disk_ends_the_fetch_and_what_came_is_gone_on_from(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, limit = partial.FileIO.write, 270_000

    class Full(io.FileIO):
        def write(self, chunk: bytes) -> int:
            room = limit - os.fstat(self.fileno()).st_size
            if room <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(self, bytes(chunk)[:room])

    with monkeypatch.context() as full:
        full.setattr(partial, "FileIO", Full)
        with pytest.raises(DataError, match=r"train.npy.part: cannot be written \(No space left on device\)"):
            fetch(toy(server.base))
    assert set(lying(place)) == {f"{BIG}.part", f"{BIG}.part.json"}
    fetch(toy(server.base))
    assert server.ranges(BIG) == ["", "bytes=270000-"] and lying(place) == CONTENTS


def test_the_record_of_a_first_fetch_is_whole_or_not_there(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_text

    def full(self: Path, text: str, encoding: str) -> int:
        if text.endswith("  train.npy\n"):
            write(self, text[:9], encoding=encoding)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, text, encoding=encoding)

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_text", full)
        with pytest.raises(DataError, match="cannot be written"):
            fetch(toy(server.base, known=False))
    fetch(toy(server.base, known=False))


def test_a_disk_too_small_is_found_out_before(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial.shutil, "disk_usage", lambda _: SimpleNamespace(free=200_000))
    with pytest.raises(DataError, match=r"0\.4 MB are to come, 0\.2 MB are free"):
        fetch(toy(server.base))
    assert lying(place) == {}


def test_a_folder_that_refuses(place: Path) -> None:
    place.write_text("a file")
    with pytest.raises(DataError, match=r"cannot be written \(Not a directory\)|\(File exists\)"):
        fetch(toy("http://127.0.0.1:1"))


def test_a_silent_server_is_given_up(
    server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "PATIENCE", 0.2)
    server.faults[BIG] = Fault(stall_after=0)
    with pytest.raises(DataError, match="the connection broke after 0 bytes"):
        fetch(toy(server.base))
    assert lying(place) == {}


def test_two_fetches_do_not_mix(server: FileServer, place: Path) -> None:
    source = toy(server.base)
    file = source.layouts[0].files[0]
    with partial.partial(file, source.most), pytest.raises(DataError, match="another process"):
        fetch(toy(server.base))
    fetch(toy(server.base))
    assert lying(place) == CONTENTS


FRAMES = np.random.default_rng(5).integers(0, 256, (1965, 28, 20), dtype=np.uint8)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "reportgen", "data", *arguments]


def test_a_killed_download_resumes(server: FileServer, place: Path) -> None:
    path, content = "freyfaces/freyfaces_uint8.npy", npy(FRAMES)
    server.files = {path: content}
    server.faults[path] = Fault(stall_after=700_000, tag='"v1"')
    fetching_it = command("fetch", "freyfaces", "--from", server.base)
    child = subprocess.Popen(fetching_it, stderr=subprocess.DEVNULL)
    try:
        server.wait_for(700_000)
        part = place / f"{path}.part"
        while not part.exists() or part.stat().st_size < 500_000:
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
    assert not (place / path).exists()
    kept = part.stat().st_size
    server.faults[path].stall_after = None
    done = subprocess.run(fetching_it, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert server.ranges(path) == ["", f"bytes={kept}-"]
    assert lying(place) == {path: content, f"{path}.sha256": f"{digest(content)}  {part.stem}\n".encode()}


def test_the_systems_own_limit_on_a_file(server: FileServer, place: Path) -> None:
    path, content = "freyfaces/freyfaces_uint8.npy", npy(FRAMES)
    server.files = {path: content}
    server.faults[path] = Fault(tag='"v1"')
    fetching_it = command("fetch", "freyfaces", "--from", server.base, "--quiet")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    done = subprocess.run(fetching_it, capture_output=True, text=True, preexec_fn=small_files)
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {place / path}.part: cannot be written (File too large). Free some space")
    assert not (place / path).exists() and (place / f"{path}.part").stat().st_size == 600_000
    done = subprocess.run(fetching_it, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert server.ranges(path)[-1] == "bytes=600000-" and (place / path).read_bytes() == content
