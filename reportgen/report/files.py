"""Files of a document, put in their place so that none is ever seen half done."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from reportgen.errors import UnwritableError
from reportgen.store.files import abandoned, process_tag

STAGING = ".report-"
"""How the name of a folder begins in which files wait for their place."""


def write(folder: Path, files: Mapping[str, bytes], *, replacing: Sequence[str] = ()) -> None:
    """Puts every file in its place at once, by renaming; what else the patterns `replacing` match goes.

    Raises UnwritableError where the folder refuses, and then leaves older files as they are. What a killed
    process left on its way there goes too. The last file comes last of all: where it stands, the others do,
    and nothing does that should have gone.
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
                if (
                    place.parent != folder and place.parent.is_symlink()
                ):  # what it leads to is not ours to clear
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
    """Removes what killed processes left there on its way."""
    for left in filter(abandoned, folder.glob(f"{STAGING}*")):
        shutil.rmtree(left, ignore_errors=True)
