"""The code that an experiment names, as it was when its cells got their keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from inspect import Signature
from pathlib import Path

from reportgen.errors import CellError, UsageError
from reportgen.usercode.reference import Reference
from reportgen.usercode.signature import read_signature
from reportgen.usercode.source import Source, locate


@dataclass(frozen=True)
class UserCode:
    """All that a worker needs to run it; sent along with a cell, but not part of its key or record."""

    folder: Path
    """Absolute folder to which files are relative, usually that of the declaration."""
    digests: Mapping[str, str]
    """Reference → SHA-256 of its file, or of all files if it imports others beside it."""

    @classmethod
    def read(cls, references: Iterable[str], folder: Path) -> UserCode:
        """Reads files and runs nothing. Raises UsageError if one is missing."""
        return cls(folder.resolve(), {text: digest(_source(text, folder)) for text in references})

    def source(self, text: str) -> Source:
        """The code of a reference, unchanged since its digest was taken. Raises CellError otherwise."""
        try:
            source = _source(text, self.folder)
            same = digest(source) == self.digests.get(text)
        except UsageError as error:
            raise CellError(
                f"{text}: must stay as it is while the experiment runs, found none. Run again."
            ) from error
        if not same:
            raise CellError(f"{text}: must stay as it is while the experiment runs, was changed. Run again.")
        return source

    def signature(self, text: str) -> Signature | None:
        """The signature of the function of a reference; None if it cannot be told by reading alone."""
        reference = Reference.parse(text)
        assert reference is not None
        return read_signature(reference, self.source(text))


def digest(source: Source) -> str:
    """SHA-256 of a single file; for several, of the list of digests and names that sha256sum prints."""
    files = source.files
    sums = {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    if len(files) == 1:
        return sums[files[0]]
    names = {file: _name(file, source.root) for file in files}
    listed = "".join(f"{sums[file]}  {names[file]}\n" for file in sorted(files, key=names.__getitem__))
    return hashlib.sha256(listed.encode()).hexdigest()


def _source(text: str, folder: Path) -> Source:
    reference = Reference.parse(text)
    if reference is None:
        raise UsageError(f"must be file.py:name or package.module:name, got {text!r}.")
    return locate(reference, folder)


def _name(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
