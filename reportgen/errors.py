"""Every error that a person at the keyboard can cause.

Each message is one line: the place, what is required, what was found, the
remedy. The command line prints it and exits with the error's `exit_code`;
anything that is not a `ReportgenError` is a defect of ours and shows its
traceback.
"""

from __future__ import annotations

import errno
from pathlib import Path


class ReportgenError(Exception):
    """Base of all errors that are answered with one line and an exit code."""

    exit_code = 2


class DeclarationError(ReportgenError):
    """A declaration is wrong; the message starts with ``file:line``."""


class UsageError(ReportgenError):
    """A command or call asks for something that does not exist or cannot be done."""


class NotReparameterizableError(UsageError):
    """A derivative was asked for through the samples of a family that cannot be reparameterized."""


class DataError(ReportgenError):
    """A data set is missing or damaged."""


class MissingDataError(DataError):
    """A data set's files are not on this machine; `dataset` is its name."""

    def __init__(self, message: str, dataset: str = "") -> None:
        super().__init__(message)
        self.dataset = dataset


class MissingRequirementError(ReportgenError):
    """A program, library or font that the job needs is missing."""


class StoreError(ReportgenError):
    """A stored cell is missing or damaged, or the store cannot be written."""

    exit_code = 4


class UnwritableError(StoreError):
    """The output folder cannot be written: the path is at fault, not a cell."""

    exit_code = 2

    @classmethod
    def of(cls, place: Path, error: OSError) -> UnwritableError:
        """The error for an OSError at a path; if the disk is full, it also says to free some space."""
        room = "Free some space or choose" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Choose"
        reason = error.strerror or error
        return cls(f"{place}: cannot be written ({reason}). {room} another folder with --output.")


class CellError(ReportgenError):
    """A cell could not be trained or measured, for example because the loss diverged.

    It is recorded with its cause; the other cells go on.
    """

    exit_code = 4


class PausedError(ReportgenError):
    """A cell ran out of time; its progress is kept, and the next run continues from there."""

    exit_code = 3


class StoppedError(ReportgenError):
    """The command was interrupted; the message says what is kept."""

    exit_code = 130


class RenderError(ReportgenError):
    """A report would come out incomplete: a missing image, glyph or formula."""

    exit_code = 4
