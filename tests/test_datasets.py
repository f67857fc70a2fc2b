"""Data sets: contents, splits, digests, and errors that a user can cause."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import struct
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from sklearn.datasets import load_digits

from reportgen import declaration
from reportgen.datasets import (
    DATASETS,
    Dataset,
    Source,
    binarized,
    held,
    load,
    mnist,
    mnist_fixed,
    omniglot_derived,
)
from reportgen.datasets.dataset import from_levels
from reportgen.datasets.files import File
from reportgen.datasets.source import Layout
from reportgen.declaration import find, load_text
from reportgen.errors import DataError, DeclarationError, MissingDataError, UsageError
from reportgen.execution import run
from reportgen.plan import make_plan
from reportgen.report.sections import question
from reportgen.report.text.bibliography import reference
from reportgen.store import Store
from reportgen.streams import stream
from reportgen.training import load_checkpoint
from tests.crafted import DECLARATION, crafted


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits")


def test_digits_are_scikit_learns_in_a_fixed_split(digits: Dataset) -> None:
    assert digits.train.shape == (1500, 64) and digits.test.shape == (297, 64)
    assert digits.train.dtype == np.float32 and digits.pixels == 64
    ours = np.concatenate([digits.train, digits.test]) * 16
    theirs = load_digits().data
    assert sorted(map(tuple, ours.tolist())) == sorted(map(tuple, theirs.tolist()))
    assert load("digits").digest == digits.digest
    # the images come ordered by writer: a split that kept the order would start with these
    assert not np.array_equal(digits.train[0] * 16, theirs[0])


def test_digest_follows_contents_and_split(digits: Dataset) -> None:
    levels = np.arange(12, dtype=np.uint8).reshape(6, 2)
    kwargs = {"highest": 16, "shape": (1, 2), "binarize": "each draw", "citation": "x"}

    def digest(train: np.ndarray, test: np.ndarray) -> str:
        return from_levels("a", "A", train, test, **kwargs).digest

    changed = levels.copy()
    changed[0, 0] = 1
    different = {
        digest(levels[:4], levels[4:]),
        digest(levels[:3], levels[3:]),
        digest(changed[:4], changed[4:]),
    }
    assert len(different) == 3
    assert digest(levels[:4], levels[4:]) in different


def test_binarized_pixels_have_their_level_as_probability(digits: Dataset) -> None:
    levels = np.repeat(np.array([[0.0, 0.25, 1.0]], dtype=np.float32), 20_000, axis=0)
    drawn = binarized(digits, levels, stream(0, "test"))
    assert set(np.unique(drawn)) == {0.0, 1.0}
    share = drawn.mean(0, dtype=np.float64)
    assert share[0] == 0 and share[2] == 1
    assert abs(share[1] - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 20_000)


def test_fixed_images_are_left_alone(digits: Dataset) -> None:
    fixed = from_levels(
        "f",
        "F",
        np.ones((2, 1), np.uint8),
        np.ones((2, 1), np.uint8),
        highest=2,
        shape=(1, 1),
        binarize="fixed",
        citation="x",
    )
    assert np.array_equal(binarized(fixed, fixed.train, stream(0, "test")), fixed.train)


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError, match=r"'digit'.*digits, mnist"):
        load("digit")


@pytest.mark.parametrize("name", DATASETS)
def test_the_table_says_what_a_reader_needs(name: str) -> None:
    source = DATASETS[name]
    assert source.name == name and source.title and source.about and source.split and source.licence
    assert reference(source.citation).link.startswith("https://")
    assert bool(source.layouts) != bool(source.built_in)
    files = [file for layout in source.layouts for file in layout.files]
    assert {file.path.partition("/")[0] for file in files} <= {source.folder.name}
    assert not source.layouts or any(layout.published for layout in source.layouts)
    for file in files:
        assert all(address.endswith(f"/{file.name}") for address in file.addresses)


def test_numbers_that_must_not_be_compared_say_so() -> None:
    cautions = {name: source.caution for name, source in DATASETS.items()}
    assert "must not be compared with published OMNIGLOT numbers" in cautions["omniglot_derived"]
    assert "must not be compared" in cautions["freyfaces"]
    assert not any(cautions[name] for name in ("digits", "mnist", "mnist_fixed", "omniglot"))


@pytest.mark.parametrize("name", [name for name, source in DATASETS.items() if source.caution])
def test_published_numbers_are_not_judged_on_images_that_are_not_theirs(name: str) -> None:
    """Nor where the images of a declaration in the gallery are exchanged on the command line."""
    path, other = find("burda2016_table1_omniglot"), f"problem.data={name}"
    with pytest.raises(DeclarationError, match=f"needs comparable, the reason why numbers on {name}"):
        declaration.load(path, [other])
    assert declaration.load(path, [other, "published.comparable=other images"]).published is not None
    assert declaration.load(path).published is not None


@pytest.mark.parametrize("name", DATASETS)
def test_a_report_says_where_its_images_come_from(name: str) -> None:
    declared = load_text(DECLARATION.replace("data: digits", f"data: {name}").replace("claims:", ""))
    found, source = crafted(declared), DATASETS[name]
    said = question.context(found)["data"]
    assert found.vocabulary.dataset == source.called
    assert (said["title"], said["cite"], said["split"]) == (source.title, source.citation, source.split)
    assert said["caution"] == source.caution


@pytest.mark.parametrize("name", [name for name, source in DATASETS.items() if source.layouts])
def test_missing_files_say_what_brings_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("REPORTGEN_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(MissingDataError) as error:
        load(name)
    message, source = str(error.value), DATASETS[name]
    assert error.value.dataset == name and "\n" not in message
    assert str(tmp_path / "reportgen" / source.folder.name) in message and "REPORTGEN_DATA" in message
    assert f"Run `reportgen data fetch {name}`" in message
    published = next(layout for layout in source.layouts if layout.published)
    assert all(file.name in message for file in published.files)


def _place(folder: Path, source: Source, contents: Sequence[bytes], layout: int) -> None:
    """Put files of one of the source's layouts where they are looked for."""
    for file, content in zip(source.layouts[layout].files, contents, strict=True):
        (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / file.path).write_bytes(content)


def _small(source: Source, counts: tuple[int, int], digests: Sequence[str] = ()) -> Source:
    """The same with fewer images, and files of these digests."""
    layouts = tuple(
        replace(
            layout,
            files=tuple(replace(file, sha256=digest) for file, digest in _with_digests(layout, digests)),
        )
        for layout in source.layouts
    )
    return replace(source, counts=counts, layouts=layouts)


def _with_digests(layout: Layout, digests: Sequence[str]) -> list[tuple[File, str]]:
    return [(file, digests[n] if n < len(digests) else "") for n, file in enumerate(layout.files)]


def _npz(**arrays: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.savez_compressed(held, **arrays)
    return held.getvalue()


def _mat(**arrays: np.ndarray) -> bytes:
    held = io.BytesIO()
    savemat(held, arrays)
    return held.getvalue()


def _noise(seed: int, *shape: int, below: int = 256) -> np.ndarray:
    return stream(seed, "test").integers(0, below, shape, dtype=np.uint8)


def _idx(images: np.ndarray) -> bytes:
    return struct.pack(">4i", 2051, *images.shape) + images.tobytes()


def test_mnist_reads_verified_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path))
    images = _noise(1, 3, 28, 28)
    packed = gzip.compress(_idx(images), mtime=0)
    _place(tmp_path, DATASETS["mnist"], [packed, packed], 0)
    with pytest.raises(DataError, match="must have SHA-256 440fcabf73cc…, found"):
        load("mnist")
    digest = hashlib.sha256(packed).hexdigest()
    found = _small(DATASETS["mnist"], (3, 3), [digest, digest]).load()
    assert found.train.shape == (3, 784) and found.shape == (28, 28)
    assert np.allclose(found.test * 255, images.reshape(3, -1))
    with pytest.raises(DataError, match=r"needs training images of shape \(60000, 784\), found \(3, 784\)"):
        _small(DATASETS["mnist"], (60_000, 10_000), [digest, digest]).load()


def test_truncated_idx_is_refused() -> None:
    content = _idx(np.zeros((2, 28, 28), np.uint8))
    assert mnist.decode(content).shape == (2, 784)
    for wrong in (content[:-1], content[:7], b""):
        with pytest.raises(DataError, match="not an IDX file"):
            mnist.decode(wrong)


def _amat(images: np.ndarray) -> bytes:
    """As it is published, written the slow way."""
    return b"".join(b" ".join(b"%d" % pixel for pixel in image) + b" \n" for image in images)


def test_both_forms_of_the_fixed_binarization_are_the_same_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = _noise(1, 40, 784, below=2), _noise(2, 30, 784, below=2)
    source = _small(DATASETS["mnist_fixed"], (40, 30))
    found = []
    packed = _npz(train=np.packbits(train, axis=1), test=np.packbits(test, axis=1))
    for layout, contents in enumerate([[packed], [_amat(train), _amat(test)]]):
        folder = tmp_path / str(layout)
        monkeypatch.setenv("REPORTGEN_DATA", str(folder))
        _place(folder, source, contents, layout)
        found.append(source.load())
    assert found[0].digest == found[1].digest and found[0].binarize == "fixed"
    assert np.array_equal(found[0].train, train.astype(np.float32))
    assert sorted(map(bytes, found[0].test.astype(np.uint8))) == sorted(map(bytes, test))
    assert not np.array_equal(found[0].test, test), "the file has them sorted by label"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_amat(np.zeros((2, 783), np.uint8)), "found 783 in image 1"),
        (_amat(np.zeros((2, 784), np.uint8))[:-4], "found 783 in image 2"),
        (_amat(np.full((2, 784), 2, np.uint8)), "zeros and ones alone"),
        (b"<html>" + b"0" * 778, "zeros and ones alone"),
    ],
)
def test_texts_that_are_no_binary_images(content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        mnist_fixed.decode(content)


def test_omniglot_stands_upright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path))
    images = {part: stream(1, part).random((count, 28, 28)) for part, count in (("data", 7), ("testdata", 5))}
    columns = {
        part: np.stack([image.ravel(order="F") for image in some], axis=1) for part, some in images.items()
    }
    assert columns["data"].shape == (784, 7)
    source = _small(DATASETS["omniglot"], (7, 5))
    _place(tmp_path, source, [_mat(**columns)], 0)
    found = source.load()
    assert np.array_equal(found.train.reshape(-1, 28, 28), images["data"].astype(np.float32))
    wanted = images["testdata"].reshape(5, -1).astype(np.float32)
    assert sorted(found.test.tolist()) == sorted(wanted.tolist())
    assert found.train.dtype == np.float32
    for wrong, said in [
        ({"data": columns["data"] * 2}, "grey levels from 0 to 1, found"),
        ({"data": columns["data"].T}, "images as columns of 784 pixels"),
        ({"data": columns["data"][:, :6]}, r"shape \(7, 784\), found \(6, 784\)"),
        ({"data": np.where(columns["data"] > 0.9, np.nan, columns["data"])}, "found nan to nan"),
    ]:
        _place(tmp_path, source, [_mat(**{**columns, **wrong})], 0)
        with pytest.raises(DataError, match=said):
            source.load()
    _place(tmp_path, source, [_mat(data=columns["data"])], 0)
    with pytest.raises(DataError, match=r"chardata\.mat cannot be read as OMNIGLOT .*testdata"):
        source.load()


def test_both_forms_of_the_frey_faces_are_the_same_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames, found = _noise(4, 1965, 28, 20), []
    source = DATASETS["freyfaces"]
    held = io.BytesIO()
    np.save(held, frames)
    for layout, content in enumerate([held.getvalue(), _mat(ff=frames.reshape(1965, -1).T)]):
        monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path / str(layout)))
        _place(tmp_path / str(layout), source, [content], layout)
        found.append(source.load())
    assert found[0].digest == found[1].digest and found[0].pixels == 560
    assert (len(found[0].train), len(found[0].test)) == (1765, 200)
    together = (np.concatenate([found[0].train, found[0].test]) * 255).round().astype(np.uint8)
    assert sorted(map(bytes, together)) == sorted(map(bytes, frames.reshape(1965, -1)))


def _npy(content: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, content)
    return held.getvalue()


LONG = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"
HUGE = b"\x93NUMPY\x01\x00" + struct.pack("<H", 118) + LONG.ljust(117) + b"\n"
"""An npy file that says it has 10¹⁸ bytes, and ends there."""
MATLAB_73 = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(384) + b"\x89HDF\r\n\x1a\n"


@pytest.mark.parametrize(
    ("name", "layout", "content", "said"),
    [
        ("freyfaces", 0, b"<html>Sign in</html>", "magic string is not correct"),
        ("freyfaces", 0, b"", "EOF"),
        ("freyfaces", 0, HUGE, "cannot be held in memory .Unable to allocate"),
        ("freyfaces", 1, _mat(gg=np.zeros((560, 1965))), "needs an array called ff, not there"),
        ("freyfaces", 1, _mat(ff=_noise(9, 1965, 560)), r"shape \(560, 1965\), found \(1965, 560\)"),
        ("freyfaces", 1, MATLAB_73, "not a whole MATLAB file of version 5 to 7 .*v7.3"),
        ("freyfaces", 1, _mat(ff=_noise(9, 560, 1965))[:9000], "not a whole MATLAB file"),
        ("omniglot", 0, b"<html>Sign in</html>", "not a whole MATLAB file"),
        ("mnist_fixed", 0, b"<html>Sign in</html>", "not an npz file"),
        ("mnist_fixed", 0, _npz(a=_noise(9, 3, 98)), "needs an array called train, not there"),
        ("omniglot_derived", 0, _npz(train=np.zeros(3, np.int64), test=np.zeros(3)), "uint8, found int64"),
        ("omniglot_derived", 0, b"PK", "not an npz file"),
    ],
)
def test_files_of_another_kind_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, layout: int, content: bytes, said: str
) -> None:
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path))
    _place(tmp_path, DATASETS[name], [content], layout)
    with pytest.raises(DataError, match=said) as error:
        load(name)
    message = str(error.value)
    assert "\n" not in message and "pickle" not in message
    assert message.startswith(f"data set {name}: {tmp_path}")
    assert message.endswith(f"`reportgen data fetch {name}`.")


def test_a_set_is_read_once_and_again_where_its_folder_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    monkeypatch.setattr("reportgen.datasets.find", lambda name: read.append(name) or name)
    for folder in ("here", "here", "there"):
        monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path / folder))
        assert held("freyfaces") == "freyfaces"
    assert len(read) == 2


def test_a_training_in_this_process_sees_the_images_that_its_key_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = load_text(
        "experiment: faces\n"
        "problem: {data: freyfaces, hidden: [2], latent: 2}\n"
        "train: {epochs: 0, checkpoints: [0]}\n"
        "estimators: [pathwise]\n"
        "measure: {images: 2, budget: 100, min_replicates: 10}\n"
    )
    biases = []
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        monkeypatch.setenv("REPORTGEN_DATA", str(folder))
        _place(folder, DATASETS["freyfaces"], [_npy(_noise(seed, 1965, 28, 20).astype(np.uint8))], 0)
        dataset, store = held("freyfaces"), Store(folder)
        assert isinstance(dataset, Dataset)
        plan = make_plan(experiment, dataset.digest)
        assert not run(experiment, plan, store, executor="serial").broken
        begun = load_checkpoint(store, plan.trainings[0].key, 0)["decoder.logits.bias"].double()
        assert np.allclose(begun.sigmoid().numpy(), dataset.train.mean(0), atol=1e-5)
        biases.append(begun.numpy())
    assert not np.allclose(*biases)


def test_a_home_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTGEN_DATA", "~no such user/data")
    with pytest.raises(
        UsageError, match=r"^~no such user/data: there is no such home folder\. Set REPORTGEN_DATA"
    ):
        load("freyfaces")


def test_a_box_average_is_exact_in_fractions() -> None:
    ink = _noise(6, 2, 105, 105, below=2).astype(bool)
    found = omniglot_derived.shrunk(ink)
    assert found.shape == (2, 28, 28) and found.dtype == np.uint8
    for row, column in [(0, 0), (3, 3), (13, 20), (27, 27)]:
        share = Fraction(0)
        for y in range(105):
            for x in range(105):
                high = min(Fraction(15, 4) * (row + 1), y + 1) - max(Fraction(15, 4) * row, y)
                wide = min(Fraction(15, 4) * (column + 1), x + 1) - max(Fraction(15, 4) * column, x)
                if high > 0 and wide > 0 and ink[1, y, x]:
                    share += high * wide
        assert found[1, row, column] == round(share / Fraction(15, 4) ** 2 * 255)
    assert np.all(omniglot_derived.shrunk(np.ones((1, 105, 105), bool)) == 255)


def _archive(part: str, drawn: dict[str, np.ndarray], drawers: int = 20) -> bytes:
    """Characters, alphabet/name → ink [20 105 105], packed as the original archives are."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number, (name, ink) in enumerate(drawn.items(), 1):
            for drawer in range(drawers):
                picture = io.BytesIO()
                Image.fromarray(~ink[drawer]).save(picture, "PNG")
                archive.writestr(f"images_{part}/{name}/{number:04}_{drawer + 1:02}.png", picture.getvalue())
    return held.getvalue()


def test_both_forms_of_the_derived_omniglot_are_the_same_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    background = {f"Latin/character0{n}": _noise(n, 20, 105, 105, below=2).astype(bool) for n in (1, 2)}
    evaluation = {"Glagolitic/character01": _noise(3, 20, 105, 105, below=2).astype(bool)}
    levels = [omniglot_derived.shrunk(ink) for ink in (*background.values(), *evaluation.values())]
    train = np.concatenate([some[:15] for some in reversed(levels)])
    test = np.concatenate([levels[0][15:], levels[1][15:], levels[2][15:19]])
    source = _small(DATASETS["omniglot_derived"], (45, 14))
    archives = [_archive("background", background), _archive("evaluation", evaluation)]
    found = []
    for layout, contents in enumerate([[_npz(train=train, test=test)], archives]):
        monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path / str(layout)))
        _place(tmp_path / str(layout), source, contents, layout)
        found.append(source.load())
    assert found[0].digest == found[1].digest and found[0].caution == source.caution
    ours = (found[1].train * 255).round().astype(np.uint8)
    assert sorted(map(bytes, ours)) == sorted(map(bytes, train.reshape(45, -1)))
    _place(tmp_path / "1", source, [archives[0], _archive("evaluation", evaluation, drawers=19)], 1)
    with pytest.raises(DataError, match=r"needs 20 drawers of Glagolitic/character01, found \[1, 2, 3"):
        source.load()
    _place(tmp_path / "1", source, [archives[0], archives[1][:-100]], 1)
    with pytest.raises(DataError, match="not a zip file"):
        source.load()
    _place(tmp_path / "1", source, [_npz(a=train), _npz(a=train)], 1)
    with pytest.raises(DataError, match="found none"):
        source.load()


def _real(name: str) -> Dataset:
    """A data set of $REPORTGEN_DATA; the test is skipped where it is not there."""
    if "REPORTGEN_DATA" not in os.environ:
        pytest.skip(f"REPORTGEN_DATA is not set: no {name}")
    try:
        return load(name)
    except MissingDataError:
        pytest.skip(f"{name} is not in REPORTGEN_DATA")


@pytest.mark.parametrize("name", [name for name, source in DATASETS.items() if source.layouts])
def test_the_real_images_are_white_on_black(name: str) -> None:
    data = _real(name)
    assert (len(data.train), len(data.test)) == DATASETS[name].counts
    assert data.train.shape[1] == data.test.shape[1] == data.pixels
    if name != "freyfaces":
        edge = data.train.reshape(-1, *data.shape)[:, 0].mean()
        assert edge < 0.05 < data.train.mean() < 0.2
    assert abs(data.train.mean() - data.test.mean()) < 0.01, "both parts are of one kind"


def test_the_first_rows_of_the_fixed_test_part_are_of_every_label() -> None:
    """By the nearest mean of MNIST's labels: all are within the first hundred, about as often as overall."""
    fixed, grey = _real("mnist_fixed"), _real("mnist")
    labels = Path(os.environ["REPORTGEN_DATA"]) / "mnist" / "train-labels-idx1-ubyte.gz"
    if not labels.is_file():
        pytest.skip("MNIST's labels are not in REPORTGEN_DATA")
    label = np.frombuffer(gzip.decompress(labels.read_bytes()), np.uint8, offset=8)
    means = np.stack([grey.train[label == digit].mean(0) for digit in range(10)])

    def counted(images: np.ndarray) -> np.ndarray:
        distances = ((images[:, None, :] - means) ** 2).sum(-1)
        return np.bincount(distances.argmin(1), minlength=10)

    assert counted(fixed.test[:100]).min() > 0
    thousand, expected = counted(fixed.test[:1000]), counted(fixed.test[::5]) / 2
    assert np.all(np.abs(thousand - expected) < 4 * np.sqrt(expected))


def test_the_real_derivation_from_the_original_images() -> None:
    """The first and last characters of the original images are in the derived set, pixel for pixel."""
    data = _real("omniglot_derived")
    originals = Path(os.environ["REPORTGEN_DATA"]) / "omniglot" / "images_evaluation.npz"
    if not originals.is_file():
        pytest.skip("the original images are not in REPORTGEN_DATA")
    with np.load(originals) as held:
        drawn = held["images"][[0, 150, 194, 658]]
    there = {
        part: set(map(bytes, (images * 255).round().astype(np.uint8)))
        for part, images in (("train", data.train), ("test", data.test))
    }
    alphabets = ("Angelic", omniglot_derived.SHORT_ALPHABET, omniglot_derived.SHORT_ALPHABET, "ULOG")
    train, test = omniglot_derived.derived(zip(alphabets, ~drawn, strict=True))
    assert len(train) == 60 and len(test) == 18
    assert all(bytes(image) in there["train"] for image in train.reshape(60, -1))
    assert all(bytes(image) in there["test"] for image in test.reshape(18, -1))
    left_out = omniglot_derived.shrunk(~drawn[1])[19]
    assert bytes(left_out) not in there["test"]


def test_data_sets_need_no_torch() -> None:
    import subprocess

    code = (
        "import sys; from reportgen.datasets import load; load('digits'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
