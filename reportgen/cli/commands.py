"""The commands that run no experiment: compare, figures, list, doctor, schema, init."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from reportgen.cli.options import OUTPUT, Json, Junit, New, Old, Output, Quiet, Unused
from reportgen.cli.printing import complain, print_json, print_lines
from reportgen.errors import UsageError


def compare(
    old: Old,
    new: New,
    output: Unused = OUTPUT,
    junit: Junit = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Say what drifted between two finished runs, beyond their noise.

    Given two folders of reports, compare every report that is in both.
    """
    from reportgen.cli.answers import drift_lines, drift_together, junit_suites
    from reportgen.cli.answers.junit import require_file, write

    require_file(junit)
    together = drift_together.compare(old, new)
    if together is not None:
        answer, lines = drift_together.answer(together), drift_together.lines(together)
        exit_code, suites = together.exit_code, junit_suites.of_folders(together)
        for name, cause in together.damaged.items():
            complain(f"{name}: {cause}", exit_code)
    else:
        found = drift_lines.compare(old, new)
        answer, lines, exit_code = drift_lines.answer(found), drift_lines.lines(found), found.exit_code
        suites = [junit_suites.of_comparison(found)]
    write(junit, suites)
    if as_json:
        print_json(answer)
    elif not quiet:
        print_lines(lines)
    return exit_code


def figures(
    report: Annotated[Path, typer.Argument(metavar="REPORT", help="A report's folder.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIGURE…", help="Names of its figures, such as work; by default all."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Where they go; by default beside the report's own."),
    ] = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a report's figures as PDF, for a paper to include."""
    from reportgen.report import figure_sheets
    from reportgen.report.figure_sheets import FOLDER
    from reportgen.report.files import write

    folder = report / FOLDER if output is None else output
    sheets = {f"{name}.pdf": sheet for name, sheet in figure_sheets(report, names or ()).items()}
    write(folder, sheets)
    if as_json:
        print_json([str(folder / name) for name in sheets])
    elif not quiet:
        print_lines(str(folder / name) for name in sheets)


def list_(output: Unused = OUTPUT, quiet: Quiet = False, as_json: Json = False) -> None:
    """List what can be named, and which estimators apply where."""
    from reportgen.cli.answers.matrix import lines, pairs
    from reportgen.cli.answers.tables import aligned, folded, listing

    kinds, found = listing(), pairs()
    if as_json:
        print_json({**kinds, "applicability": [pair.plain() for pair in found]})
    elif not quiet:
        for number, (kind, rows) in enumerate(kinds.items()):
            typer.echo(("\n" if number else "") + kind)
            print_lines(folded(f"  {line}" for line in aligned(rows)))
        typer.echo("\nestimators × problems, each with its default settings")
        print_lines(folded(f"  {line}" for line in lines(found)))


def doctor(output: Output = OUTPUT, quiet: Quiet = False, as_json: Json = False) -> int:
    """Say what is present, what is missing, and how to fix it."""
    from reportgen.doctor import examine

    checks = examine(output)
    if as_json:
        print_json([asdict(item) for item in checks])
    elif not quiet:
        for item in checks:
            typer.echo(str(item))
    return 0 if all(item.ok for item in checks) else UsageError.exit_code


def schema(output: Unused = OUTPUT, quiet: Quiet = False) -> None:
    """Print the JSON Schema of a declaration, for editors."""
    from reportgen.declaration import json_schema

    if not quiet:
        print_json(json_schema())


def init(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the experiment; writes NAME.yaml.")] = (
        "my-experiment"
    ),
    own: Annotated[
        str | None,
        typer.Option(
            "--own",
            metavar="KIND",
            help="gradients, model or estimator: also write NAME.py, for Python code of your own.",
        ),
    ] = None,
    output: Unused = OUTPUT,
    quiet: Quiet = False,
) -> None:
    """Write a first experiment to start from."""
    from reportgen.declaration import first_experiment

    path = Path(name.removesuffix(".yaml"))
    files = {path.parent / file: text for file, text in first_experiment(path.name, own).items()}
    for file in files:
        if file.exists():
            raise UsageError(f"{file}: already exists. Choose another name, or delete it.")
    begun: list[Path] = []
    for file, text in files.items():
        try:
            with open(file, "x", encoding="utf-8") as opened:
                begun.append(file)
                opened.write(text)
        except OSError as error:
            for one in begun:
                one.unlink()
            raise UsageError(
                f"{file}: cannot be written ({error.strerror}). Choose another folder."
            ) from None
    if not quiet:
        *code, declaration = files
        written = f"wrote {' and '.join(map(str, files))}"
        typer.echo(f"{written}. Next: reportgen report {declaration}{' --allow-code' if code else ''}")
