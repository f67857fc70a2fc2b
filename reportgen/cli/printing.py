"""How the commands print: lines for people, JSON for programs, errors of one line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import typer


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
