"""A data set's files: where they are on this machine, and how it is known that they are whole."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reportgen.errors import DataError, UsageError

Known = Literal["published", "first fetch", "not known"]
"""Where the SHA-256 that a file must have comes from."""
CHUNK = 2**18
"""Bytes read at a time."""


def root() -> Path:
    """The folder of all data sets: $REPORTGEN_DATA, else reportgen's own in the user's data directory.

    Raises UsageError if that is in the home folder of a user who does not exist.
    """
    declared = os.environ.get("REPORTGEN_DATA")
    folder = declared or f"{os.environ.get('XDG_DATA_HOME') or '~/.local/share'}/reportgen"
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise UsageError(
            f"{folder}: there is no such home folder. Set REPORTGEN_DATA to the folder of the data sets."
        ) from error


@dataclass(frozen=True)
class File:
    """One file of a data set."""

    path: str
    """Its path under `root()`: ``mnist/train-images-idx3-ubyte.gz``."""
    sha256: str = ""
    """That of the file as it was published (hex); empty if not known. The first fetch then records that
    of the file it got, in another file beside it, and from then on the file must have that one."""
    addresses: tuple[str, ...] = ()
    """Where it is published, to be tried in turn; empty if it is not."""

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return self.path.rpartition("/")[2]

    @property
    def place(self) -> Path:
        """Where it is on this machine, if it is there."""
        return root() / self.path

    @property
    def record(self) -> Path:
        """Where the first fetch records the SHA-256 it got, in the format of ``sha256sum --check``."""
        return self.place.with_name(f"{self.name}.sha256")

    @property
    def known(self) -> Known:
        """How the SHA-256 that it must have is known."""
        if self.sha256:
            return "published"
        return "first fetch" if self.expected else "not known"

    @property
    def expected(self) -> str:
        """The SHA-256 that it must have (hex), published or recorded; empty if neither."""
        if self.sha256:
            return self.sha256
        try:
            require_file(self.record)
            words = self.record.read_text(encoding="ascii").split()
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except (OSError, ValueError) as error:
            raise DataError(f"{self.record}: cannot be read ({error}). Delete it.") from error
        if not words or len(words[0]) != 64:
            raise DataError(f"{self.record}: must start with a SHA-256 of 64 digits. Delete it.")
        return words[0]

    @property
    def here(self) -> bool:
        """Whether there is something under its name. Raises DataError if that cannot be found out."""
        try:
            self.place.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self.unreadable(error) from error
        return True

    def found(self) -> str:
        """SHA-256 (hex) of what is there."""
        try:
            return sha256(self.place)
        except OSError as error:
            raise self.unreadable(error) from error

    def fault(self) -> str:
        """What is wrong with what is there; empty if it is not known to be another file."""
        found = self.found()
        if not self.expected or found == self.expected:
            return ""
        return (
            f"{self.place} must have SHA-256 {self.expected[:12]}…{self.reason}, found {found[:12]}… "
            f"({self.place.stat().st_size} bytes): damaged or another file"
        )

    @property
    def reason(self) -> str:
        """Words after a SHA-256 that say where it comes from, if it was not published."""
        return "" if self.sha256 else f" as {self.record.name} recorded at the first fetch"

    def unreadable(self, error: OSError) -> DataError:
        """The error for a file that is there but cannot be read."""
        return DataError(
            f"{self.place}: cannot be read ({error.strerror or error}). Make it readable, or delete it and "
            "fetch it again."
        )


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file of any size."""
    require_file(path)
    digest = hashlib.sha256()
    with open(path, "rb") as content:
        while chunk := content.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def require_file(path: Path) -> None:
    """Raises OSError if a pipe, a socket or a device is at `path`: opening or reading it may never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        kind = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
        raise OSError(errno.EINVAL, f"a {kind} is in its place")
