"""Data sets: contents, splits, digests, and errors a user can cause."""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from reportgen.datasets import DATASETS, Dataset, binarized, load, mnist
from reportgen.datasets.dataset import from_levels
from reportgen.errors import DataError, UsageError
from reportgen.streams import stream


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


def test_table_and_names_agree(digits: Dataset) -> None:
    assert DATASETS["digits"]().name == "digits"


def _idx(images: np.ndarray) -> bytes:
    return struct.pack(">4i", 2051, *images.shape) + images.tobytes()


def test_mnist_reads_verified_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.arange(3 * 28 * 28, dtype=np.int64).reshape(3, 28, 28).astype(np.uint8)
    packed = gzip.compress(_idx(images), mtime=0)
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name in mnist.FILES:
        (folder / name).write_bytes(packed)
    monkeypatch.setenv("REPORTGEN_DATA", str(tmp_path))
    with pytest.raises(DataError, match="SHA-256"):
        mnist.load()
    import hashlib

    monkeypatch.setattr(mnist, "FILES", dict.fromkeys(mnist.FILES, hashlib.sha256(packed).hexdigest()))
    found = mnist.load()
    assert found.train.shape == (3, 784) and found.shape == (28, 28)
    assert np.allclose(found.test * 255, images.reshape(3, -1))


def test_missing_mnist_says_where_to_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REPORTGEN_DATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(DataError) as error:
        load("mnist")
    message = str(error.value)
    assert str(tmp_path / "reportgen" / "mnist") in message and "REPORTGEN_DATA" in message
    assert "train-images-idx3-ubyte.gz" in message and "\n" not in message


def test_truncated_idx_is_refused() -> None:
    content = _idx(np.zeros((2, 28, 28), np.uint8))
    assert mnist.decode(content).shape == (2, 784)
    with pytest.raises(DataError, match="not an IDX file"):
        mnist.decode(content[:-1])


def test_data_sets_need_no_torch() -> None:
    import subprocess

    code = (
        "import sys; from reportgen.datasets import load; load('digits'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
