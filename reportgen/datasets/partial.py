"""A file that is being fetched: what has arrived is kept beside its final place, as NAME.part."""

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
    """The server's name for this version of the file, so that no other version is appended to it."""


@dataclass
class Partial:
    """The part of a file that has arrived, locked against other processes."""

    file: File
    most: int
    """A number of bytes that the file cannot have."""
    handle: FileIO

    @property
    def path(self) -> Path:
        """Where the part is kept."""
        return _part(self.file)

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return os.fstat(self.handle.fileno()).st_size

    def append(self, chunk: bytes) -> None:
        """Appends the whole chunk. Raises DataError if the disk refuses."""
        left = memoryview(chunk)
        try:
            while left:
                left = left[self.handle.write(left) :]
        except OSError as error:
            raise unwritable(self.path, error) from error

    def restart(self) -> None:
        """Discards what has arrived."""
        self.handle.truncate(0)
        _origin(self.file).unlink(missing_ok=True)

    def require_space(self, total: int) -> None:
        """Raises DataError if the disk cannot hold the rest of `total` bytes."""
        free = shutil.disk_usage(self.path.parent).free
        if total - self.size > free:
            raise DataError(
                f"{self.path}: cannot be written: {megabytes(total - self.size)} are to come, "
                f"{megabytes(free)} are free. Free some space, or set REPORTGEN_DATA to another folder."
            )

    @property
    def origin(self) -> Origin | None:
        """Where its bytes came from; None if not known."""
        try:
            return Origin(**json.loads(_origin(self.file).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def came_from(self, origin: Origin) -> None:
        """Records where the bytes to be written next come from."""
        try:
            _origin(self.file).write_text(json.dumps(vars(origin)), encoding="utf-8")
        except OSError as error:
            raise unwritable(_origin(self.file), error) from error

    @property
    def complete(self) -> bool:
        """Whether it is known to be the whole file."""
        return bool(self.file.expected) and self.size > 0 and sha256(self.path) == self.file.expected

    def install(self) -> None:
        """Moves it into its final place; if its SHA-256 was not known, records that first."""
        try:
            if not self.file.expected:
                record = _origin(self.file)  # no longer needed; by renaming it the record is whole or absent
                record.write_text(f"{sha256(self.path)}  {self.file.name}\n", encoding="ascii")
                os.replace(record, self.file.record)
            os.replace(self.path, self.file.place)
        except OSError as error:
            raise unwritable(self.file.place, error) from error
        _origin(self.file).unlink(missing_ok=True)


@contextmanager
def partial(file: File, most: int) -> Iterator[Partial]:
    """The part of `file`, of less than `most` bytes, for this process alone; deleted afterwards if empty.

    Raises DataError if its folder cannot be written, or another process is fetching it.
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
    """The error for a path that cannot be written."""
    return DataError(
        f"{path}: cannot be written ({error.strerror or error}). "
        "Free some space, or set REPORTGEN_DATA to another folder."
    )


def _part(file: File) -> Path:
    return file.place.with_name(f"{file.name}.part")


def _origin(file: File) -> Path:
    return file.place.with_name(f"{file.name}.part.json")


def _locked(handle: FileIO, path: Path) -> bool:
    """Whether this process now has the file to itself, and it still has its name."""
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
