"""The command line: commands, what they share, and what a person sees while they run.

Nothing else in the project prints or exits.
"""

from __future__ import annotations

from reportgen.cli.commands import app, main
from reportgen.cli.data import app as data
from reportgen.cli.verify import verify

app.command()(verify)
app.add_typer(data, name="data")

__all__ = ["main"]
