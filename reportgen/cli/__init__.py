"""The command line: commands, what they share, and what a person sees while they run.

Nothing else in the project prints or exits.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script.

    A package that does not load is reported here: Python's own exit code would be 1, that of a claim that
    came out contrary to its declaration.
    """
    try:
        from reportgen.cli.entry import main as start
    except ImportError as error:
        if str(error.name or "").startswith("reportgen"):
            raise
        found = " ".join(str(error).split())
        print(
            f"error: reportgen: a package does not load ({found}). Install reportgen again.", file=sys.stderr
        )
        sys.exit(2)
    except KeyboardInterrupt:
        print("error: interrupted; nothing was changed.", file=sys.stderr)
        sys.exit(130)
    start(arguments)
