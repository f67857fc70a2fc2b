"""`reportgen data`: lists, fetches and verifies data sets."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reportgen.cli.interruption import leaving
from reportgen.cli.options import OUTPUT, Json, Quiet, Unused
from reportgen.cli.printing import complain, print_json, print_lines
from reportgen.errors import UsageError

if TYPE_CHECKING:
    from reportgen.datasets import Source
    from reportgen.datasets.fetching import Fetched
    from reportgen.datasets.files import File
    from reportgen.datasets.inspection import Found

Names = Annotated[
    list[str], typer.Argument(metavar="NAME…", help="Data sets, as `reportgen data list` names them.")
]
SomeNames = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME…]", help="Data sets; by default all on this machine.")
]
From = Annotated[
    str,
    typer.Option(
        "--from", metavar="DIR_OR_URL", help="Take the files from this folder, file or address instead."
    ),
]

AGAINST = {
    "published": "SHA-256 as published",
    "first fetch": "SHA-256 as recorded at the first fetch",
    "not known": "no SHA-256 is known; shapes and grey levels are in order",
}
"""What a file was checked against."""

app = typer.Typer(
    context_settings={"max_content_width": 110, "help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _data(context: typer.Context) -> None:
    """List, fetch and verify data sets."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(UsageError.exit_code)


@app.command("list")
def list_(output: Unused = OUTPUT, quiet: Quiet = False, as_json: Json = False) -> None:
    """List all data sets: location, images, licence and citation."""
    from reportgen.datasets import DATASETS
    from reportgen.datasets.inspection import inspect

    found = [inspect(source) for source in DATASETS.values()]
    if as_json:
        print_json([row(item) for item in found])
    elif not quiet:
        for number, item in enumerate(found):
            print_lines([*([""] if number else []), *described(item)])


@app.command()
@leaving("what was downloaded is kept. Run the same command to continue.")
def fetch(
    names: Names,
    origin: From = "",
    output: Unused = OUTPUT,
    quiet: Quiet = False,
    as_json: Json = False,
) -> int:
    """Download data sets, or resume an interrupted download."""
    from reportgen.cli.live.transfers import transfers
    from reportgen.datasets.fetching import fetch as fetch_files
    from reportgen.datasets.inspection import inspect

    sources = _named(names)
    for source in sources:
        with transfers(source.name, quiet=quiet) as tell:
            fetched = fetch_files(source, origin, tell)
        if not quiet and not as_json:
            print_lines(brought(source, fetched))
    if as_json:
        print_json([row(inspect(source)) for source in sources])
    return 0


@app.command()
def verify(
    names: SomeNames = None, output: Unused = OUTPUT, quiet: Quiet = False, as_json: Json = False
) -> int:
    """Check the files against their SHA-256, and read them."""
    from reportgen.datasets import DATASETS
    from reportgen.datasets.inspection import inspect

    found = [inspect(source) for source in (_named(names) if names else DATASETS.values())]
    if as_json:
        print_json([row(item) for item in found])
    faults = [item.fault for item in found if item.state == "damaged" or (names and item.state == "absent")]
    for item in found:
        if not quiet and not as_json and item.fault not in faults:
            print_lines(verified(item))
    for fault in faults:
        complain(fault, UsageError.exit_code)
    return UsageError.exit_code if faults else 0


def row(found: Found) -> dict[str, Any]:
    """All that is known of a data set, for programs."""
    from dataclasses import asdict

    from reportgen.report.text.bibliography import reference

    source, cited = found.source, reference(found.source.citation)
    return {
        "name": source.name,
        "title": source.title,
        "state": found.state,
        "folder": str(source.folder) if source.layouts else None,
        "files": [asdict(file) for file in found.files],
        "train": source.counts[0],
        "test": source.counts[1],
        "shape": list(source.shape),
        "digest": found.digest or None,
        "binarize": source.binarize,
        "split": source.split,
        "caution": source.caution or None,
        "licence": source.licence,
        "citation": f"{cited.authors} ({cited.year}). {cited.title}. {cited.venue}. {cited.link}",
        "fault": found.fault or None,
    }


def described(found: Found) -> Iterator[str]:
    """The same for people."""
    from reportgen.report.text.bibliography import reference

    source, cited = found.source, reference(found.source.citation)
    train, test = source.counts
    yield f"{source.name}: {found.state}. {source.title}"
    facts = {
        "files": "inside another package" if not source.layouts else _files(found),
        "images": f"{train:,} for training, {test:,} for testing, "
        + ("binary" if source.binarize == "fixed" else "binarized at each draw"),
        "digest": found.digest or "not read",
        "split": source.split,
        "caution": source.caution,
        "licence": source.licence,
        "cite": f"{cited.brief} ({cited.year}), {cited.linked}",
    }
    for fact, text in facts.items():
        if text:
            yield from textwrap.wrap(
                f"  {fact:<9}{text}",
                100,
                subsequent_indent=" " * 11,
                break_long_words=False,
                break_on_hyphens=False,
            )


def brought(source: Source, fetched: Fetched) -> Iterator[str]:
    """How a fetch ended, for people."""
    data = fetched.dataset
    where = f" in {source.folder}" if fetched.files else ": inside another package, nothing to fetch"
    yield (
        f"{source.name}: {fetched.state}{where}; {len(data.train):,} + {len(data.test):,} images, "
        f"digest {data.digest[:12]}"
    )
    if fetched.state == "fetched":
        for file in source.present().files:
            if file.known == "first fetch":
                yield f"  {file.name}: no SHA-256 was known; {file.record.name} records this one"
    if source.caution:
        yield from textwrap.wrap(f"  caution: {source.caution}", 100, subsequent_indent="  ")


def verified(found: Found) -> Iterator[str]:
    """Which files were checked against what, for people."""
    name = found.source.name
    if found.state == "absent":
        yield f"{name}: not here"
    else:
        yield f"{name}: in order, digest {found.digest[:12]}"
        yield from (f"  {file.path}: {file.sha256[:12]}…, {AGAINST[file.known]}" for file in found.files)


def _files(found: Found) -> str:
    """Where the files are or would be, and how each is known to be whole."""
    source = found.source
    if found.state == "absent":
        names = ", ".join(_promise(file) for file in source.wanted.files)
        return f"not in {source.folder}: {names}. `{source.command}` downloads what is missing."
    if found.state == "damaged":
        return found.fault
    names = ", ".join(f"{Path(file.path).name} ({AGAINST[file.known]})" for file in found.files)
    return f"in {source.folder}: {names}"


def _promise(file: File) -> str:
    """A file that is not here yet, and how it will be checked."""
    known = (
        "must be as recorded at the first fetch" if file.expected else "the first fetch records its SHA-256"
    )
    return f"{file.name} ({'its SHA-256 is published' if file.sha256 else known})"


def _named(names: Sequence[str]) -> list[Source]:
    """The data sets of these names. Raises UsageError for a name that is not in the table."""
    from reportgen.datasets import DATASETS

    for name in names:
        if name not in DATASETS:
            raise UsageError(f"no data set is called {name!r}. Use one of: {', '.join(DATASETS)}.")
    return [DATASETS[name] for name in dict.fromkeys(names)]
