"""A file on its way: what has come of it lies beside its place, under the same name with .part."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from reportgen.datasets.files import File, require_file, sha256
from reportgen.errors import DataError


@dataclass(frozen=True)
class Origin:
    """Where the bytes in a part came from."""

    address: str
    validator: str
    """What the server named this version of the file by, so that another one is not appended to it."""


@dataclass
class Partial:
    """The part of a file that has come, locked against other processes."""

    file: File
    most: int
    """Bytes that the file surely has not."""
    handle: FileIO

    @property
    def path(self) -> Path:
        """Where it lies."""
        return _part(self.file)

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return os.fstat(self.handle.fileno()).st_size

    def append(self, chunk: bytes) -> None:
        """Write at the end, whole. DataError where the disk refuses."""
        left = memoryview(chunk)
        try:
            while left:
                left = left[self.handle.write(left) :]
        except OSError as error:
            raise unwritable(self.path, error) from error

    def restart(self) -> None:
        """Forget what has come."""
        self.handle.truncate(0)
        _origin(self.file).unlink(missing_ok=True)

    def require_space(self, total: int) -> None:
        """DataError where the disk cannot take the rest of `total` bytes."""
        free = shutil.disk_usage(self.path.parent).free
        if total - self.size > free:
            raise DataError(
                f"{self.path}: cannot be written: {megabytes(total - self.size)} are to come, "
                f"{megabytes(free)} are free. Free some space, or set REPORTGEN_DATA to another folder."
            )

    @property
    def origin(self) -> Origin | None:
        """Where its bytes came from; None where that is not known."""
        try:
            return Origin(**json.loads(_origin(self.file).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def came_from(self, origin: Origin) -> None:
        """Note where the bytes come from that are about to be written."""
        try:
            _origin(self.file).write_text(json.dumps(vars(origin)), encoding="utf-8")
        except OSError as error:
            raise unwritable(_origin(self.file), error) from error

    @property
    def complete(self) -> bool:
        """Whether it is known to be the whole file."""
        return bool(self.file.expected) and self.size > 0 and sha256(self.path) == self.file.expected

    def install(self) -> None:
        """Move it into place; where its SHA-256 was not known, that is recorded first."""
        try:
            if not self.file.expected:
                record = _origin(self.file)  # no longer needed; so the record too is whole or not there
                record.write_text(f"{sha256(self.path)}  {self.file.name}\n", encoding="ascii")
                os.replace(record, self.file.record)
            os.replace(self.path, self.file.place)
        except OSError as error:
            raise unwritable(self.file.place, error) from error
        _origin(self.file).unlink(missing_ok=True)


@contextmanager
def partial(file: File, most: int) -> Iterator[Partial]:
    """The part of `file`, less than `most` bytes, for this process alone; an empty one is gone after it.

    Raises DataError where its folder cannot be written, or another process is fetching it.
    """
    path = _part(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for place in filter(Path.exists, (path, _origin(file))):
            _require_file(place)
        handle = FileIO(path, "ab")
    except OSError as error:
        raise unwritable(path, error) from error
    with handle:
        if not _locked(handle, path):
            raise DataError(f"{path}: another process is fetching this file. Wait for it to end.")
        part = Partial(file, most, handle)
        try:
            yield part
        finally:
            with suppress(OSError):
                if path.exists() and part.size == 0:
                    path.unlink()
                    _origin(file).unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> DataError:
    """The error for a place that refuses to be written."""
    return DataError(
        f"{path}: cannot be written ({error.strerror or error}). "
        "Free some space, or set REPORTGEN_DATA to another folder."
    )


def _part(file: File) -> Path:
    return file.place.with_name(f"{file.name}.part")


def _origin(file: File) -> Path:
    return file.place.with_name(f"{file.name}.part.json")


def _locked(handle: FileIO, path: Path) -> bool:
    """Whether this process now has the file to itself, and it still lies under its name."""
    try:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except OSError:
        return False


def _require_file(path: Path) -> None:
    try:
        require_file(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be resumed ({error.strerror}). Delete it.") from error


def megabytes(count: int) -> str:
    """For people: ``9.9 MB``."""
    return f"{count / 1e6:.1f} MB"
