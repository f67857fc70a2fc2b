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
"""Characters that steer a terminal, change its direction or break a line; text from a file may hold them."""


class _Lasting:
    """A stream that outlives its reader: what is written after the pipe was closed is discarded.

    So is what cannot be written for another reason, such as a full disk; `lost` then says why.
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
    """Inside it, a reader that stops early (`| head`) neither ends the work nor changes the exit code.

    Nor does a stream that was closed from the start, or one whose encoding lacks characters, which are
    escaped. Yields a function that says, at the end, why standard output could not be written; empty if
    it could.
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
    """Opens descriptors 0 to 2 if they are closed, so that no file of the store becomes one of them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor: this one


def print_lines(lines: Iterable[str]) -> None:
    """Prints lines to standard output."""
    for line in lines:
        typer.echo(readable(line))


def print_json(value: Any) -> None:
    """Prints indented JSON to standard output, letters unescaped if its encoding is UTF-8."""
    letters = str(getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    typer.echo(json.dumps(value, ensure_ascii=letters != "utf8", indent=2))


def complain(message: str, code: int) -> int:
    """Prints each line to standard error as an error; returns the exit code."""
    for line in message.splitlines():
        print(f"error: {readable(line)}", file=sys.stderr)
    return code


def readable(text: str) -> str:
    """The text with characters that steer a terminal escaped."""
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)
