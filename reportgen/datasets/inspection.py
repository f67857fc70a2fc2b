"""What there is of a data set on this machine, and whether it is as it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.datasets.files import Known
from reportgen.datasets.source import Layout, Source
from reportgen.errors import DataError, MissingDataError

State = Literal["built in", "here", "absent", "damaged"]


@dataclass(frozen=True)
class FoundFile:
    """One file, as it is there."""

    path: str
    bytes: int
    sha256: str
    known: Known
    """Where the SHA-256 that it was compared with comes from; if that is not known, it was not compared."""


@dataclass(frozen=True)
class Found:
    """One data set, as it is on this machine."""

    source: Source
    state: State
    files: tuple[FoundFile, ...] = ()
    digest: str = ""
    """Digest of the images; empty if they were not read."""
    fault: str = ""
    """What is missing or damaged, where, and the remedy, in one line."""


def inspect(source: Source, *, contents: bool = True) -> Found:
    """Inspects a data set, with `contents` also its images. Missing and damaged files raise no error."""
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
    """For files that are not here: absent, or damaged if what was recorded of one cannot be read."""
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
