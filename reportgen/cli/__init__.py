"""The command line: commands, what they share, and what a person sees while they run.

Nothing else in the project prints or exits.
"""

from __future__ import annotations

from reportgen.cli.entry import main

__all__ = ["main"]
