"""`reportgen compare` of two output folders: the reports that both hold, and those that one alone holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.cli import drift_lines
from reportgen.cli.drift_lines import Comparison
from reportgen.errors import UsageError
from reportgen.findings.finished import RESULTS, reports_in

WORST_FIRST = (4, 1, 0)


@dataclass(frozen=True)
class Together:
    """Two output folders, report by report."""

    found: tuple[Comparison, ...]
    """Of the reports in both."""
    vanished: tuple[Path, ...]
    """Reports of OLD that NEW has none of that name for."""
    added: tuple[Path, ...]
    """Reports of NEW alone."""

    @property
    def exit_code(self) -> int:
        """The worst of all; a report that vanished counts as a drift."""
        codes = {*(one.exit_code for one in self.found), *([1] if self.vanished else [])}
        return next((code for code in WORST_FIRST if code in codes), 0)


def compare(old: Path, new: Path) -> Together | None:
    """None where one of the two is a report itself.

    UsageError where one is a folder of reports and the other holds none, or a report is damaged.
    """
    before, after = reports_in(old), reports_in(new)
    if not (before and after):
        reports, other = (old, new) if before else (new, old)
        if not (before or after) or other.is_file() or (other / RESULTS).is_file():
            return None
        found = "holds none" if other.exists() else "there is nothing"
        raise UsageError(
            f"{other}: must be a folder of reports, as {reports} is, but {found}. Correct the path, or make "
            f"them with `reportgen report --output {other}`."
        )
    return Together(
        tuple(drift_lines.compare(before[name], after[name]) for name in before if name in after),
        tuple(folder for name, folder in before.items() if name not in after),
        tuple(folder for name, folder in after.items() if name not in before),
    )


def lines(together: Together) -> Iterable[str]:
    """One report after the other, and at the end how many of them there are of which kind."""
    for one in together.found:
        yield from drift_lines.lines(one)
    alone = {"vanished": together.vanished, "new": together.added}
    for status, folders in alone.items():
        yield from (f"{folder.name}: {status}, only {folder} is there" for folder in folders)
    drifted = sum(one.exit_code != 0 for one in together.found)
    told = [f"reports compared: {len(together.found)}", f"drifted: {drifted}"]
    yield ", ".join([*told, *(f"{status}: {len(folders)}" for status, folders in alone.items() if folders)])


def answer(together: Together) -> dict[str, Any]:
    """For programs."""
    return {
        "exit_code": together.exit_code,
        "experiments": [drift_lines.answer(one) for one in together.found],
        "vanished": [str(folder) for folder in together.vanished],
        "added": [str(folder) for folder in together.added],
    }
