"""What the commands take: arguments and options, each with one name and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Names = Annotated[
    list[str] | None, typer.Argument(metavar="EXPERIMENT…", help="A declaration's file, or a gallery name.")
]
Gallery = Annotated[bool, typer.Option("--gallery", help="Every experiment of the gallery.")]
Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="A declaration's file, or a gallery name.")]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="Where reports and the store go.")]
Paper = Annotated[str, typer.Option("--paper", metavar="SIZE", help="What the PDF is set for: a4 or letter.")]
Unused = Annotated[
    Path, typer.Option("--output", metavar="DIR", help="Taken as by every command; nothing goes there.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Write a JUnit file for CI: a suite an experiment."),
]
Old = Annotated[
    Path, typer.Argument(metavar="OLD", help="A report's folder, its results.csv, or a folder of reports.")
]
New = Annotated[Path, typer.Argument(metavar="NEW", help="The same, of the run to be judged.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a setting, such as measure.precision=5%; repeatable."
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Root of every random number.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", help="Workers; as many as cores if left out.")
]
ExecutorName = Annotated[str, typer.Option("--executor", metavar="NAME", help="processes or serial.")]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="Where models are trained and judged: cpu or cuda.")
]
Budget = Annotated[
    str | None,
    typer.Option("--budget", metavar="TIME", help="Stop after so long, 2h or 30m; the next run goes on."),
]
AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        help="Run the Python code that declarations name; nothing of it is run without.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure again what is stored.")]

OUTPUT = Path("output")
"""Where reports and the store go unless told otherwise."""
