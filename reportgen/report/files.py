"""Writes the files of a document so that none is ever seen incomplete."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from reportgen.errors import UnwritableError
from reportgen.store.files import abandoned, process_tag

STAGING = ".report-"
"""Prefix of the name of a folder in which files are staged."""


def write(folder: Path, files: Mapping[str, bytes], *, replacing: Sequence[str] = ()) -> None:
    """Writes all files, then moves each into place by renaming; removes other files that `replacing` matches.

    Raises UnwritableError if the folder is not writable, and then leaves older files unchanged. Whatever a
    killed process left staged there is removed too. The last file is moved last of all: once it is there, so
    are the others, and obsolete files are gone.
    """
    place = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clear(folder)
        staging = folder / f"{STAGING}{process_tag()}"
        try:
            staging.mkdir()
            for name, content in files.items():
                path, place = staging / name, folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            for name in files:
                place = folder / name
                if place.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                if place.parent != folder and place.parent.is_symlink():  # its target is not ours to clear
                    place = place.parent
                    raise OSError(errno.ELOOP, "is a link, must be a folder")
            for name in [*files][:-1]:
                place = folder / name
                place.parent.mkdir(exist_ok=True)
                os.replace(staging / name, place)
            for place in (path for pattern in replacing for path in folder.glob(pattern)):
                if place.relative_to(folder).as_posix() not in files:
                    place.unlink(missing_ok=True)  # another call may write the same report
            for name in [*files][-1:]:
                place = folder / name
                place.parent.mkdir(exist_ok=True)
                os.replace(staging / name, place)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise UnwritableError.of(place, error) from error


def clear(folder: Path) -> None:
    """Removes what killed processes left staged there."""
    for left in filter(abandoned, folder.glob(f"{STAGING}*")):
        shutil.rmtree(left, ignore_errors=True)
