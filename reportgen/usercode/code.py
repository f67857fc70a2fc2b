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
    """Everything a worker needs to run it; it travels with a cell, and never into a key or a record."""

    folder: Path
    """That of the declaration, absolute: where relative files begin."""
    digests: Mapping[str, str]
    """Reference → SHA-256 of its file, or of all of them where it imports from beside it."""

    @classmethod
    def read(cls, references: Iterable[str], folder: Path) -> UserCode:
        """Reads files and runs nothing. Raises UsageError where one is missing."""
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
        """What the function of a reference takes; None where reading alone does not tell."""
        reference = Reference.parse(text)
        assert reference is not None
        return read_signature(reference, self.source(text))


def digest(source: Source) -> str:
    """SHA-256 of the one file; of several, of a list of their digests and names, as sha256sum prints it."""
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
