"""How the commands print: lines for people, JSON for programs, errors of one line each."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

import typer


class _Lasting:
    """A stream that outlives its reader: what is written once the pipe is closed goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._go_on()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._go_on()

    def _go_on(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


@contextmanager
def lasting_output() -> Iterator[None]:
    """A reader who has read enough (`| head`) ends neither the work nor changes the exit code."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _Lasting(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def print_lines(lines: Iterable[str]) -> None:
    """To standard output."""
    for line in lines:
        typer.echo(line)


def print_json(value: Any) -> None:
    """To standard output, indented, letters as they are."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def complain(message: str, code: int) -> int:
    """To standard error, each line as an error; the exit code is handed back."""
    for line in message.splitlines():
        print(f"error: {line}", file=sys.stderr)
    return code
