"""The program: its commands, how it starts, and how it ends."""

from __future__ import annotations

import errno
import logging
import sys
import traceback
from collections.abc import Sequence
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
"""What the system says of a path that a person should not have named, wherever we come upon it."""

app = typer.Typer(
    add_completion=False,
    context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="How noisy is this gradient estimator, really, and can I show it?",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry of the console script: run a command, print errors as one line each, exit."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # of a cache it cannot write, nobody need know
    with lasting_output() as lost:
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
        if isinstance(error, OSError) and error.errno in REFUSED and error.filename:
            told = f"{error.filename}: cannot be used ({error.strerror}). Name another place."
            return complain(told, UsageError.exit_code)
        traceback.print_exc()
        code = DEFECT
    if code == INTERRUPTED:
        complain(f"interrupted; {NOTHING_DONE}", INTERRUPTED)
    return code if isinstance(code, int) else 0


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
    while context is not None and context.parent is not None:  # the outermost is however Python was called
        words.insert(0, str(context.info_name))
        context = context.parent
    message = message.rstrip(".") + ("" if message.rstrip(".").endswith("?") else ".")
    return f"{message} `{' '.join(['reportgen', *words])} --help` shows what there is." if message else ""
