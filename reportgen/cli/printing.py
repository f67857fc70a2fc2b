"""How the commands print: lines for people, JSON for programs, errors of one line each."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from typing import Any, TextIO, cast

import typer

UNSEEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What steers a terminal instead of being read, or begins a line: text out of a file may hold it."""


class _Lasting:
    """A stream that outlives its reader: what is written once the pipe is closed goes nowhere.

    So does what cannot be written for another reason, a full disk, say; `lost` is then why.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.lost = error.strerror or str(error)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def lasting_output() -> Iterator[Callable[[], str]]:
    """A reader who has read enough (`| head`) ends neither the work nor changes the exit code.

    Nor does a stream that was closed from the start, or one of few letters: those it lacks are spelt out.
    Yields what says, at the end, why standard output could not be written; empty where it was.
    """
    before = sys.stdout, sys.stderr
    with ExitStack() as opened:
        _occupy()
        streams = [stream or opened.enter_context(open(os.devnull, "w")) for stream in before]
        for stream in streams:
            if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
                stream.reconfigure(errors="backslashreplace")
        out, error = (_Lasting(stream) for stream in streams)

        def lost() -> str:
            out.flush()
            return out.lost

        sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, error)
        try:
            yield lost
        finally:
            sys.stdout, sys.stderr = before


def _occupy() -> None:
    """Descriptors 0 to 2, where they are closed: no file of the store is to be taken for a terminal."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free, this one


def print_lines(lines: Iterable[str]) -> None:
    """To standard output."""
    for line in lines:
        typer.echo(readable(line))


def print_json(value: Any) -> None:
    """To standard output, indented, letters as they are where they can be."""
    letters = str(getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    typer.echo(json.dumps(value, ensure_ascii=letters != "utf8", indent=2))


def complain(message: str, code: int) -> int:
    """To standard error, each line as an error; the exit code is handed back."""
    for line in message.splitlines():
        print(f"error: {readable(line)}", file=sys.stderr)
    return code


def readable(text: str) -> str:
    """With what steers a terminal spelt out."""
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)
