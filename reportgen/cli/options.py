"""What the commands take: arguments and options, each with one name and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Names = Annotated[
    list[str] | None, typer.Argument(metavar="EXPERIMENT…", help="A declaration file, or a gallery name.")
]
Gallery = Annotated[bool, typer.Option("--gallery", help="All experiments of the gallery.")]
Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="A declaration file, or a gallery name.")]
Output = Annotated[Path, typer.Option("--output", metavar="DIR", help="Where reports and the store go.")]
Paper = Annotated[str, typer.Option("--paper", metavar="SIZE", help="Paper size of the PDF: a4 or letter.")]
Unused = Annotated[
    Path, typer.Option("--output", metavar="DIR", help="Accepted by every command; not used by this one.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print only errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Write a JUnit file for CI, one suite per experiment."),
]
Old = Annotated[
    Path, typer.Argument(metavar="OLD", help="A report's folder, its results.csv, or a folder of reports.")
]
New = Annotated[Path, typer.Argument(metavar="NEW", help="The same, for the run to be judged.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a setting, such as measure.precision=5%; repeatable."
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of all random numbers.")]
Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", help="Number of workers; by default the number of cores.")
]
ExecutorName = Annotated[
    str, typer.Option("--executor", metavar="NAME", help="How cells are run: processes or serial.")
]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="Where models are trained and judged: cpu or cuda.")
]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget", metavar="TIME", help="Stop after this time, such as 2h or 30m; the next run continues."
    ),
]
AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        help="Run the Python code that declarations name; without this, none of it is run.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Measure again what is already stored.")]

OUTPUT = Path("output")
"""Where reports and the store go unless told otherwise."""
