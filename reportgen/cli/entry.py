"""The program: its commands, how it starts, and how it ends."""

from __future__ import annotations

import atexit
import errno
import gc
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Annotated

import typer

from reportgen import __version__
from reportgen.cli import commands, experiments
from reportgen.cli.data import app as data
from reportgen.cli.interruption import NOTHING_DONE
from reportgen.cli.printing import complain, lasting_output
from reportgen.cli.verify import verify
from reportgen.errors import ReportgenError, UsageError

INTERRUPTED, DEFECT = 130, 70
REFUSED = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.EPERM)
"""Errors of the system that mean that a path in the command cannot be used, wherever they are raised."""
TOO_MANY = (errno.EMFILE, errno.ENFILE)
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals by which a person, a batch system, a container or a closed terminal ends a program."""
REPEATS = 2.0
"""Seconds within which a second signal counts as the same request: `timeout` sends two."""
NOT_OURS = ("MPLBACKEND", "SOURCE_DATE_EPOCH")
"""Variables that packages read when imported, and raise if they are invalid; no report depends on them."""

app = typer.Typer(
    add_completion=False,
    context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Measure how noisy gradient estimators are, as declared in YAML, and write reports that show it.",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script: run a command, print errors as one line each, exit."""
    atexit.register(gc.freeze)  # at exit Python would collect cycles, and the memory is freed anyway
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # no warning of a cache it cannot write
    for name in NOT_OURS:
        os.environ.pop(name, None)
    with lasting_output() as lost, _heeding_endings():
        code = _run(arguments)
        if why := lost():
            told = (
                f"standard output: cannot be written ({why}). Make room, send it elsewhere, or use --quiet."
            )
            code = complain(told, UsageError.exit_code)
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = app(args=None if arguments is None else list(arguments), standalone_mode=False)
    except ReportgenError as error:
        return complain(str(error), error.exit_code)
    except typer.TyperException as error:
        code = complain(_usage(error), UsageError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:
        if told := _fault_of_the_machine(error):
            return complain(told, UsageError.exit_code)
        traceback.print_exc()
        code = DEFECT
    if code == INTERRUPTED:
        complain(f"interrupted; {NOTHING_DONE}", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _fault_of_the_machine(error: Exception) -> str:
    """One line for an error that is the machine's and could not be checked before; empty for any other."""
    if isinstance(error, OSError) and error.errno in REFUSED and error.filename:
        return f"{error.filename}: cannot be used ({error.strerror}). Name another place."
    if isinstance(error, OSError) and error.errno in TOO_MANY:
        return (
            "open files: more are needed than this machine allows. Allow more (`ulimit -n 1024`), "
            "or use fewer --jobs."
        )
    if isinstance(error, MemoryError):
        return (
            "memory: there is too little. Allow more (`ulimit -v`, the container's limit), "
            "or use fewer --jobs."
        )
    if isinstance(error, ImportError) and not str(error.name or "").startswith("reportgen"):
        found = " ".join(str(error).split())
        return f"a package does not load ({found}). `reportgen doctor` says what this machine lacks."
    return ""


class _Ended(KeyboardInterrupt):
    """A subclass: once a plain KeyboardInterrupt has left `exec`, Python ends by SIGINT, not by our code."""


@contextmanager
def _heeding_endings() -> Iterator[None]:
    """Treats every signal of `ENDINGS` as Ctrl-C, except those that the caller ignores (`nohup`)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = -REPEATS

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        before, asked = asked, monotonic()
        if asked - before > REPEATS:
            raise _Ended

    heeded = {number: signal.getsignal(number) for number in ENDINGS}
    heeded = {number: found for number, found in heeded.items() if found is not signal.SIG_IGN}
    try:
        for number in heeded:
            signal.signal(number, end)
        yield
    finally:
        for number, found in heeded.items():
            signal.signal(number, found)


@app.callback(invoke_without_command=True)
def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(f"reportgen {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)


app.command()(experiments.report)
app.command()(experiments.run)
app.command()(experiments.render)
app.command()(commands.compare)
app.command()(commands.figures)
app.command()(experiments.check)
app.command("list")(commands.list_)
app.command()(commands.doctor)
app.command()(commands.schema)
app.command()(commands.init)
app.command()(verify)
app.add_typer(data, name="data")


def _usage(error: typer.TyperException) -> str:
    message = getattr(error, "format_message", lambda: str(error))()
    words: list[str] = []
    context = getattr(error, "ctx", None)
    while context is not None and context.parent is not None:  # the outermost names however Python was called
        words.insert(0, str(context.info_name))
        context = context.parent
    message = message.rstrip(".") + ("" if message.rstrip(".").endswith("?") else ".")
    return f"{message} See `{' '.join(['reportgen', *words])} --help`." if message else ""
