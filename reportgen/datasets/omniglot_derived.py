"""OMNIGLOT at 28×28 pixels, derived from the original images; not comparable with published numbers."""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets.arrays import packed
from reportgen.datasets.dataset import Levels
from reportgen.datasets.files import File
from reportgen.datasets.source import Layout, Parts, Source
from reportgen.errors import DataError
from reportgen.streams import stream

SIDE, ORIGINAL = 28, 105
COUNTS = (24_345, 8_070)
DRAWERS, TRAINING_DRAWERS = 20, 15
SHORT_ALPHABET = "Glagolitic"
"""The twentieth drawer of its 45 characters is left out, which gives the counts of chardata.mat."""
PLACE = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"
MEMBER = re.compile(r"images_(?:background|evaluation)/([^/]+)/(character\d+)/\d+_(\d+)\.png")

Ink = NDArray[np.bool_]


def read_derived(paths: Sequence[Path]) -> Parts:
    """From an npz with keys train and test, each [n 28 28] uint8, where 255 is ink."""
    return shuffled(*packed(paths[0], ["train", "test"]))


def read_originals(paths: Sequence[Path]) -> Parts:
    """From the two archives of black and white images, 105×105, with twenty drawers per character."""
    return shuffled(*derived(character for path in paths for character in characters(path)))


def characters(path: Path) -> Iterator[tuple[str, Ink]]:
    """Alphabet and ink, [20 105 105], of every character in an archive."""
    from PIL import Image

    with zipfile.ZipFile(path) as archive:
        members: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
        for name in archive.namelist():
            if found := MEMBER.fullmatch(name):
                members[found[1], found[2]][int(found[3])] = name
        for (alphabet, character), drawn in sorted(members.items()):
            if sorted(drawn) != list(range(1, DRAWERS + 1)):
                raise DataError(f"needs {DRAWERS} drawers of {alphabet}/{character}, found {sorted(drawn)}")
            images = [
                np.asarray(Image.open(io.BytesIO(archive.read(drawn[drawer]))).convert("1"))
                for drawer in range(1, DRAWERS + 1)
            ]
            yield alphabet, ~np.stack(images)


def derived(drawn: Iterable[tuple[str, Ink]]) -> tuple[Levels, Levels]:
    """Training and test images, [n 28 28], from pairs of alphabet and ink of a character, [20 105 105].

    The first fifteen drawers of a character are for training, the others for testing. A pixel is
    the share of ink in its box of 3.75 × 3.75 original pixels, in 255ths, rounded.
    """
    train, test = [], []
    for alphabet, ink in drawn:
        levels = shrunk(ink)
        train.append(levels[:TRAINING_DRAWERS])
        test.append(levels[TRAINING_DRAWERS : DRAWERS - (alphabet == SHORT_ALPHABET)])
    if not train:
        raise DataError("needs images_…/ALPHABET/character…/…_DRAWER.png, found none")
    return np.concatenate(train), np.concatenate(test)


def shrunk(ink: Ink) -> Levels:
    """Box averages, [n 105 105] → [n 28 28], computed exactly in sixteenths of an original pixel."""
    edges, pixels = 15 * np.arange(SIDE), 4 * np.arange(ORIGINAL)
    overlap = np.minimum.outer(edges + 15, pixels + 4) - np.maximum.outer(edges, pixels)
    box = np.clip(overlap, 0, None).astype(np.float32)
    sixteenths = (box @ ink.astype(np.float32) @ box.T).astype(np.int64)
    levels: Levels = ((2 * 255 * sixteenths + 225) // (2 * 225)).astype(np.uint8)
    return levels


def shuffled(train: Levels, test: Levels) -> Parts:
    """Images as rows, [n 784], in a fixed random order, whatever order they come in."""
    return _shuffled(train, "train"), _shuffled(test, "test")


def _shuffled(images: Levels, part: str) -> Levels:
    rows: Levels = np.ascontiguousarray(images.reshape(len(images), -1))
    by_content = rows.view(f"S{rows.shape[1]}").ravel().argsort(kind="stable")
    ordered: Levels = rows[by_content[stream(0, "omniglot_derived", part).permutation(len(rows))]]
    return ordered


SOURCE = Source(
    name="omniglot_derived",
    title="OMNIGLOT (28×28), derived from the original images",
    called="derived OMNIGLOT",
    about="OMNIGLOT at 28×28 pixels, from the original images; not comparable with published numbers.",
    shape=(SIDE, SIDE),
    counts=COUNTS,
    highest=255,
    binarize="each draw",
    citation="lake2015",
    licence="MIT, © 2015 Brenden Lake",
    split=(
        "Drawers 1 to 15 of each character are for training, 16 to 20 for testing, without the twentieth of "
        "Glagolitic: a split inferred from the counts of chardata.mat. Both parts are in a fixed random "
        "order."
    ),
    caution=(
        "These images are derived from the originals by averaging over boxes, with an inferred split; they "
        "are not the chardata.mat of Burda et al. (2016), and likelihoods on them must not be compared with "
        "published OMNIGLOT numbers."
    ),
    layouts=(
        Layout((File("omniglot/omniglot28_derived.npz"),), read_derived),
        Layout(
            tuple(
                File(f"omniglot/{name}", addresses=(PLACE + name,))
                for name in ("images_background.zip", "images_evaluation.zip")
            ),
            read_originals,
        ),
    ),
)
