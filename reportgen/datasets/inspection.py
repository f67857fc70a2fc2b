"""What lies on this machine of a data set, and whether it is as it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.datasets.files import Known
from reportgen.datasets.source import Layout, Source
from reportgen.errors import DataError, MissingDataError

State = Literal["built in", "here", "absent", "damaged"]


@dataclass(frozen=True)
class FoundFile:
    """One file, as it lies there."""

    path: str
    bytes: int
    sha256: str
    known: Known
    """Where the SHA-256 that it was held against comes from; what is not known was not held against any."""


@dataclass(frozen=True)
class Found:
    """One data set, as it is on this machine."""

    source: Source
    state: State
    files: tuple[FoundFile, ...] = ()
    digest: str = ""
    """Of the images; empty where they were not read."""
    fault: str = ""
    """What is missing or damaged, the place and the remedy, one line."""


def inspect(source: Source, *, contents: bool = True) -> Found:
    """Look at a data set, with `contents` at its images too. Missing and damaged files raise no error."""
    try:
        if source.built_in is not None:
            return Found(source, "built in", digest=source.load().digest if contents else "")
        layout = source.present()
        if not contents:
            source.verify(layout)
            return Found(source, "here", _files(layout))
        return Found(source, "here", _files(layout), source.load().digest)
    except MissingDataError as error:
        return _absent(source, error)
    except DataError as error:
        return Found(source, "damaged", fault=str(error))


def _absent(source: Source, error: MissingDataError) -> Found:
    """Of files that are not here; damaged all the same where what was recorded of one cannot be read."""
    try:
        for file in source.wanted.files:
            _ = file.expected
    except DataError as damage:
        return Found(source, "damaged", fault=str(damage))
    return Found(source, "absent", fault=str(error))


def _files(layout: Layout) -> tuple[FoundFile, ...]:
    return tuple(
        FoundFile(str(file.place), file.place.stat().st_size, file.found(), file.known)
        for file in layout.files
    )
