"""Writing so that a file is either whole or absent, and knowing later that it is whole."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from contextlib import suppress
from pathlib import Path
from time import time

from reportgen.errors import UnwritableError

OLD = 24 * 3600.0
"""Seconds after which unfinished work of another host counts as abandoned: writing it takes seconds."""


def checksum(content: bytes) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path` by a file with this content; a reader never sees a part of it.

    This holds if the process is killed. It does not wait for the disk: what a
    power cut leaves incomplete is found by its checksum. Two writers of the same
    path do not disturb each other: the last one wins. Raises UnwritableError if
    the system refuses.
    """
    part = path.with_name(f".{path.name}.{process_tag()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise UnwritableError.of(path, error) from error


def process_tag() -> str:
    """A unique name for unfinished work, from which `abandoned` can tell whose it is: process and host."""
    return f"{uuid.uuid4().hex[:12]}.{_host()}.{os.getpid()}.part"


def abandoned(path: Path) -> bool:
    """Whether a path named with `process_tag` was left by a process that is gone.

    Whether a process of another host still runs cannot be seen: what it left
    counts as abandoned when it has not changed for `OLD` seconds.
    """
    pieces = path.name.split(".")
    if len(pieces) < 3 or pieces[-1] != "part" or not pieces[-2].isdigit():
        return False
    if pieces[-3] == _host():
        return not _alive(pieces[-2])
    try:
        return time() - path.stat().st_mtime > OLD
    except OSError:  # finished since
        return False


def _host() -> str:
    """This host's name, in characters that a part of a file name may have."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", os.uname().nodename)


def _alive(process: str) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        pass
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:  # a system without /proc
        return True
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")
