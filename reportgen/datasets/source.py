"""What is known of a data set before it is read: its files, its split, its licence, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets.dataset import Binarize, Dataset, Part, from_levels
from reportgen.datasets.files import File, root
from reportgen.errors import DataError, MissingDataError

Parts = tuple[Part, Part]
"""Training and test part."""


class Unreadable(Exception):
    """Files that do not hold the data set; the message says what is wrong, without their names."""


@dataclass(frozen=True)
class Layout:
    """One of the forms in which a data set's files come."""

    files: tuple[File, ...]
    read: Callable[[Sequence[Path]], Parts]
    """Reads the parts from paths of `files`, in that order; raises an exception for what it cannot read.
    The paths need not have the files' suffixes."""

    @property
    def published(self) -> bool:
        """Whether every file has an address."""
        return all(file.addresses for file in self.files)

    @property
    def absent(self) -> list[File]:
        """Files that are not on this machine."""
        return [file for file in self.files if not file.here]


@dataclass(frozen=True)
class Source:
    """A data set that a declaration can name."""

    name: str
    title: str
    """Its name where a report introduces it."""
    called: str
    """Its name inside a sentence: test images of …"""
    about: str
    """One line for lists."""
    shape: tuple[int, int]
    """Height and width of an image."""
    counts: tuple[int, int]
    """Numbers of training and test images."""
    highest: int
    """The grey level that is white, if levels are integers."""
    binarize: Binarize
    citation: str
    licence: str
    split: str
    """How the images were divided, as a sentence."""
    caution: str = ""
    """See `Dataset`."""
    layouts: tuple[Layout, ...] = ()
    """The first layout whose files are all there is read."""
    built_in: Callable[[], Parts] | None = None
    """Reads a data set that comes with another package, and that has no files of its own."""

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self.wanted.files[0].place.parent if self.layouts else root()

    @property
    def most(self) -> int:
        """A size in bytes that no file of it reaches, in any form: two doubles per pixel of every image."""
        return 16 * sum(self.counts) * self.shape[0] * self.shape[1]

    @property
    def command(self) -> str:
        """The command that fetches it."""
        return f"reportgen data fetch {self.name}"

    @property
    def wanted(self) -> Layout:
        """The layout to ask for: one of which there are files, else one that is published."""
        return min(
            self.layouts, key=lambda layout: (len(layout.absent) == len(layout.files), not layout.published)
        )

    def load(self) -> Dataset:
        """The images, from verified files. Raises MissingDataError if they are not here, else DataError."""
        if self.built_in is not None:
            return self.dataset(self.built_in())
        layout = self.present()
        self.verify(layout)
        paths = [file.place for file in layout.files]
        try:
            return self.read(layout, paths)
        except Unreadable as error:
            raise DataError(
                f"data set {self.name}: {' and '.join(map(str, paths))} {error}. "
                f"Delete what is wrong, then run `{self.command}`."
            ) from error

    def verify(self, layout: Layout) -> None:
        """Raises DataError if a file of this layout is known not to be the right one."""
        for file in layout.files:
            if fault := file.fault():
                raise DataError(f"data set {self.name}: {fault}. Delete it, then run `{self.command}`.")

    def present(self) -> Layout:
        """The layout that is here. Raises MissingDataError if none is complete."""
        for layout in self.layouts:
            if not layout.absent:
                return layout
        names = " and ".join(file.name for file in self.wanted.absent)
        raise MissingDataError(
            f"data set {self.name}: needs {names} in {self.folder}, not there. Run `{self.command}`, "
            f"or set REPORTGEN_DATA to the folder that holds {self.folder.name}/.",
            self.name,
        )

    def read(self, layout: Layout, paths: Sequence[Path]) -> Dataset:
        """The images in these files. Raises Unreadable if they hold anything else.

        Raises DataError if they need more memory than there is: for their size, or for a damaged length.
        """
        try:
            return self.dataset(layout.read(paths))
        except MemoryError as error:
            raise DataError(
                f"data set {self.name}: {' and '.join(map(str, paths))} cannot be held in memory "
                f"({str(error) or 'there is too little'}). Free some memory, or delete what is wrong and run "
                f"`{self.command}`."
            ) from error
        except Exception as error:  # libraries raise all kinds for a damaged file
            said = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
            raise Unreadable(f"cannot be read as {self.title}: {said}") from error

    def dataset(self, parts: Parts) -> Dataset:
        """The data set of these images. Raises DataError if shape or grey levels are not as they must be."""
        for part, images, count in zip(parts, ("training images", "test images"), self.counts, strict=True):
            self._check(part, images, count)
        return from_levels(
            self.name, self.title, *parts, highest=self.highest, shape=self.shape, binarize=self.binarize,
            citation=self.citation, split=self.split, caution=self.caution,
        )  # fmt: skip

    def _check(self, part: NDArray[np.generic], images: str, count: int) -> None:
        wanted = (count, self.shape[0] * self.shape[1])
        if part.shape != wanted:
            raise DataError(f"needs {images} of shape {wanted}, found {part.shape}")
        highest = self.highest if part.dtype == np.uint8 else 1
        values = np.asarray(part, dtype=np.float32)
        lowest, largest = float(values.min()), float(values.max())
        if not 0 <= lowest <= largest <= highest:
            raise DataError(
                f"needs {images} with grey levels from 0 to {highest}, found {lowest:g} to {largest:g}"
            )
        if lowest == largest:
            raise DataError(f"needs {images} with more than one grey level, found {lowest:g} alone")
